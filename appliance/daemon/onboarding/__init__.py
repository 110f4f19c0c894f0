"""The set-up of this box, wired: the flow decides, and what it decides is done to configuration, models and doors.

It knows no words and no order of steps.
"""
