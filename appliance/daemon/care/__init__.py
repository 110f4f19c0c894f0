"""What a gateway does for the box it lives on: looks after its health, takes copies, rehearses the return to one.

It must not know surfaces: what it finds are conditions, and what it is asked comes through callables.
"""
