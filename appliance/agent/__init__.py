"""Runs one turn of a conversation: assemble, infer, run tools, stream, hand over what is to be stored.

What happens next is decided by a pure state machine (`turn`); `loop` does the waiting. It knows no channel,
no queue and no wire.
"""
