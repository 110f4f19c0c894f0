"""Sums as people write and say them: tokens, exact arithmetic with bounds, numbers for people. Knows nothing of tools."""
