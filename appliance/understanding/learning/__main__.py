"""One re-fit as a process of its own: `python -m appliance.understanding.learning`, in the engine's environment.

Reads the job as JSON from standard input (examples never stand in a file of their own), writes the weights that may be
taken, and prints the outcome as one line of JSON.
"""

from __future__ import annotations

import json
import os
import sys

from appliance.understanding.learning.fit_job import Job, decide


def main() -> int:
    """Fit, judge, write; return the exit status."""
    os.nice(10)  # nobody waits for it, and people wait for the engine beside it
    outcome = decide(Job.read(json.load(sys.stdin)))
    print(json.dumps(outcome.facts()))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
