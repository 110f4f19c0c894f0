"""What is said right after a call: corrections ("make it ten") and follow-ups ("and another one for the eggs").

Decided by rules over the last call alone; a sentence that no rule fits is for the models. It must not know sessions.
"""
