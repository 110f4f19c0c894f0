"""The process that publishes: through avahi where it runs, else by itself with python-zeroconf.

Exactly one of both at a time: two responders on one machine have fought over names for hours elsewhere.
"""
