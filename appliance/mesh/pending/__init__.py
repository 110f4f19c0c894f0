"""What waits for nodes that sleep, in the database and in memory.

It must not know how a node is reached: a node fetches what waits for it when it wakes.
"""
