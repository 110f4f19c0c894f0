"""From conversations to prompts and from generated text to answers: templates, grammars, tool calls, streams.

Pure: it must not know llama.cpp, sockets or threads.
"""
