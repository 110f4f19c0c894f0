"""What `homarus backup` does with sealed files: whom they are for, making them, and opening them again.

It reads files of a state directory that the gateway copied for it, and must not open the database while one runs.
"""
