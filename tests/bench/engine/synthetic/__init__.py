"""The models that are measured: published shapes with random weights, made on the spot."""
