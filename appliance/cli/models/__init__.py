"""What `homarus models` prints for people. It knows the shape of answers, not where they come from.

The same values go out unchanged with --json.
"""
