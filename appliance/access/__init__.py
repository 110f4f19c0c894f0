"""Who may do what: scopes, shared secrets, and locks after failed attempts.

Decisions only, with time as an argument; it must not know sockets or where devices are stored.
"""
