"""The engine process: `python -m appliance.engine --socket PATH --model GGUF`."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import datetime
import logging
import os
import signal
import sys
import threading
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

from appliance.engine.profile import EngineProfile, ProfileError, read_profile
from appliance.foundation.clock import SystemClock
from appliance.foundation.errors import ApplianceError
from appliance.foundation.tasks import TaskSet
from appliance.host.systemd import Notifier

if TYPE_CHECKING:
    from appliance.engine.build import Engine, Options
    from appliance.engine.remote.listener import Listening

_NICENESS = 10
_OOM_SCORE = 500  # out of memory takes the engine before the gateway
EXIT_FAILED = 1
EXIT_CANNOT_LOAD = 66  # EX_NOINPUT of sysexits.h: another start would fail in the same way


def main(arguments: list[str] | None = None) -> int:
    """Serve until SIGTERM or SIGINT; return the exit status."""
    options = _options().parse_args(arguments)
    # to stderr, where the gateway reads it into its own log
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    _be_humble()
    try:
        return asyncio.run(_serve(options))
    except (ApplianceError, ImportError) as error:
        print(f"engine: {error}", file=sys.stderr)
        return EXIT_CANNOT_LOAD


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="appliance.engine", description=__doc__)
    parser.add_argument("--socket", type=Path, required=True, help="Unix socket to listen at")
    parser.add_argument("--model", type=Path, required=True, help="GGUF file")
    parser.add_argument("--name", default="", help="name to answer with; the model's own by default")
    parser.add_argument("--embeddings", action="store_true", help="make vectors too")
    parser.add_argument("--context", type=int, default=0, help="window of one request, tokens")
    parser.add_argument("--cells", type=int, default=0, help="cache for all requests, tokens")
    parser.add_argument("--threads", type=int, default=0, help="processor cores to use")
    parser.add_argument("--active", type=int, default=4, help="requests that are answered at once")
    parser.add_argument("--waiting", type=int, default=32, help="requests that may wait behind them")
    parser.add_argument("--profile", type=Path, help="JSON file of the tuner")
    parser.add_argument("--lora", type=_adapter, action="append", default=[], help="FILE[:SCALE], repeatable")
    parser.add_argument("--state", type=Path, help="folder for attention states; none: they are not kept in files")
    parser.add_argument("--ram-bytes", type=int, default=0, help="attention states kept in memory, bytes")
    parser.add_argument("--disk-bytes", type=int, default=0, help="attention states kept in files, bytes")
    parser.add_argument("--draft", type=Path, help="GGUF of a small model of the same vocabulary that drafts")
    parser.add_argument("--force-draft", action="store_true", help="also for a model too small to gain by it")
    parser.add_argument("--listen", help="HOST:PORT for paired boxes; needs the three files below")
    parser.add_argument("--certificate", type=Path, help="PEM file that this box shows to them")
    parser.add_argument("--key", type=Path, help="its private key, readable by its owner only")
    parser.add_argument("--clients", type=Path, help="PEM file with the certificates of those who may come")
    parser.add_argument("--peer-bytes", type=int, default=0, help="attention states of theirs in memory, bytes")
    return parser


def _be_humble() -> None:
    """Step behind the gateway for processor time and memory; best effort, the parent may have done it."""
    with contextlib.suppress(OSError):
        if os.getpriority(os.PRIO_PROCESS, 0) < _NICENESS:
            os.setpriority(os.PRIO_PROCESS, 0, _NICENESS)
    score = Path("/proc/self/oom_score_adj")
    with contextlib.suppress(OSError, ValueError):
        if int(score.read_text()) < _OOM_SCORE:
            score.write_text(str(_OOM_SCORE))


def _engine_options(options: argparse.Namespace) -> Options:
    from appliance.engine.build import Options

    profile, note = EngineProfile(), ""
    if options.profile is not None:
        try:
            profile = read_profile(options.profile)
            note = profile.name or options.profile.stem
        except ProfileError as error:  # a damaged file must not take the local model away; `info` says so
            note = f"defaults: {error}"
            print(f"engine: {error}", file=sys.stderr)
    return Options(
        model=options.model,
        name=options.name,
        embeddings=options.embeddings,
        window=options.context,
        cells=options.cells,
        threads=options.threads,
        active=options.active,
        waiting=options.waiting,
        profile=profile,
        profile_note=note,
        adapters=tuple(options.lora),
        state=options.state,
        ram_bytes=options.ram_bytes,
        disk_bytes=options.disk_bytes,
        draft=options.draft,
        force_draft=options.force_draft,
        listening=_listening(options),
        peer_bytes=options.peer_bytes,
    )


def _listening(options: argparse.Namespace) -> Listening | None:
    """Read where to listen for others. Raises CredentialsError."""
    from appliance.engine.remote.credentials import CredentialsError, Identity
    from appliance.engine.remote.listener import Listening

    if not options.listen:
        return None
    host, _, port = options.listen.rpartition(":")
    if not host or not port.isdecimal() or None in (options.certificate, options.key, options.clients):
        raise CredentialsError("--listen needs HOST:PORT, --certificate, --key and --clients")
    return Listening(host.strip("[]"), int(port), Identity(options.certificate, options.key), options.clients)


def _adapter(text: str) -> tuple[Path, float]:
    """Read FILE or FILE:SCALE. Raises ValueError."""
    path, separator, scale = text.rpartition(":")
    try:
        return (Path(path), float(scale)) if separator else (Path(text), 1.0)
    except ValueError:
        return Path(text), 1.0  # a colon of the name


def _serve_peers(engine: Engine) -> None:
    if engine.listener is None:
        return
    try:
        problem = engine.listener.start()
    except OSError as error:  # the people of this box come first: they are served anyway
        problem = str(error)
    if problem:
        print(f"engine: no other box is served: {problem}", file=sys.stderr)


async def _feed(notifier: Notifier) -> None:
    """Tell systemd, from the loop that answers, that it still turns."""
    clock = SystemClock()
    while True:
        notifier.alive()
        await clock.sleep(notifier.watchdog_s)


async def _serve(options: argparse.Namespace) -> int:
    # native code is loaded here: `--help` and the tests of the options need none
    from appliance.engine.build import build

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    engine = build(
        _engine_options(options),
        clock=SystemClock(),
        today=lambda: datetime.datetime.fromtimestamp(SystemClock().now_ms() / 1000).astimezone(),
    )
    failures: list[BaseException] = []

    def run() -> None:
        try:
            engine.scheduler.run()
        except BaseException as error:  # noqa: BLE001 - the thread must not die silently: the process ends and says so
            traceback.print_exc()
            failures.append(error)
        finally:
            loop.call_soon_threadsafe(stop.set)

    thread = threading.Thread(target=run, name="engine")
    thread.start()
    notifier, tasks = Notifier(), TaskSet("engine")
    if engine.follower is not None:
        tasks.spawn(engine.follower.follow(SystemClock()), name="memory")
    try:
        await engine.server.start(options.socket)
        _serve_peers(engine)
        print("ready", flush=True)
        notifier.ready(f"{options.name or options.model.stem} answers")
        if notifier.watchdog_s:
            tasks.spawn(_feed(notifier), name="watchdog")
        await stop.wait()
    finally:
        await tasks.aclose()
        engine.scheduler.stop()
        await asyncio.to_thread(thread.join)
        await engine.server.aclose()
        if engine.listener is not None:
            await engine.listener.aclose()
        with contextlib.suppress(FileNotFoundError):
            options.socket.unlink()
    engine.close()
    return EXIT_FAILED if failures else 0


if __name__ == "__main__":
    sys.exit(main())
