"""The tuner: measures on this box how the engine runs a model best, in a minute, and writes it down as a profile.

`decide`, `search`, `hardware` and `record` load no native code; `bench` and `layer` do, in a process of their own
(`python -m appliance.engine.tuning`). It must not know sockets, requests or who asked for it.
"""
