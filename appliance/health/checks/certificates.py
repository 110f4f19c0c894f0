"""When the certificate ends that apps have pinned. The gateway renews it by itself; this sees where that fails."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Final

from appliance.health.condition import Condition, Severity
from appliance.health.look import Look, begin_of

_DAY_MS: Final = 86_400_000
_SOON_MS: Final = 7 * _DAY_MS  # the gateway renews weeks before
_FIX = "`homarus security renew-certificate` makes another one; if it fails, `homarus logs` says why."


def check(look: Look) -> Iterator[Condition]:
    """Say when the certificate of the box has ended, ends within a week, or begins in the future."""
    if look.state is None:
        return
    try:
        facts = json.loads(begin_of(look.state / "tls/leaf.json"))
        begins, ends = int(facts["notBeforeMs"]), int(facts["notAfterMs"])
    except (OSError, ValueError, KeyError, TypeError):
        return  # nobody else can connect to this box, so it has none
    if look.now_ms >= ends:
        summary, severity, form = "The certificate of the box has ended: apps refuse it.", Severity.DEGRADED, "ended"
    elif look.now_ms < begins:
        summary = "The certificate of the box begins in the future: the clock is wrong, or was when it was made."
        severity, form = Severity.DEGRADED, "future"
    elif ends - look.now_ms < _SOON_MS:
        days = (ends - look.now_ms) // _DAY_MS
        summary, severity, form = f"The certificate of the box ends in {days} days.", Severity.NOTICE, "soon"
    else:
        return
    yield Condition("certificate", "gateway", severity, summary, _FIX, {"form": form, "endsMs": ends})
