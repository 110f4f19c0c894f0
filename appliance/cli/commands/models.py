"""`homarus models`: what answers."""

from __future__ import annotations

import json
import sys
import time
from typing import Any

import click

from appliance.cli.exits import Exit
from appliance.cli.render import size, table
from appliance.cli.session import CliSession

_BATCH = 100
_POLL_S = 0.2


@click.group(invoke_without_command=True)
@click.pass_context
def command(context: click.Context) -> None:
    """List models, download one, see what the embedded model understands."""
    if context.invoked_subcommand is None:
        context.invoke(list_)


@command.command("list")
@click.pass_obj
def list_(cli: CliSession) -> None:
    """List the models that are set up; the first is asked first."""
    answer = cli.call("models.list", {"includeDetails": True})
    rows = [
        (
            f"{one['provider']}/{one['id']}",
            one.get("contextWindow") or "",
            "yes" if one.get("available", True) else one.get("unavailableReason") or "no",
        )
        for one in answer["models"]
    ]
    cli.show(answer, table(("MODEL", "WINDOW", "USABLE"), rows))


@command.command()
@click.argument("source")
@click.option("--sha256", metavar="HEX", help="Expected checksum; the file is refused when it differs.")
@click.pass_obj
def pull(cli: CliSession, source: str, sha256: str | None) -> int:
    """Download a GGUF from SOURCE, a URL or hf:REPOSITORY/FILE.

    The box loads it; a broken download goes on where it stopped when you ask again.
    """
    job = cli.call("homarus.models.pull", {"source": source, "sha256": sha256})
    state: dict[str, Any] = job
    with click.progressbar(length=1000, label=job["file"], file=sys.stderr, hidden=cli.as_json) as bar:
        while state["state"] == "running":
            time.sleep(_POLL_S)
            state = cli.call("homarus.models.pullStatus", {"jobId": job["jobId"]})
            if state.get("totalBytes"):
                bar.update(int(1000 * state["doneBytes"] / state["totalBytes"]) - bar.pos)
                bar.label = f"{state['file']} {size(state['doneBytes'])} of {size(state['totalBytes'])}"
    if state["state"] == "done":
        cli.show(state, f"{state['file']}: {size(state['doneBytes'])}, sha256 {state['sha256']}")
        return Exit.OK
    if cli.as_json:
        click.echo(json.dumps(state))
    else:
        click.echo(f"homarus: {state['error']}", err=True)
    return Exit.FAILED


@command.command()
@click.argument("words", nargs=-1)
@click.option(
    "--jsonl", is_flag=True, help='Read {"text", "lang"?} lines from standard input, print one answer a line.'
)
@click.pass_obj
def understand(cli: CliSession, words: tuple[str, ...], jsonl: bool) -> None:
    """Show which tool the embedded model would call for WORDS. Nothing is run.

    With --jsonl each line of input gives {"tool", "arguments", "confidence", "ms"} in the same order; the tool
    `escalate` means that a larger model is needed.
    """
    if not jsonl:
        if not words:
            raise click.UsageError("Give it some words, or --jsonl and lines on standard input.")
        answer = cli.call("homarus.models.understand", {"items": [{"text": " ".join(words)}]})["results"][0]
        cli.show(
            answer,
            f"{answer['tool']} {json.dumps(answer['arguments'], ensure_ascii=False)} ({answer['confidence']:.2f})",
        )
        return
    batch: list[dict[str, Any]] = []
    for number, line in enumerate(sys.stdin, 1):
        if line.strip():
            batch.append(_item(line, number))
        if len(batch) == _BATCH:
            _understand(cli, batch)
            batch = []
    if batch:
        _understand(cli, batch)


def _item(line: str, number: int) -> dict[str, Any]:
    try:
        item = json.loads(line)
    except ValueError as error:
        raise click.UsageError(f"line {number} is no JSON: {error}") from error
    if not isinstance(item, dict) or not isinstance(item.get("text"), str):
        raise click.UsageError(f'line {number} has no "text"')
    return {name: item[name] for name in ("text", "lang") if item.get(name) is not None}


def _understand(cli: CliSession, batch: list[dict[str, Any]]) -> None:
    for answer in cli.call("homarus.models.understand", {"items": batch}, timeout_s=300)["results"]:
        click.echo(json.dumps(answer, ensure_ascii=False))
