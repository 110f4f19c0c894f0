"""Guesses the next tokens of an answer, so that one decode verifies several: look-up in the own text, or a small model.

A guess is only ever compared with what the main model chooses; nothing here may change an answer. How many tokens are
worth guessing follows from what verifying them costs on this box. It knows nothing of batches, requests and sockets.
"""
