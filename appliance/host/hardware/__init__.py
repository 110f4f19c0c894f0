"""What a board has beside a computer: a light, a button, a disk that counts its own wear. Its data name them.

It must not know what they are used for, and does nothing on a machine without them.
"""
