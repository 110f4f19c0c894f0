"""The server side of the wire: sockets, handshake, method table, broadcast and the HTTP surface on one port.

It decodes, checks rights, calls and encodes. It must not hold the logic of what is asked of it.
"""
