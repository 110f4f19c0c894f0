"""One request on standard input, which is the connection: `python -P -m appliance.hostservice` under systemd."""

from __future__ import annotations

import logging
import signal
import sys

from appliance.hostservice.frame import connection_of, serve, who_may
from appliance.hostservice.table import VERBS


def main() -> int:
    """Answer and end; 0 also for a refusal: the asker has been told."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    # A reboot that was asked for stops this service too: the answer goes out first. The unit limits how long it lives.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        connection = connection_of(0)
    except OSError as error:
        print(f"standard input is no connection: {error}; homarus-host.socket starts this", file=sys.stderr)
        return 64  # EX_USAGE of sysexits.h
    with connection:
        serve(connection, VERBS, who_may())
    return 0


if __name__ == "__main__":
    sys.exit(main())
