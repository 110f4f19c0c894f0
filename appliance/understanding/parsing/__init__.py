"""What the parsers of all languages share: a walk over a sentence, days, lengths of time, sums and figures.

Deterministic and pure: today is an argument. It must not know the words of any one language.
"""
