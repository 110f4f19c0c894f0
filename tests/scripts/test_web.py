from __future__ import annotations

import subprocess
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]


def _bash(command: str) -> subprocess.CompletedProcess[str]:
    script = f"set -euo pipefail; . scripts/lib/common.sh; . scripts/lib/setup.sh; {command}"
    return subprocess.run(["bash", "-c", script], cwd=CHECKOUT, capture_output=True, text=True, timeout=60, check=False)


def test_a_build_that_fails_does_not_keep_the_gateway_from_starting() -> None:
    done = _bash("build_web() { return 1; }; ensure_web python3; echo went on")
    assert done.returncode == 0
    assert done.stdout.splitlines()[-1] == "went on"
    assert "scripts/web" in done.stdout


def test_a_missing_environment_does_not_keep_the_gateway_from_starting() -> None:
    away = "stamped() { return 1; }; ensure_environment() { die 'no network'; }"
    done = _bash(f"{away}; ensure_web python3; echo went on")
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "went on")
    assert "no network" in done.stderr


def test_an_unchanged_source_is_not_built_again() -> None:
    done = _bash("stamped() { return 0; }; step() { echo built; }; ensure_web python3")
    assert (done.returncode, done.stdout) == (0, "")
