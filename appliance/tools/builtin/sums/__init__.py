"""Sums as people write and say them: tokens, exact and bounded arithmetic, numbers for people.

It must not know of tools.
"""
