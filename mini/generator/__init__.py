"""Makes the phrases that homarus-mini learns from: templates, fillers and noise, all from a seed.

It knows the names of the tools and nothing of models, tokens or the program that answers.
"""
