"""The client of the gateway: for the command line, later for the mesh, and for tests.

It speaks the same frames as every OpenClaw client and knows nothing of what a method means. `connection` needs the
WebSocket stack; `once` asks the gateway of this machine without it.
"""
