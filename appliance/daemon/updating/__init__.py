"""Updates as the gateway sees them: what root wrote down, told as events and conditions, and requests to root.

It must not fetch or install anything: the gateway has no right to.
"""
