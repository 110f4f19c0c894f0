"""`homarus update`: what it asks and what it prints. With a gateway it asks that; without one root reads the records.

It installs nothing: the box does that by itself once it was asked.
"""
