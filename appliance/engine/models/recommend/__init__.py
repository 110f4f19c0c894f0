"""Which model suits this box: a measurement of a few seconds, and estimates that follow from it.

Nothing is downloaded for it. Only `measure` loads native code, in a process of its own.
"""
