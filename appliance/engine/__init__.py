"""The llama.cpp process and the way to talk to it: one native engine behind a Unix socket, many requests in one batch.

It knows model files, token ids and frames. It must not know sessions, tools that run, providers or the gateway.
"""
