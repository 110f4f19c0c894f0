"""The boxes of a search, for people and for programs. What they say of themselves proves nothing; the text says so."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import click

from appliance.discovery.browse import Found

NONE = (
    "No box answers on this network. It may be on another one, or keep silent (discovery.mdns.mode: off, or it listens "
    "on itself only). On the box `homarus pair` shows a code that works without being found."
)
_SHOWN_PIN = 16


def row(one: Found) -> dict[str, object]:
    """Return one box for programs."""
    said = one.advert
    return {
        "instance": one.instance,
        "displayName": said.display_name,
        "host": one.host,
        "urls": list(one.urls),
        "tls": said.tls,
        "tlsSha256": said.fingerprint,
        "tailnetName": said.tailnet_name or None,
    }


def text(found: Sequence[Found]) -> str:
    """Return all boxes for a person; of several with one name each says how it differs."""
    if not found:
        return NONE
    names = Counter(_name(one) for one in found)
    parts = ["\n".join(_lines(one, alone=names[_name(one)] == 1)) for one in found]
    if any(one.advert.fingerprint for one in found):
        parts.append("What a box says of itself proves nothing; the code of its `homarus pair` does.")
    parts.append("To use one from here: `homarus remote pair CODE`; as its node: `homarus node run --pair CODE`.")
    return "\n\n".join(parts[: len(found)]) + "\n\n" + "\n".join(parts[len(found) :])


def _lines(one: Found, *, alone: bool) -> list[str]:
    title = click.style(_name(one), bold=True) + (f"  {one.host}" if one.host else "")
    if not alone and one.instance != _name(one):
        title += f"  ({one.instance})"
    lines = [title, *(f"  {url}" for url in one.urls)]
    if not one.urls:
        lines.append("  no address was told")
    if one.advert.tailnet_name:
        lines.append(f"  in your tailnet: {one.advert.tailnet_name}")
    if one.advert.fingerprint:
        lines.append(f"  certificate {one.advert.fingerprint[:_SHOWN_PIN]}…, as it says")
    elif not one.advert.tls:
        lines.append("  not encrypted: at most limited rights")
    return lines


def _name(one: Found) -> str:
    return one.advert.display_name or one.instance
