"""Whether the version that runs works: the gateway is asked as a person would ask it, then the slot is marked good.

It talks to the gateway over its control socket alone. It must not open the database nor know a model's insides.
"""
