"""Watches an answer token by token: entropy, confidence, repetition; says where it began to go wrong and why.

It reads logits and token ids only. What is done about a verdict is decided elsewhere, and it never sees text.
"""
