"""How votes on a sentence's tool become one: joined, bent into a confidence, and a third vote by sentence embeddings.

The third is optional: without the process that makes vectors, or while it is down, the two shipped models vote alone.
It must not know where model files are, who starts processes, or what a tool does.
"""
