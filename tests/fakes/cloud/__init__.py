"""Model services on a local port that speak the real wire formats, after a script.

`tests/contract/` proves with the vendors' own clients that the formats are right.
"""
