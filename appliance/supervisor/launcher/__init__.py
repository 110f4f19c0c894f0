"""The program that systemd runs for one connection: it starts one child of a short list and says how that ended.

It runs in the child's slice and sandbox and stays beside it, so it imports next to nothing. It must not trust what the
gateway asks for, and knows the children by the names and arguments of its list only.
"""
