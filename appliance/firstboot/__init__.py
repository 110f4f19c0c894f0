"""A box that was just written to its disk: settings from the card, a name, an owner, a network.

What is read and what follows from it is decided without touching anything; thin parts write it below a root path. It
must not know the gateway: that one reads what is left here.
"""
