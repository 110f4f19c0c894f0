"""`homarus models`: what answers, and the model files of the box."""

from __future__ import annotations

import json
import sys
import time
from typing import Any

import click

from appliance.cli.commands.models_tune import tune
from appliance.cli.exits import Exit
from appliance.cli.models import learning, text
from appliance.cli.render import size
from appliance.cli.session import CliSession

_BATCH = 100
_POLL_S = 0.2
_PROBES = 30
_LOAD_TIMEOUT_S = 900.0  # a large file is hashed and loaded from a slow card
_MEASURE_TIMEOUT_S = 120.0


@click.group(invoke_without_command=True)
@click.pass_context
def command(context: click.Context) -> None:
    """List models, see which suits this box, download, choose and probe one."""
    if context.invoked_subcommand is None:
        context.invoke(list_)


@command.command("list")
@click.option("--catalogue", is_flag=True, help="Also what can be fetched by name.")
@click.pass_obj
def list_(cli: CliSession, catalogue: bool = False) -> None:
    """List the models that are set up, the first is asked first, and the model files on the box."""
    answer = cli.call("models.list", {"includeDetails": True})
    local = cli.call("homarus.models.local", {"catalogue": catalogue})
    cli.show({**answer, "local": local}, text.listed(answer, local))


@command.command()
@click.option("--language", metavar="CODE", help="Only models that speak it, for example de.")
@click.option("--seconds", type=click.FloatRange(1, 3600), help="How long a first answer may take; 30 by default.")
@click.pass_obj
def recommend(cli: CliSession, language: str | None, seconds: float | None) -> None:
    """Measure this box for three seconds and say which model suits it. Nothing is downloaded."""
    params = {"language": language.lower() if language else None, "seconds": seconds}
    answer = cli.call("homarus.models.recommend", params, timeout_s=_MEASURE_TIMEOUT_S)
    cli.show(answer, text.advice(answer))


@command.command()
@click.argument("source")
@click.option("--sha256", metavar="HEX", help="Expected checksum; the file is refused when it differs.")
@click.option("--update", is_flag=True, help="Replace the file of this name where the server has another one by now.")
@click.option("--no-use", is_flag=True, help="Only fetch it; the model before goes on answering.")
@click.option("--no-probe", is_flag=True, help="Do not ask it the probes.")
@click.pass_obj
def pull(cli: CliSession, source: str, sha256: str | None, update: bool, no_use: bool, no_probe: bool) -> int:
    """Download a model: SOURCE is a name of the catalogue, a URL or hf:OWNER/REPOSITORY/FILE.

    Size and checksum are read from the server and shown first. The box loads the model and asks it thirty probes; a
    broken download goes on where it stopped when you ask again.
    """
    look = cli.call("homarus.models.look", {"source": source}, timeout_s=60)
    if not cli.as_json:
        click.echo(text.offer(look), err=True)
    params = {
        "source": look["source"],
        "sha256": sha256 or look.get("sha256"),
        "update": update,
        "use": not no_use,
        "probe": not no_probe,
    }
    return _finish(cli, _follow(cli, cli.call("homarus.models.pull", params)))


@command.command()
@click.pass_obj
def probe(cli: CliSession) -> int:
    """Ask the local model twenty tool calls and ten answers; this sets its tools per turn and when it hands over."""
    return _finish(cli, _follow(cli, cli.call("homarus.models.probe")))


@command.command()
@click.argument("name")
@click.pass_obj
def use(cli: CliSession, name: str) -> None:
    """Let the model NAME answer. The one before answers until it is loaded, and stays when it cannot be."""
    answer = cli.call("homarus.models.use", {"name": name}, timeout_s=_LOAD_TIMEOUT_S)
    cli.show(answer, f"{answer['file']} answers now.")


@command.command()
@click.argument("name")
@click.pass_obj
def remove(cli: CliSession, name: str) -> None:
    """Delete the file of the model NAME, with its checksum and its probes."""
    answer = cli.call("homarus.models.remove", {"name": name})
    cli.show(answer, f"{answer['file']} is deleted; {size(answer['sizeBytes'])} are free again.")


command.add_command(tune)


def _follow(cli: CliSession, job: dict[str, Any]) -> dict[str, Any]:
    """Show how a job goes on until it ends; return its last state."""
    state = job
    with click.progressbar(length=1000, label=job["file"], file=sys.stderr, hidden=cli.as_json) as bar:
        while state["state"] == "running":
            time.sleep(_POLL_S)
            state = cli.call("homarus.models.pullStatus", {"jobId": job["jobId"]})
            done, total, label = _progress(state)
            if total:
                bar.update(min(1000, int(1000 * done / total)) - bar.pos)
            bar.label = label
    return state


def _progress(state: dict[str, Any]) -> tuple[int, int, str]:
    """Return how much of how much, and the words for it."""
    if state["phase"] == "probe":
        return state.get("asked", 0), _PROBES, f"{state['file']} probe {state.get('asked', 0)} of {_PROBES}"
    total = state.get("totalBytes", 0)
    if state["phase"] == "load":
        return total, total, f"{state['file']} is loaded"
    return state["doneBytes"], total, f"{state['file']} {size(state['doneBytes'])} of {size(total)}"


def _finish(cli: CliSession, state: dict[str, Any]) -> int:
    """Print the end of a job and return the exit code."""
    if state["state"] == "done":
        lines = [f"{state['file']}: {size(state['doneBytes'])}, sha256 {state['sha256']}"] if "sha256" in state else []
        lines += [text.probed(state["probe"])] if "probe" in state else []
        lines += [state["warning"]] if "warning" in state else []
        cli.show(state, "\n".join(lines))
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


command.add_command(learning.learning)
command.add_command(learning.forget)
