"""Brings every inbound event to exactly one run: queue modes, lanes, commands, due timers, recovery.

It decides when and where something runs; what a turn does is the agent's business, who may ask the gateway's.
"""
