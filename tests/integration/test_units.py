"""The units of systemd, read by systemd itself, without a running one."""

from __future__ import annotations

import configparser
import ctypes
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from appliance.cli.onboarding.service import Place, drop_in
from appliance.cli.session import session_from
from tests.integration.gateway_process import GatewayProcess
from tests.integration.waiting import until

_FOLDER = Path(__file__).resolve().parents[2] / "systemd"
_UNIT = "homarus-gateway.service"
_MAX_EXPOSURE = 2.0
_PR_SET_MDWE, _PR_GET_MDWE = 65, 66  # prctl(2)
_HAS_ANALYZE = shutil.which("systemd-analyze") is not None
needs_systemd = pytest.mark.skipif(not _HAS_ANALYZE, reason="systemd-analyze is not here; the package systemd has it")


def _installed(folder: Path, unit: Path) -> Path:
    """Return a copy whose program is on this machine, as the drop-in of an installation would have it."""
    copy = folder / unit.name
    copy.write_text(re.sub(r"^ExecStart=.*$", "ExecStart=/bin/true", unit.read_text(), flags=re.MULTILINE))
    return copy


def _analyze(*arguments: str, runtime: Path) -> subprocess.CompletedProcess[str]:
    environ = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "XDG_RUNTIME_DIR": str(runtime), "HOME": str(runtime)}
    return subprocess.run(
        ["systemd-analyze", *arguments], capture_output=True, text=True, check=False, timeout=60, env=environ
    )


@needs_systemd
@pytest.mark.parametrize("kind", ["--system", "--user"])
def test_systemd_finds_nothing_wrong_with_a_unit(tmp_path: Path, kind: str) -> None:
    unit = _installed(tmp_path, _FOLDER / ("user" if kind == "--user" else "") / _UNIT)
    done = _analyze(kind, "verify", "--man=no", str(unit), runtime=tmp_path)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


@needs_systemd
def test_systemd_reads_the_drop_in_of_an_installation_whatever_its_paths_hold(tmp_path: Path) -> None:
    unit = tmp_path / _UNIT
    unit.write_text((_FOLDER / "user" / _UNIT).read_text())
    place = Place(False, tmp_path)
    state = {"HOMARUS_STATE_DIR": str(tmp_path / 'my 100% "box" $HOME')}
    cli = session_from(state, url=None, token=None, password=None, as_json=False)
    place.drop_in.parent.mkdir()
    place.drop_in.write_text(drop_in(cli, place))
    done = _analyze("--user", "verify", "--man=no", str(unit), runtime=tmp_path)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


@needs_systemd
def test_what_an_intruder_could_do_from_the_gateway_is_little(tmp_path: Path) -> None:
    unit = _installed(tmp_path, _FOLDER / _UNIT)
    done = _analyze("security", "--offline=true", "--no-pager", str(unit), runtime=tmp_path)
    found = re.search(r"Overall exposure level for \S+: ([\d.]+)", done.stdout)
    assert found, done.stdout + done.stderr
    assert float(found[1]) <= _MAX_EXPOSURE, done.stdout


@pytest.mark.parametrize("name", [_UNIT, f"user/{_UNIT}"])
def test_a_unit_waits_for_readiness_feeds_a_watchdog_and_does_not_try_again_what_needs_the_owner(name: str) -> None:
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment]  # names of options keep their case
    parser.read(_FOLDER / name)
    service = parser["Service"]
    assert (service["Type"], service["WatchdogSec"]) == ("notify", "60")
    assert service["RestartPreventExitStatus"] == "78"
    assert "AF_NETLINK" in service["RestrictAddressFamilies"], "which addresses there are is asked over netlink"


class _Denied(GatewayProcess):
    """A gateway that may map no memory both writable and executable, as MemoryDenyWriteExecute= has it."""

    @property
    def prefix(self) -> list[str]:
        deny = f"import ctypes, os, sys; ctypes.CDLL(None).prctl({_PR_SET_MDWE}, 1, 0, 0, 0)"
        code = f"{deny}; os.execv(sys.argv[1], sys.argv[1:])"
        return [self.python, "-c", code]


def _kernel_denies() -> bool:
    """Tell whether this kernel has the switch (Linux 6.3), without turning it."""
    return ctypes.CDLL(None).prctl(_PR_GET_MDWE, 0, 0, 0, 0) >= 0


@pytest.mark.engine
@pytest.mark.skipif(not _kernel_denies(), reason="this kernel is older than 6.3: it cannot deny it without systemd")
def test_gateway_and_engine_work_where_no_memory_is_writable_and_executable(tmp_path: Path) -> None:
    with _Denied(tmp_path / "box", OPENCLAW_DISABLE_BONJOUR="1") as gateway:

        def answers() -> bool:
            done = gateway.homarus("ask", "set a timer for ten minutes")
            return "10 minutes" in done.stdout

        until(answers, timeout_s=60, what="an answer of the embedded model")
