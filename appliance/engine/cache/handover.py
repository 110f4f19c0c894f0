"""One sequence from box to box: packed under a key of the connection, taken in as if it had been saved here.

The receiving side trusts nobody: what is not whole, signed and of this very model never comes near native code.
"""

from __future__ import annotations

from collections.abc import Sequence

from appliance.engine.cache.envelope import MAX_TOKENS, Blob, Header, Opened, Refusal, pack_tokens, unseal
from appliance.engine.cache.store import PrefixStore
from appliance.engine.cache.transfer import States

KEY_BYTES = 32


def export(store: PrefixStore, states: States, sequence: int, tokens: Sequence[int]) -> tuple[Header, Blob] | None:
    """Return header and blob of the state of `tokens`, which are exactly those in `sequence`, to be sealed anywhere.

    Only this text travels: a stored piece may hold the rest of somebody else's. None: the model is still being
    hashed (or nothing is kept in files, so it never is), or there is nothing to send. In the engine thread.
    """
    fingerprint = bytes.fromhex(store.fingerprint)
    if not fingerprint or not 0 < len(tokens) <= MAX_TOKENS:
        return None
    blob = states.export(sequence)
    return Header(fingerprint, pack_tokens(tokens), 0, len(tokens), len(blob)), blob


def prove(data: Blob, key: bytes, fingerprint: bytes) -> Opened | Refusal:
    """Return what an envelope of another box holds when nothing speaks against it. In any thread."""
    if not fingerprint:
        return Refusal.FINGERPRINT
    opened = unseal(data, checked_key(key), fingerprint)
    if isinstance(opened, Opened) and opened.header.start:  # a piece without its beginning continues nothing
        return Refusal.BOUNDS
    return opened


def take_in(store: PrefixStore, opened: Opened) -> int | Refusal:
    """Keep what `prove` returned; return how many tokens it has. In the engine thread.

    It is found by the next request that begins with them. The blob is kept, not copied, and must not change.
    """
    taken = store.put(opened.tokens, 0, opened.blob, foreign=True)
    return len(opened.tokens) if taken else Refusal.ROOM


def worth(*, state_bytes: int, link_bytes_s: float, tokens: int, prefill_tokens_s: float) -> bool:
    """Return whether a state should travel: faster over this link than reading the text again there.

    A link or rate that was not measured (0) is no reason to send megabytes. Tokens always travel.
    """
    if link_bytes_s <= 0 or prefill_tokens_s <= 0:
        return False
    return state_bytes / link_bytes_s < tokens / prefill_tokens_s


def checked_key(key: bytes) -> bytes:
    """Return the key. Raises ValueError where it has another length than KEY_BYTES."""
    # BLAKE2b with an empty key is no signature at all
    if len(key) != KEY_BYTES:
        raise ValueError(f"the key of a connection has {KEY_BYTES} bytes")
    return key
