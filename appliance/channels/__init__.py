"""Message channels: who may write to the assistant through them, and what is held until the owner said so.

It must not know agents or sockets of the gateway; a channel asks here before it hands a message on.
"""
