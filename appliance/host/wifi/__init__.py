"""The radios of a box: networks they hear and join, through the service that owns them.

It must not know what is decided about them.
"""
