"""Those who are timed: the engine process behind its socket, and llama.cpp's own programs."""
