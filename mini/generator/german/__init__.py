"""What German sentences are filled with: numbers, times, days, measures, tasks, and the noise of German keyboards.

It knows how people write, not what the parsers make of it.
"""
