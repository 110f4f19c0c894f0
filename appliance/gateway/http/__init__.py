"""The HTTP surface beside the WebSocket: liveness, readiness and the OpenAI-compatible interface.

A route checks the credential, reads a bounded body, asks the same services as the wire methods and encodes.
"""
