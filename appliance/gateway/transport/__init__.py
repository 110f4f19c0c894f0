"""Bytes on one port: telling WebSocket from HTTP, WebSocket framing, and the bounded way out.

It knows sockets and RFC 6455; it must not know what a frame means.
"""
