"""Which commands of a node count: approved, declared and allowed on its platform, all three (protocol.md 5.5). Pure."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Final

from appliance.mesh.errors import CommandRefusedError
from appliance.mesh.model import Declared
from appliance.protocol.roles import ADMIN, PAIRING, WRITE

_PHONE: Final = (
    "camera.list location.get device.info device.status contacts.search calendar.events reminders.list photos.latest "
    "motion.activity motion.pedometer system.notify"
)
_ANDROID: Final = (
    "notifications.list notifications.actions device.permissions device.health device.apps callLog.search "
    "mobile.ui.observe mobile.ui.act"
)
_HOST: Final = (
    "system.run system.run.prepare system.which system.notify system.execApprovals.get system.execApprovals.set "
    "fs.listDir terminal.upload browser.proxy browser.proxy.upload.v1 mcp.tools.call.v1 agent.cli.claude.run.v1 "
    "screen.snapshot desktop.stream computer.act"
)
_CANVAS: Final = (
    "canvas.present canvas.hide canvas.navigate canvas.eval canvas.snapshot canvas.a2ui.push canvas.a2ui.pushJSONL "
    "canvas.a2ui.reset"
)
_ABOUT: Final = "camera.list device.info device.status"


def _set(*names: str) -> frozenset[str]:
    return frozenset(" ".join(names).split())


# What a platform may offer without a word in the configuration. Beyond the reference, Linux may tell about itself and
# show a canvas: a box that we run as a node has both (issue: device.info, camera and canvas where it has them).
_ALLOWED: Final = {
    "ios": _set(_PHONE, _CANVAS),
    "android": _set(_PHONE, _ANDROID, _CANVAS),
    "macos": _set(_HOST, _ABOUT, "location.get", _CANVAS),
    "windows": _set(_HOST, _ABOUT, "location.get", _CANVAS),
    "linux": _set(_HOST, _ABOUT, _CANVAS),
    "watchos": _set("device.info device.status system.notify"),
    "unknown": _set("camera.list location.get system.notify"),
}
_PREFIXES: Final = (
    ("ios", "ios"),
    ("ipados", "ios"),
    ("iphone", "ios"),
    ("ipad", "ios"),
    ("android", "android"),
    ("macos", "macos"),
    ("mac", "macos"),
    ("darwin", "macos"),
    ("windows", "windows"),
    ("win", "windows"),
    ("linux", "linux"),
    ("watchos", "watchos"),
    ("apple watch", "watchos"),
)
_ADMIN_PREFIXES: Final = ("system.run", "system.execApprovals", "browser.proxy", "fs.listDir", "terminal.upload")
_INVOKE_ADMIN_PREFIXES: Final = ("system.execApprovals", "browser.proxy", "fs.listDir", "terminal.upload")


@dataclass(frozen=True, slots=True)
class CommandPolicy:
    """What the configuration says about commands (gateway.nodes.commands). Deny wins; `closed` allows nothing."""

    allow: frozenset[str] = frozenset()
    deny: frozenset[str] = frozenset()
    closed: bool = False

    def allows(self, command: str, platform: str) -> bool:
        """Tell whether a node of `platform` (`platform_of`) may offer `command` at all."""
        if self.closed or command in self.deny:
            return False
        return command in self.allow or command in _ALLOWED[platform]


def platform_of(platform: str, device_family: str) -> str:
    """Return the name under which a platform is listed, `unknown` for what is not."""
    for text in (platform, device_family):
        folded = text.strip().lower()
        for prefix, name in _PREFIXES:
            if folded.startswith(prefix):
                return name
    return "unknown"


def cut(surface: Declared, platform: str, policy: CommandPolicy) -> Declared:
    """Return the surface without the commands that the platform may not offer: these are withheld."""
    commands = tuple(one for one in surface.commands if policy.allows(one, platform))
    return Declared(surface.caps, commands, surface.permissions)


def within(wanted: Declared, approved: Declared) -> bool:
    """Tell whether nothing in `wanted` goes beyond `approved`."""
    return (
        set(wanted.caps) <= set(approved.caps)
        and set(wanted.commands) <= set(approved.commands)
        and set(wanted.permissions) <= set(approved.permissions)
    )


def common(one: Declared, other: Declared) -> Declared:
    """Return what is in both."""
    return Declared(
        tuple(name for name in one.caps if name in other.caps),
        tuple(name for name in one.commands if name in other.commands),
        tuple(name for name in one.permissions if name in other.permissions),
    )


class Verdict(enum.Enum):
    """What a connect of a node asks for."""

    KEEP = enum.auto()
    """Nothing beyond what was approved."""
    APPROVE = enum.auto()
    """The first surface of a device whose owner vouched for it: with a setup code, or the secret on this machine."""
    ASK = enum.auto()
    """Something new: the owner decides, and until then only what was approved before is effective."""


def judge(wanted: Declared, approved: Declared | None, *, trusted: bool) -> Verdict:
    """Decide about a surface that was cut. Trust counts once: widening always asks again."""
    if approved is None:
        return Verdict.APPROVE if trusted else Verdict.ASK
    return Verdict.KEEP if within(wanted, approved) else Verdict.ASK


def approve_scopes(commands: tuple[str, ...]) -> tuple[str, ...]:
    """Return the scopes that approving these commands takes (protocol.md 5.5)."""
    if not commands:
        return (PAIRING,)
    if any(command.startswith(_ADMIN_PREFIXES) for command in commands):
        return (PAIRING, WRITE, ADMIN)
    return (PAIRING, WRITE)


def invoke_scope(command: str) -> str:
    """Return the scope that asking a node for `command` takes (protocol.md 6)."""
    return ADMIN if command.startswith(_INVOKE_ADMIN_PREFIXES) else WRITE


def refused(
    command: str, offered: Declared, approved: Declared | None, platform: str, policy: CommandPolicy
) -> CommandRefusedError:
    """Return why `command` is not effective: the first of the three sets that lacks it, and what would help."""
    if command in policy.deny:
        reason, fix = "command denied", "it stands in gateway.nodes.commands.deny"
    elif not policy.allows(command, platform):
        reason = "command not allowlisted"
        fix = f"nodes on {platform} do not offer it unless gateway.nodes.commands.allow names it"
    elif command not in offered.commands:
        reason, fix = "command not declared by node", "the node does not offer it"
    elif approved is None or command not in approved.commands:
        reason, fix = "command not approved", "approve it with `homarus nodes approve`"
    else:
        reason, fix = "command not available", "the node is not connected"
    return CommandRefusedError(f'node command not allowed: "{command}": {fix}', reason=reason, command=command)
