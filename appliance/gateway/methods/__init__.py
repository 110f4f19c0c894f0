"""Handlers of the wire methods, one file per noun: each decodes nothing itself, asks one or two services, encodes.

No decision about sessions, models or files is made here; what is shared by several nouns has a file of its own.
"""
