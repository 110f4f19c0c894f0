"""Homarus: a private assistant in a small box.

The floors of this package are drawn in README.md; an import only goes down.
"""

__version__ = "0.1.0"
