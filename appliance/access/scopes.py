"""What a scope includes (protocol.md 5.2, 6). The one place that says so: capabilities only shrink."""

from __future__ import annotations

from collections.abc import Iterable

from appliance.protocol.roles import ADMIN, PAIRING, READ, SCOPES, SESSIONS_READ, SESSIONS_WRITE, TALK, WRITE

_INCLUDES = {
    WRITE: frozenset({WRITE, READ, TALK, SESSIONS_READ, SESSIONS_WRITE}),
    READ: frozenset({READ, SESSIONS_READ}),
    SESSIONS_WRITE: frozenset({SESSIONS_WRITE, SESSIONS_READ}),
}


def expand(scopes: Iterable[str]) -> frozenset[str]:
    """Return everything that `scopes` allow: admin is all of operator, write is read and talk as well."""
    allowed: set[str] = set()
    for scope in scopes:
        if scope == ADMIN:
            return SCOPES
        allowed |= _INCLUDES.get(scope, frozenset({scope}))
    return frozenset(allowed)


def known(scopes: Iterable[str]) -> tuple[str, ...]:
    """Return the scopes that exist, in the order given, each once. An unknown scope gives no right and is dropped."""
    return tuple(dict.fromkeys(scope for scope in scopes if scope in SCOPES))


def normalise(scopes: Iterable[str]) -> tuple[str, ...]:
    """Return scopes as they are stored: admin adds read and write, write adds read, sorted (protocol.md 5.2)."""
    kept = set(known(scopes))
    if ADMIN in kept:
        kept |= {READ, WRITE}
    if WRITE in kept:
        kept.add(READ)
    return tuple(sorted(kept))


def covers(granted: Iterable[str], wanted: Iterable[str]) -> bool:
    """Tell whether every wanted scope is allowed by the granted ones."""
    return set(wanted) <= expand(granted)


def narrowed(granted: Iterable[str], wanted: Iterable[str]) -> tuple[str, ...]:
    """Return the wanted scopes that the granted ones allow: never more than either."""
    allowed = expand(granted)
    return tuple(scope for scope in known(wanted) if scope in allowed)


def under_header(scopes: Iterable[str], header: str | None) -> tuple[str, ...]:
    """Return what the header `x-openclaw-scopes` leaves: a proxy narrows with it whom it lets through (4.2)."""
    if header is None:
        return tuple(scopes)
    return narrowed((one.strip() for one in header.split(",")), scopes)


def limited(scopes: Iterable[str]) -> tuple[str, ...]:
    """Return what is left of `scopes` on a link that others can read: nothing that could make somebody an owner.

    Admin loses only what makes it admin; a client that asked for it still reads and writes.
    """
    return tuple(scope for scope in normalise(scopes) if scope not in (ADMIN, PAIRING))
