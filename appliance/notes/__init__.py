"""Notes and named lists of a conversation: durable rows, search, and the tools that write and read them.

It must not know who reads them out; each session has its own, because a session is a permission boundary.
"""
