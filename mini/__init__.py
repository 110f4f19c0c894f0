"""Makes homarus-mini: phrases, training, export and evaluation. Runs in its own environment, never in the product."""
