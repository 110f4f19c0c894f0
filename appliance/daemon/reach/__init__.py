"""How this box is reached and by whom: trust, nodes, discovery and pages, built and wired for one gateway.

It only builds and connects; it decides nothing.
"""
