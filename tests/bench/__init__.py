"""Speed and memory of the gateway next to a floor of the same run (scripts/bench). It knows the wire and /proc, nothing
of the gateway's inside; no test asserts what it measures.
"""
