"""One request by itself: what its prompt is in tokens, what bounds its answer, how tokens become frames.

It must not know batches, the cache or other requests.
"""
