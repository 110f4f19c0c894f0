"""Timers, alarms and reminders: durable rows, local time that survives daylight saving, and the tools that set them.

It must not know who speaks when something is due, nor how: the scheduler takes what is due and marks it as spoken.
"""
