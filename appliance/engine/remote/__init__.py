"""The engine for paired boxes of the same network: mutual TLS, states handed over, each box in a space of its own.

It must not know how boxes are paired or configured: certificates and the names of files are handed in.
"""
