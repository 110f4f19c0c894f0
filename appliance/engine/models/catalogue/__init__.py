"""Well-known open models as data: where each file is, what it costs to run and what it may be used for.

A catalogue entry is a hint until the hub has been asked: no hash is written here and sizes are approximate.
"""
