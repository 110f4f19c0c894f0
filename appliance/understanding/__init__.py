"""homarus-mini at run time: a request in words becomes one tool call with exact arguments, or is handed over.

A small language model in the engine process and an n-gram classifier vote on the tool; deterministic parsers turn
the words into arguments. It must not know providers, tools, sessions or the wire.
"""
