"""Model services behind HTTP: one transport, one provider, and one module per wire format.

A module of a wire format only turns values into JSON and events into values; it knows no socket. Each is
imported when the first provider of its family is made.
"""
