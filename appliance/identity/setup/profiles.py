"""What a setup code gives, and to which clients (protocol.md 5.4). Pure."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from appliance.access.scopes import limited
from appliance.identity.device_key import fold
from appliance.identity.model import Claim
from appliance.protocol.roles import (
    ADMIN,
    APPROVALS,
    NODE,
    OPERATOR,
    PAIRING,
    QUESTIONS,
    READ,
    TALK,
    TALK_SECRETS,
    WRITE,
)


class Profile(enum.StrEnum):
    """A kind of setup code. The values are those of `bootstrapProfile` on the wire."""

    FULL = "full"
    LIMITED = "limited"
    NODE = "node"
    VOICE_NODE = "voice-node"
    CONTROL_UI = "control-ui"
    RECOVERY = "recovery"
    """No setup code but the printed recovery code: it makes its bearer the owner."""


@dataclass(frozen=True, slots=True)
class Grant:
    """The rights of a profile. `first` is the role that must present it first; `access` the word clients show."""

    first: str
    roles: tuple[str, ...]
    scopes: tuple[str, ...]
    access: str


_LIMITED: Final = (APPROVALS, QUESTIONS, READ, TALK_SECRETS, WRITE)
_FULL: Final = (ADMIN, *_LIMITED)
_OWNER: Final = (ADMIN, APPROVALS, PAIRING, QUESTIONS, READ, TALK_SECRETS, WRITE)

_GRANTS: Final = {
    Profile.FULL: Grant(NODE, (NODE, OPERATOR), _FULL, "full"),
    Profile.LIMITED: Grant(NODE, (NODE, OPERATOR), _LIMITED, "limited"),
    Profile.NODE: Grant(NODE, (NODE,), (), "node"),
    Profile.VOICE_NODE: Grant(NODE, (NODE, OPERATOR), (READ, TALK), "node"),
    Profile.CONTROL_UI: Grant(OPERATOR, (OPERATOR,), _OWNER, "full"),
    Profile.RECOVERY: Grant(OPERATOR, (OPERATOR,), _OWNER, "full"),
}

PAGES: Final = frozenset({"openclaw-control-ui", "webchat-ui", "webchat"})
"""Clients that live in a browser: our own web app is one of them."""

_PLATFORMS: Final = {
    "openclaw-android": (("android",), ("android", "phone", "tablet")),
    "openclaw-ios": (("ios", "ipados", "iphone", "ipad"), ("iphone", "ipad", "ios", "ipod")),
    "openclaw-watchos": (("watchos",), ("apple watch", "watch")),
}
"""First words of `platform` and `deviceFamily` that belong to an app."""


def grant(profile: Profile, *, secure: bool = True) -> Grant:
    """Return what a profile gives; over a link that anyone may read (`secure` False) at most limited scopes."""
    whole = _GRANTS[profile]
    if secure or not whole.scopes:
        return whole
    access = "limited" if whole.access == "full" else whole.access
    return Grant(whole.first, whole.roles, limited(whole.scopes), access)


def for_operator(profile: Profile, granted: Grant) -> Grant:
    """Return what a code for phones gives to the web app or terminal that it was pasted into: they are no nodes."""
    if profile in (Profile.FULL, Profile.LIMITED):
        return Grant(OPERATOR, (OPERATOR,), granted.scopes, granted.access)
    return granted


def is_page(claim: Claim) -> bool:
    """Tell whether the claim comes from a web page."""
    return claim.browser_origin is not None and (claim.client_id in PAGES or claim.client_mode == "webchat")


def is_terminal(claim: Claim) -> bool:
    """Tell whether the claim comes from a command line, on another machine than the box."""
    return claim.browser_origin is None and (claim.client_id, claim.client_mode) == ("cli", "cli")


def misfit(profile: Profile, claim: Claim) -> str | None:
    """Return why `claim` may not spend a code of `profile`, as a text that names the fix; None when it may."""
    if profile in (Profile.NODE, Profile.VOICE_NODE):
        if claim.client_id != "node-host" or claim.role != NODE:
            return "this setup code is for a headless node: use it with `homarus node run --pair`"
        return None
    if profile in (Profile.CONTROL_UI, Profile.RECOVERY):
        if claim.role == OPERATOR and (is_page(claim) or (profile is Profile.RECOVERY and claim.client_id == "cli")):
            return None
        return "this code opens the web app: open its link in a browser, or make one for a phone with `homarus pair`"
    if is_page(claim) or is_terminal(claim):
        return None if claim.role == OPERATOR else "a web page or a command line cannot be a node"
    if claim.client_id not in _PLATFORMS or not _fits_platform(claim):
        return "this setup code is for a phone: scan it with the app, or paste it into the web app"
    if claim.role != NODE:
        return "the setup code was presented by the wrong socket first: make a new one with `homarus pair`"
    return None


def _fits_platform(claim: Claim) -> bool:
    platforms, families = _PLATFORMS[claim.client_id or ""]
    return _starts(claim.platform, platforms) and (not claim.device_family or _starts(claim.device_family, families))


def _starts(text: str, words: Iterable[str]) -> bool:
    return fold(text).startswith(tuple(words))
