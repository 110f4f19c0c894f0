"""Who is asked about updates: the gateway, or without one the box itself, which needs root."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from appliance.cli.session import CliSession
from appliance.client.errors import ConnectionLost, GatewayAway
from appliance.foundation.errors import ApplianceError


class NoGateway(ApplianceError):
    """No gateway answers, and only root may ask the box itself."""

    code = "gateway_away"


class Box(Protocol):
    """Answers questions about updates."""

    def status(self) -> Mapping[str, Any]:
        """Return what homarus.update.status answers. Raises ApplianceError."""
        ...

    def start(self, action: str, *, note: str, reboot: bool) -> str:
        """Begin and return the id of the run. Raises ApplianceError."""
        ...

    def hold(self, days: float) -> int:
        """Return until when nothing is installed unasked, 0 for no hold. Raises ApplianceError."""
        ...


class ThroughGateway:
    """Asks the gateway that the session means."""

    def __init__(self, cli: CliSession) -> None:
        self._cli = cli

    def status(self) -> Mapping[str, Any]:
        answer: dict[str, Any] = self._cli.call("homarus.update.status")
        return answer

    def start(self, action: str, *, note: str, reboot: bool) -> str:
        params = {"note": note or None, "reboot": reboot}
        return str(self._cli.call(f"homarus.update.{action}", params)["runId"])

    def hold(self, days: float) -> int:
        return int(self._cli.call("homarus.update.hold", {"days": days})["heldUntilMs"])


class WithoutGateway:
    """Reads the records and asks the box's own service, as root."""

    def __init__(self, root: Path = Path("/")) -> None:
        self._root = root

    def status(self) -> Mapping[str, Any]:
        import msgspec

        from appliance import __version__
        from appliance.config.errors import Refused
        from appliance.config.load import load
        from appliance.config.sections.updates import UpdatesSection
        from appliance.updates.elsewhere import how_to
        from appliance.updates.rows import box_row
        from appliance.updates.standing import read_standing
        from appliance.updates.trial.places import Places

        standing = read_standing(self._root)
        if standing is None:
            return {"box": False, "version": __version__, "howTo": how_to()}
        section = load(Places.on(self._root).paths.config, {}).config.updates
        chosen = UpdatesSection() if isinstance(section, Refused) else section
        answer: dict[str, Any] = msgspec.to_builtins(box_row(standing, chosen, os.environ.get("LANG", "en")))
        return answer

    def start(self, action: str, *, note: str, reboot: bool) -> str:
        from appliance.host.request import ask_now

        params = {"action": action, "trigger": "cli", "note": note, "reboot": reboot}
        return str(ask_now("update.start", params).get("runId", ""))

    def hold(self, days: float) -> int:
        from appliance.host.request import ask_now

        until = ask_now("update.hold", {"days": days}).get("untilMs", 0)
        return until if isinstance(until, int) else 0


def box_of(cli: CliSession, root: Path = Path("/")) -> tuple[Box, Mapping[str, Any]]:
    """Return whom to ask, and where updates stand. Raises NoGateway, ClientError."""
    through = ThroughGateway(cli)
    try:
        return through, through.status()
    except (GatewayAway, ConnectionLost):
        if not cli.local:
            raise
    here = WithoutGateway(root)
    from appliance.host.box import read_box

    if read_box(root) is not None and os.geteuid() != 0:
        raise NoGateway("The gateway does not answer. Run the same with sudo: root may ask the box itself.")
    return here, here.status()
