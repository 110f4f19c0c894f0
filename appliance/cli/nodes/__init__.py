"""Nodes as people read them in a terminal: rows, requests, and which one is meant.

Pure: it asks no gateway.
"""
