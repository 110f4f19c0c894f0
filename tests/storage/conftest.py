from __future__ import annotations

from tests.unit.storage.conftest import clock, open_database

__all__ = ["clock", "open_database"]
