"""Announce one gateway until stopped: `python -m appliance.discovery BEACON`, BEACON as `Beacon.encode` writes it.

Prints `ready` once it is announced or waits for a network. A child of the gateway: it ends with it.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys

from appliance.discovery.advertise import avahi
from appliance.discovery.beacon import Beacon
from appliance.foundation.tasks import start

_EXIT_UNAVAILABLE = 69  # EX_UNAVAILABLE of sysexits.h
_EXIT_USAGE = 64


async def announce(beacon: Beacon) -> None:
    """Publish through avahi where it runs, else by ourselves. Raises PublishError."""
    path = avahi.tool()
    if path is not None:
        await avahi.publish(path, beacon, _Told("avahi"))
        return
    from appliance.discovery.advertise import own  # zeroconf is large, and avahi needs none of it

    await own.publish(beacon, _Told("zeroconf"))


class _Told:
    """Says `ready` once to the gateway, and every name to its log."""

    def __init__(self, through: str) -> None:
        self._through = through
        self._ready = False

    def __call__(self, name: str) -> None:
        if not self._ready:
            self._ready = True
            print("ready", flush=True)
        what = f'announced as "{name}" through {self._through}' if name else "no network to announce on yet"
        print(f"INFO {what}", file=sys.stderr, flush=True)


def main(arguments: list[str]) -> int:
    """Run until a signal; return the exit status."""
    try:
        beacon = Beacon.decode(arguments[0])
    except (IndexError, ValueError) as error:
        print(f"ERROR usage: python -m appliance.discovery BEACON ({error})", file=sys.stderr)
        return _EXIT_USAGE
    try:
        asyncio.run(_until_signal(beacon))
    except avahi.PublishError as error:
        print(f"ERROR {error}", file=sys.stderr)
        return _EXIT_UNAVAILABLE
    return 0


async def _until_signal(beacon: Beacon) -> None:
    loop = asyncio.get_running_loop()
    publishing = start(announce(beacon), name="announce")
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, publishing.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await publishing


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
