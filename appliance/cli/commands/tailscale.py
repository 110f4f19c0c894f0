"""`homarus tailscale`: reach the box from anywhere through a tailnet of its owner."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import click

from appliance.cli.exits import Exit
from appliance.cli.session import CliSession

_MAX_KEY_BYTES = 1024
_SERVE = "`homarus config set gateway.tailscale.mode serve` then shows the app there with HTTPS."


@click.group()
def command() -> None:
    """Join a tailnet, see where the box is in it, leave it. For root on a box; elsewhere there is `tailscale`."""


@command.command()
@click.option(
    "--auth-key-file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="A file with a key of the admin console; without one a person opens an address.",
)
@click.pass_obj
def join(cli: CliSession, auth_key_file: Path | None) -> int:
    """Start Tailscale and ask to be let in."""
    params = {}
    if auth_key_file is not None:
        with auth_key_file.open("rb") as file:
            params["authKey"] = file.read(_MAX_KEY_BYTES).decode("utf-8", "replace").strip()
    told = _ask("tailscale.join", params)
    if told.get("url"):
        text = f"Open this and let the box in:\n    {told['url']}\nThen `homarus tailscale status`."
    elif told.get("state") == "NeedsMachineAuth":
        text = "Approve this machine in the admin console of Tailscale."
    else:
        text = f"The box is {told.get('name')} in the tailnet. {_SERVE}"
    cli.show(told, text)
    return Exit.OK


@command.command()
@click.pass_obj
def leave(cli: CliSession) -> int:
    """Log the box out of its tailnet and turn Tailscale off."""
    cli.show(_ask("tailscale.leave", {}), "The box has left the tailnet.")
    return Exit.OK


@command.command()
@click.pass_obj
def status(cli: CliSession) -> int:
    """Say whether the box is in a tailnet."""
    told = _ask("tailscale.status", {})
    words = {
        "absent": "This image was built without Tailscale.",
        "off": "Tailscale is off. `homarus tailscale join` turns it on.",
        "Running": f"The box is {told.get('name')} in the tailnet.",
    }
    state = str(told.get("state"))
    more = f" Open {told['url']} to let it in." if told.get("url") else ""
    cli.show(told, words.get(state, f"Tailscale is not connected: {state}.{more}"))
    return Exit.OK


def _ask(verb: str, params: Mapping[str, object]) -> dict[str, object]:
    from appliance.host.request import ask_now

    return dict(ask_now(verb, params, timeout_s=60))
