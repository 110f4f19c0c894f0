"""Words of a unit file, as systemd reads them back (systemd.syntax(7))."""

from __future__ import annotations


def setting(text: str) -> str:
    """Return a word of a setting such as Environment=; a percent sign would begin a specifier."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    return f'"{escaped}"'


def argument(text: str) -> str:
    """Return a word of a command line, where a dollar sign begins a variable too (systemd.service(5))."""
    return setting(text).replace("$", "$$")
