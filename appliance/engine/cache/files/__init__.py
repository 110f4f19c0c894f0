"""The files of the prefix store: one folder, its secret and its lock, and the thread that writes.

It must not know which text continues which: the store decides what is kept and what is looked for.
"""
