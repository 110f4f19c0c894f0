"""`homarus completion`: tab completion for a shell."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from appliance.cli.main import root


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def command(shell: str) -> None:
    """Print the completion script of SHELL.

    \b
    bash:  homarus completion bash > ~/.local/share/bash-completion/completions/homarus
    zsh:   homarus completion zsh > "${fpath[1]}/_homarus"
    fish:  homarus completion fish > ~/.config/fish/completions/homarus.fish
    """
    found = get_completion_class(shell)
    if found is None:
        raise click.UsageError(f"There is no completion for {shell}.")
    click.echo(found(root, {}, "homarus", "_HOMARUS_COMPLETE").source())
