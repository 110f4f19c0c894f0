"""The native side: llama.cpp through the low-level bindings, behind a few small classes with checked results.

Only the engine thread may call it. It must not know requests, sockets or conversations. Importing `library` loads
native code, so nothing outside the engine process may import it.
"""
