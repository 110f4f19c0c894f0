"""What a model is good for: thirty small questions through the real engine, judged without another model.

It knows an engine client and files, nothing of sessions and tools of the box: the tools of the probes are its own.
"""
