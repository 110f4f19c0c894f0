"""Small concepts that every floor may use: errors, clock, ids, backoff, paths, atomic files, tasks.

Rule of entry: one concept, standard library only, used on two floors or more. Nothing here knows the product.
"""
