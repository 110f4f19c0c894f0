"""French fillers: numbers, times, days, measures, things and what keyboards make of them.

They know nothing of tools, models or the program that answers.
"""
