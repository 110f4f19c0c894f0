"""The one configuration file: what can be set, how it is read, checked, shown without its secrets and changed.

It must not know who uses an option; a section is a frozen value that its part is handed.
"""
