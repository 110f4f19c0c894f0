"""Parameters and results of every method that this gateway answers, one file per noun.

Shapes only, as protocol-compatible values: what a method does is the business of the gateway's handlers.
"""
