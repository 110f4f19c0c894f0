"""The grammar of session keys. Pure.

A key is a boundary of context and permission, so two different conversations must never share one.
"""

from __future__ import annotations
