"""A hand-over without a connection: what both of its ends do, one after the other."""

from __future__ import annotations

from collections.abc import Sequence

from appliance.engine.cache.envelope import Blob, Refusal, seal
from appliance.engine.cache.handover import checked_key, export, prove, take_in
from appliance.engine.cache.store import PrefixStore
from appliance.engine.cache.transfer import States


def pack(
    store: PrefixStore, states: States, sequence: int, tokens: Sequence[int], key: bytes
) -> tuple[bytes, Blob, bytes] | None:
    """Return head, blob and sum of a state, to send in order; None: there is nothing to send."""
    exported = export(store, states, sequence, tokens)
    return None if exported is None else seal(*exported, checked_key(key))


def accept(store: PrefixStore, data: Blob, key: bytes) -> int | Refusal:
    """Take a state of another box into the store; return how many tokens it has."""
    opened = prove(data, key, bytes.fromhex(store.fingerprint))
    return opened if isinstance(opened, Refusal) else take_in(store, opened)
