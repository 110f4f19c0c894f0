"""Choose between the gateway process and the command line; each imports only its own side."""

from __future__ import annotations

import sys


def main() -> int:
    """Run what the first argument asks for and return the exit status."""
    if sys.argv[1:2] == ["gateway-process"]:
        from appliance.daemon.entry import main as serve

        return serve(sys.argv[2:])
    if sys.argv[1:2] == ["rehearse-state"]:
        from appliance.daemon.care.rehearsing import main as rehearse

        return rehearse(sys.argv[2:])
    from appliance.cli.main import main as command_line

    return command_line()


if __name__ == "__main__":
    sys.exit(main())
