"""The image on this box: keys that are for development only, and mistakes in the settings of its first start."""

from __future__ import annotations

from collections.abc import Iterator

from appliance.health.condition import Condition, Severity
from appliance.health.look import Look

_BOX = "usr/lib/homarus/box.json"
_FIRST_BOOT = "data/system/first-boot.json"
_MOST = 12
_ALL = "The page /setup of this box lists all of them: its address in a browser, with /setup at the end."
_AGAIN = "Correct it in homarus.toml on the first partition and start the box again, or set it in the app."


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
        place, problem, fix = _told(mistake)
        summary = f"A setting of the first start could not be used: {place}: {problem}"
        details: dict[str, str | int] = {"place": place, "reason": problem}
        yield Condition("first_boot", place, Severity.NOTICE, summary, f"{fix or _AGAIN} {_ALL}", details)


def _told(mistake: object) -> tuple[str, str, str]:
    """Return place, problem and fix of a row, as appliance.firstboot.report writes it."""
    row = mistake if isinstance(mistake, dict) else {}
    place = " ".join(str(row[name]) for name in ("file", "key") if row.get(name))
    return place[:200] or "settings", str(row.get("problem") or "unknown")[:300], str(row.get("fix") or "")[:300]
