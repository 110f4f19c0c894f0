"""What a model may have done on this box: the seam of a tool, the registry, the policy and the one place that executes.

It must not know which model asks or how the answer reaches a person; a tool that drives a part lives beside that part.
"""
