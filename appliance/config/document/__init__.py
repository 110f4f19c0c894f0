"""The text of the file: reading JSON5 with positions, naming places in it, changing it without losing a comment.

It must not know which options exist.
"""
