"""The composition root: reads the configuration, builds the services in order, runs them and takes them down.

The only place that knows all parts. Nothing imports it but `__main__`.
"""
