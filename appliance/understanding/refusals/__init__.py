"""What is no wish for a tool however much it sounds like one: said of others, in the past, in quotes, to other devices.

A pattern names the tools that it keeps from being called, per language; models and parsers then hand over. It must not
know votes or arguments.
"""
