"""`homarus uninstall`: the service goes, the data stays unless it is to go too."""

from __future__ import annotations

from pathlib import Path

import click

from appliance.cli.session import CliSession


@click.command(short_help="Remove the service; the data stays.")
@click.option("--purge", is_flag=True, help="Remove the data too: conversations, models, keys, pairings. Asks first.")
@click.option("--yes", is_flag=True, help="Do not ask; for scripts.")
@click.pass_obj
def command(cli: CliSession, /, purge: bool, yes: bool) -> None:
    """Stop the gateway and remove its service, as root that of the whole machine, else your own.

    What it knows stays where it is, and is there again after the next install. --purge removes it for good.
    """
    from appliance.cli.onboarding.removal import uninstall
    from appliance.cli.onboarding.service import served_by
    from appliance.cli.onboarding.units import is_root, place_for

    def sure(state: Path) -> bool:
        if not purge:
            return False
        question = f"Remove everything in {state}: conversations, models, keys, pairings? There is no way back"
        return yes or click.confirm(question, default=False, err=cli.as_json)

    place = place_for(cli.environ, root_user=is_root())
    state = served_by(cli, place).paths.root
    done = uninstall(cli.environ, place, state, lambda line: click.echo(f"  {line}", err=cli.as_json), purge=sure)
    kept = done.state.is_dir()
    remove = f"rm -r {done.state}" + ("; userdel homarus; groupdel homarus-admin" if place.system else "")
    text = (
        f"The data stays in {done.state} for the next install; `{remove}` removes it." if kept else "Nothing is left."
    )
    cli.show({"ok": True, "state": str(done.state) if kept else None, "purged": done.purged}, text)
