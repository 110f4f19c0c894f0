"""Attention states that need not be computed again: which sequence holds which tokens, in memory and in files.

It must not know requests or sockets.
"""
