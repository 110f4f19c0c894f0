"""Conversations as durable facts: session keys and scope, transcripts, the queue of inbounds, runs and their one end.

It must not know who asks (connections, channels) nor how an answer is made (agents, models).
"""
