"""Which request gets which tokens of which step: plans and admission as pure decisions, one loop that carries them out.

It must not know sockets, files or how a token is chosen from logits.
"""
