"""A setup code as a page of text: what to scan, what to paste, what it gives and until when. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo
from typing import Any, Final

from appliance.cli.pairing.qr import drawn, size
from appliance.identity.setup.code import SetupCode, decode

_GIVES: Final = {
    "full": "full access: talk, approve, settings, other devices",
    "limited": "limited access: talk and approve, but no settings and no other devices",
    "node": "a node: the assistant may use what it offers, nobody talks through it",
}
_INDENT: Final = "  "
PHONE: Final = frozenset({"full", "limited"})
"""Kinds of access that a person has: the web app can use them."""


def request(reach: Mapping[str, Any], profile: str | None, url: str | None) -> dict[str, Any]:
    """Return the parameters of device.pair.setupCode. A gateway that only this machine reaches names itself so."""
    params: dict[str, Any] = {}
    if profile is not None and profile != "full":
        params["bootstrapProfile"] = profile
    if url is not None:
        params["publicUrl"] = url
    elif reach.get("loopbackOnly") and reach.get("urls"):
        params["publicUrl"] = reach["urls"][0]
    return params


@dataclass(frozen=True, slots=True)
class PairCode:
    """One code: the answers of device.pair.setupCode and homarus.reach.

    `own_url`: the person named the address. `page_only`: the code is for a browser, no app takes it.
    """

    answer: Mapping[str, Any]
    reach: Mapping[str, Any]
    own_url: bool = False
    page_only: bool = False

    @property
    def code(self) -> SetupCode:
        return decode(self.answer["setupCode"])

    @property
    def link(self) -> str | None:
        """The address that opens the web app with this code in it; None for a node."""
        return self.code.page() if self.answer["access"] in PHONE else None

    def document(self) -> dict[str, Any]:
        """Return what `--json` prints."""
        answer = self.answer
        document = {
            "setupCode": answer["setupCode"],
            "url": answer["gatewayUrl"],
            "expiresAtMs": answer["expiresAtMs"],
            "setupId": answer["setupId"],
            "access": answer["access"],
            "accessDowngraded": bool(answer.get("accessDowngraded")),
            "loopbackOnly": bool(self.reach.get("loopbackOnly")) and not self.own_url,
        }
        if "gatewayUrls" in answer:
            document["urls"] = answer["gatewayUrls"]
        if self.link is not None:
            document["link"] = self.link
        if document["loopbackOnly"] and "openLan" in self.reach:
            document["openLan"] = self.reach["openLan"]
        return document

    def text(self, *, columns: int | None, now_ms: int, zone: tzinfo | None = None) -> str:
        """Return the page. `columns` is the width of a terminal that can draw codes; None draws none."""
        # What is scanned stands last: in a window of 24 lines it is still on the screen.
        parts = [self._typed(), self._meaning(now_ms, zone), *self._notes(), *self._pictures(columns), *self._home()]
        return "\n\n".join(parts)

    def _pictures(self, columns: int | None) -> list[str]:
        """The codes to scan: one for the app, one for a camera."""
        if columns is None or self.link is None:
            return []
        parts = []
        if not self.page_only:
            fitting = [one for one in (self.answer["setupCode"], self._shorter()) if size(one)[0] <= columns]
            wider = f"Make this window {size(self._shorter())[0]} columns wide to see the code for the app."
            parts.append(f"Or scan this with the app on the phone:\n\n{drawn(fitting[0])}" if fitting else wider)
        if size(self.link)[0] <= columns:
            title = "Or scan this with the camera of a phone; it opens the web app of this box:"
            parts.append(f"{title}\n\n{drawn(self.link)}")
        return parts

    def _shorter(self) -> str:
        """The code with its first address only: fewer squares, for a narrow window."""
        return replace(self.code, urls=()).encode()

    def _typed(self) -> str:
        code = self.answer["setupCode"]
        if self.link is None:
            return f"On the machine that is to be a node:\n\n{_INDENT}homarus node run --pair {code}"
        opened = f"Open this link in a browser:\n\n{_INDENT}{self.link}"
        return opened if self.page_only else f"{opened}\n\nOr paste this code into the app:\n\n{_INDENT}{code}"

    def _meaning(self, now_ms: int, zone: tzinfo | None) -> str:
        expires_ms = self.answer["expiresAtMs"]
        minutes = max(1, round((expires_ms - now_ms) / 60_000))
        clock = datetime.fromtimestamp(expires_ms / 1000, zone).strftime("%H:%M")
        gives = _GIVES.get(self.answer["access"], self.answer["access"])
        return (
            f"It gives {gives}.\n"
            f"It works once, for the first device that uses it, until {clock} ({minutes} minutes from now)."
        )

    def _notes(self) -> list[str]:
        notes = []
        if self.answer.get("accessDowngraded"):
            notes.append(
                "Others on the way could read along (no TLS), so the code gives limited access only. "
                "For full access:\n\n"
                f"{_INDENT}homarus config set gateway.tls.enabled true\n{_INDENT}homarus gateway restart"
            )
        if "trustPage" in self.reach and self.link is not None and not self.own_url:
            notes.append(
                "A browser warns once, because the box made its certificate itself. "
                f"{self.reach['trustPage']} explains how to trust it."
            )
        return notes

    def _home(self) -> list[str]:
        """What to do when only this machine reaches the gateway."""
        if not self.reach.get("loopbackOnly") or self.own_url:
            return []
        return [
            "Only this machine reaches this gateway now, so no phone can use the code. To let phones in:\n\n"
            f"{_INDENT}{self.reach.get('openLan', 'homarus config set gateway.bind lan')}\n"
            f"{_INDENT}homarus gateway restart\n\n(For a tunnel, name its address with --url.)"
        ]
