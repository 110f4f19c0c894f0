"""The wire protocol as values: frames, events, roles, errors, parameters of methods, and their JSON Schemas.

It knows the shape of what is sent and how large it may be; it must not know sockets, storage or who answers.
"""
