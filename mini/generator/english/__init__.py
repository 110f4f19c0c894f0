"""English times, numbers, measures and things for the templates, and what is said around a wish."""
