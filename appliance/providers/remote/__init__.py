"""Models of paired boxes as providers, and their place in a chain that does not name them.

It must not know configuration or pairing.
"""
