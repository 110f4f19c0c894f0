"""What a gateway does for the box it lives on: looks after its health and rehearses the return to a copy.

It must not know surfaces: what it finds are conditions, and what it is asked comes through callables.
"""
