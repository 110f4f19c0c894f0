"""Pairing in a terminal: devices as text, choosing one by a few letters, codes that a phone can scan, waiting for it.

It shows and asks; every decision is the gateway's.
"""
