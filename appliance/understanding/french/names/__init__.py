"""French names: of rooms, devices and scenes in a wish, of places and days as the tools know them.

Pure tables and patterns; it must not know tools or models.
"""
