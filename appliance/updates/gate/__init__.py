"""Whether the version that runs works: the gateway is asked as a person would ask it, then the slot is marked good.

It talks to the gateway over its control socket and writes nothing of the state. It must not know a model's insides.
"""
