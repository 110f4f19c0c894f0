"""Run by path in a bare interpreter: take on the duties of a child, then become the real program.

`python -I -S launch.py PARENT_PID NICE OOM_SCORE_ADJ program arguments…`. Done here and not in the parent between
fork and exec: a parent with threads must not run Python there.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_EXIT_ORPHAN = 75  # EX_TEMPFAIL of sysexits.h
_EXIT_NOT_FOUND = 127  # as a shell says it


def main(arguments: list[str]) -> int:
    """Prepare this process and replace it; return only if that failed."""
    parent, nice, oom_score_adj = (int(value) for value in arguments[:3])
    program = arguments[3:]
    # killed with the parent, however that ends: nobody else would stop an engine of several gigabytes
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:  # it died before the line above
        return _EXIT_ORPHAN
    with contextlib.suppress(OSError):  # best effort: a container may forbid it
        os.nice(nice)
    with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w") as file:
        file.write(str(oom_score_adj))
    try:
        os.execvp(program[0], program)  # the program is named by our own configuration
    except OSError as error:
        print(f"cannot run {program[0]}: {error.strerror}", file=sys.stderr)
        return _EXIT_NOT_FOUND


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
