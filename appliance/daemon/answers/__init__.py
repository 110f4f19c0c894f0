"""What happens around answers: who may give them, their beginnings read ahead, what each took counted and remembered.

It knows nothing of the wire.
"""
