"""From checked settings to files of the box, and from those to the running system; everything below a root path.

It must not know which file a setting came from, nor read the card.
"""
