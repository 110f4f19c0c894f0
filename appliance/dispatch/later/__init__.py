"""Questions that need a connection while there is none: kept on disk, asked again when it is back.

It decides what is kept and when it is asked again; it knows no model, only whether an address answers.
"""
