"""New software for a box: what a signed channel offers, when it may go in, and what follows the first start of it.

It decides and keeps records; RAUC writes the slots. It must not know the wire, the gateway's objects or a screen.
"""
