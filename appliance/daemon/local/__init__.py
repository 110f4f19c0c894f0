"""Models that run on this box: their processes, their files, and what the catalog is told of them.

It knows nothing of sessions, clients or the wire.
"""
