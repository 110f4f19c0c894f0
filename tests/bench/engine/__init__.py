"""Measures the engine process beside llama.cpp's own programs: same model file, same threads, alternating runs.

It knows the engine by its socket and the peers by their command lines; what needs numpy or llama.cpp runs in
.venv-engine as a process of its own.
"""
