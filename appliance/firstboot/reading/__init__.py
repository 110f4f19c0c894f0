"""From the files on the card to checked settings and named mistakes. Pure: bytes in, values out.

It must not know where anything is written to, nor print a secret.
"""
