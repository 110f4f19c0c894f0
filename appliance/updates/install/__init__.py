"""What root does about updates: look at the channel, let RAUC install, go back. One process per action.

It must not know the gateway; what it has to tell it writes into the records.
"""
