"""Asking a node to do something: one request, one answer, a deadline, and no second time for the same key.

It knows live nodes and their effective commands from the registry; it must not know who asks or on which wire.
"""
