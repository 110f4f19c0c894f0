"""Boxes that were found on the network, as text and as JSON. It searches nothing itself and trusts nothing it shows."""
