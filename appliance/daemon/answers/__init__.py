"""What happens around answers: their beginnings read ahead, and what each took counted and remembered.

It knows nothing of the wire.
"""
