"""Fits window, cache cells and stored states to the memory that the box has left, while the engine runs.

The policy is pure: readings and time in, a target out. It knows neither llama.cpp nor who carries a target out.
"""
