"""The light and the button of a board, as root: what the gateway wants shown, what a person presses.

It must not decide anything: the light shows what it is told, and the button asks for what anybody at the box may do.
"""
