"""Named, append-only, transactional changes of the schema, recorded in the table `migrations`."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import NamedTuple


class Migration(NamedTuple):
    """One change of the schema. `name` is `<unit>:<number>_<what>` and never changes once released."""

    name: str
    change: str | Callable[[sqlite3.Connection], None]
