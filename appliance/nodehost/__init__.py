"""The headless node: what this machine offers to its gateway, and the guard that stands before each command.

It runs in a process of its own on the node. It must not know the gateway's state or code: it speaks the wire alone.
"""
