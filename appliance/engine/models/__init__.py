"""Model files: fetched with resume and checksum, and looked into before they are believed.

Pure Python on purpose: it runs in the gateway too, and must not load native code.
"""
