"""Setup codes: one scanned or pasted text that makes a device trusted, once.

They are made, read and spent here; it must not know sockets, screens or which addresses this box has.
"""
