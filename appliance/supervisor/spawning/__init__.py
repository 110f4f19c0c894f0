"""Two ways to start a child: as a process of ours, or by systemd through a socket, in a slice and a sandbox of its own.

Whoever keeps a child alive sees one shape of both. Nothing here knows what a child does.
"""
