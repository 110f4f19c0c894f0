"""The image on this box: keys that are for development only, and mistakes in the settings of its first start."""

from __future__ import annotations

from collections.abc import Iterator

from appliance.health.condition import Condition, Severity
from appliance.health.look import Look

_BOX = "usr/lib/homarus/box.json"
_FIRST_BOOT = "data/system/first-boot.json"
_MOST = 12


def check_keys(look: Look) -> Iterator[Condition]:
    """Say when the image trusts keys that anybody may have."""
    if look.json(_BOX).get("keys") == "development":
        summary = "This image was built with development keys: whoever has them can make updates that this box trusts."
        fix = "For a box in use build the image with keys of your own (`scripts/image BOARD --keys DIR`)."
        yield Condition("development_keys", "image", Severity.NOTICE, summary, fix)


def check_first_boot(look: Look) -> Iterator[Condition]:
    """Say what in the settings from the flash tool could not be used."""
    mistakes = look.json(_FIRST_BOOT).get("mistakes")
    for mistake in (mistakes if isinstance(mistakes, list) else [])[:_MOST]:
        path, text = _told(mistake)
        summary = f"A setting of the first start could not be used: {text}"
        fix = "Correct it in homarus.toml on the first partition and start the box again, or set it in the app."
        details: dict[str, str | int] = {"reason": text}
        yield Condition("first_boot", path, Severity.NOTICE, summary, fix, details)


def _told(mistake: object) -> tuple[str, str]:
    if isinstance(mistake, dict):
        text = str(mistake.get("message") or mistake.get("text") or mistake.get("summary") or "unknown")
        return str(mistake.get("path") or mistake.get("where") or text[:60]), text[:300]
    return str(mistake)[:60], str(mistake)[:300]
