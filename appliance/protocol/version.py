"""Numbers that both sides of the wire must agree on (protocol.md 1, 3)."""

from __future__ import annotations

from typing import Final

PROTOCOL: Final = 4
"""The protocol that this gateway speaks; operators and user interfaces must include it in their range."""

MIN_PROBE_PROTOCOL: Final = 3
"""The oldest protocol that nodes and probes may offer instead (protocol.md, head)."""

PRE_HELLO_MAX_BYTES: Final = 64 * 1024
"""Largest frame of a client that is not yet known. Loopback is no exception: any local program can connect."""

MAX_PAYLOAD_BYTES: Final = 25 * 1024 * 1024
"""Largest frame after hello, advertised as policy.maxPayload."""

MAX_BUFFERED_BYTES: Final = 50 * 1024 * 1024
"""Unsent bytes after which a client counts as slow, advertised as policy.maxBufferedBytes."""

TICK_INTERVAL_MS: Final = 30_000
"""Distance of the `tick` events, advertised as policy.tickIntervalMs."""

HANDSHAKE_TIMEOUT_S: Final = 15.0
"""From the first byte of a connection to hello; then the socket is closed with 1000 and no reason."""

CHALLENGE_CAPABILITIES: Final = ("model-catalog-snapshot",)

CAPABILITIES: Final = ("published-model-catalog",)
"""Advertised in hello. `models list` of the OpenClaw CLI refuses a gateway without this one (protocol.md 3.3)."""
