"""Keeps child processes alive: restart with backoff, crash-loop breaker, last words for the report.

It knows processes and exit codes. It must not know what a child does, and never logs an environment.
"""
