"""French words to exact values: numbers, lengths of time, clock times, days, sums and measures.

Deterministic and pure: the moment and the zone are arguments. It must not know tools or models.
"""
