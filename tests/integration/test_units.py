"""The units of systemd, read by systemd itself, without a running one."""

from __future__ import annotations

import configparser
import ctypes
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from appliance.cli.onboarding.units import Place, drop_in
from tests.integration.gateway_process import GatewayProcess
from tests.integration.waiting import until

_FOLDER = Path(__file__).resolve().parents[2] / "systemd"
_UNIT = "homarus-gateway.service"
# systemd's own measure, from 0 (nothing can be done from it) to 10. Root's work on a box may need more than the rest.
_MAX_EXPOSURE = {
    _UNIT: 2.0,
    "homarus-engine@.service": 2.0,
    "homarus-worker@.service": 2.0,
    "homarus-host@.service": 2.5,
    "homarus-node.service": 9.0,  # runs what its owner allows it to
}
_MAX_EXPOSURE_OF_OTHERS = 3.5
_KINDS = (".service", ".socket", ".timer", ".target", ".slice", ".path", ".mount")
_NEWER = {"20-credentials.conf": 254}  # settings that an older systemd does not know: scripts/install leaves them out
_PR_SET_MDWE, _PR_GET_MDWE = 65, 66  # prctl(2)
_HAS_ANALYZE = shutil.which("systemd-analyze") is not None
needs_systemd = pytest.mark.skipif(not _HAS_ANALYZE, reason="systemd-analyze is not here; the package systemd has it")
_UNITS = sorted(path.name for path in _FOLDER.iterdir() if path.suffix in _KINDS)


def _installed(folder: Path, source: Path) -> Path:
    """Copy units and drop-ins, with programs that are on this machine, as the drop-ins of an installation have them."""
    version = int(re.findall(r"^systemd (\d+)", _analyze("--version", runtime=folder).stdout)[0])
    units = folder / "units"
    shutil.copytree(source, units)
    for path in units.rglob("*"):
        if path.is_file():
            text = re.sub(r"^(Exec\w+=[-+!@:]*)[/%]\S+", r"\1/bin/true", path.read_text(), flags=re.M)
            path.write_text(text)
        if _NEWER.get(path.name, 0) > version:
            path.unlink()
    return units


def _analyze(*arguments: str, runtime: Path, units: Path | None = None) -> subprocess.CompletedProcess[str]:
    environ = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "XDG_RUNTIME_DIR": str(runtime), "HOME": str(runtime)}
    if units is not None:
        environ["SYSTEMD_UNIT_PATH"] = f"{units}:"
    return subprocess.run(
        ["systemd-analyze", *arguments], capture_output=True, text=True, check=False, timeout=60, env=environ
    )


@needs_systemd
def test_systemd_finds_nothing_wrong_with_any_unit(tmp_path: Path) -> None:
    units = _installed(tmp_path, _FOLDER)
    names = []
    for name in _UNITS:
        instance = name.replace("@.", "@1-2-3.")  # as a socket names it
        if instance != name:
            shutil.copy(units / name, units / instance)
        names.append(str(units / instance))
    done = _analyze("--system", "verify", "--man=no", *names, runtime=tmp_path, units=units)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


@needs_systemd
def test_systemd_finds_nothing_wrong_with_the_unit_of_one_person(tmp_path: Path) -> None:
    units = _installed(tmp_path, _FOLDER / "user")
    done = _analyze("--user", "verify", "--man=no", str(units / _UNIT), runtime=tmp_path)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


@needs_systemd
def test_systemd_reads_the_drop_in_of_an_installation_whatever_its_paths_hold(tmp_path: Path) -> None:
    unit = tmp_path / _UNIT
    unit.write_text((_FOLDER / "user" / _UNIT).read_text())
    place = Place(False, tmp_path)
    state = {"HOMARUS_STATE_DIR": str(tmp_path / 'my 100% "box" $HOME')}
    place.drop_in.parent.mkdir()
    place.drop_in.write_text(drop_in(state, place, _UNIT))
    done = _analyze("--user", "verify", "--man=no", str(unit), runtime=tmp_path)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


@needs_systemd
@pytest.mark.parametrize("name", [name for name in _UNITS if name.endswith(".service")])
def test_what_an_intruder_could_do_from_a_service_is_little(tmp_path: Path, name: str) -> None:
    units = _installed(tmp_path, _FOLDER)
    done = _analyze("security", "--offline=true", "--no-pager", str(units / name), runtime=tmp_path, units=units)
    found = re.search(r"Overall exposure level for \S+: ([\d.]+)", done.stdout)
    assert found, done.stdout + done.stderr
    assert float(found[1]) <= _MAX_EXPOSURE.get(name, _MAX_EXPOSURE_OF_OTHERS), done.stdout


def test_every_service_of_the_box_gets_the_block_that_all_share() -> None:
    """By its name: a prefix drop-in knows nothing else. A mask of the block is a decision for one unit alone."""
    assert all(name.startswith("homarus-") for name in _UNITS if name.endswith(".service"))
    masks = sorted(str(path.relative_to(_FOLDER)) for path in _FOLDER.glob("*.d/10-hardening.conf"))
    assert masks == ["homarus-.service.d/10-hardening.conf", "homarus-node.service.d/10-hardening.conf"]


def test_every_deviation_says_why() -> None:
    bare = [
        str(path.relative_to(_FOLDER))
        for path in _FOLDER.glob("*.d/*.conf")
        if not re.search(r"^# \w", path.read_text(), flags=re.M)
    ]
    assert not bare


def test_an_engine_sees_models_and_its_folder_and_neither_database_nor_keys_nor_doors() -> None:
    text = (_FOLDER / "homarus-engine@.service").read_text()
    bound = re.findall(r"^Bind(?:ReadOnly)?Paths=(.*)$", text, flags=re.MULTILINE)
    assert re.search(r"^TemporaryFileSystem=/var/lib/homarus:ro", text, flags=re.MULTILINE)
    assert bound == ["-/var/lib/homarus/models", "-/var/lib/homarus/peers", "-/var/lib/homarus/engine"]
    hidden = re.findall(r"^InaccessiblePaths=(.*)$", text, flags=re.MULTILINE)[0]
    for door in ("/run/homarus", "/run/homarus-spawn", "/run/homarus-host.sock", "/run/dbus", "/data"):
        assert f"-{door} " in f"{hidden} "
    assert "PrivateUsers=yes" in text


@pytest.mark.parametrize("name", [_UNIT, f"user/{_UNIT}"])
def test_a_unit_waits_for_readiness_feeds_a_watchdog_and_does_not_try_again_what_needs_the_owner(name: str) -> None:
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment]  # names of options keep their case
    parser.read(_FOLDER / name)
    network = _FOLDER / f"{_UNIT}.d/20-network.conf"
    service = parser["Service"]
    assert (service["Type"], service["WatchdogSec"]) == ("notify", "60")
    assert service["RestartPreventExitStatus"] == "78"
    families = service.get("RestrictAddressFamilies") or network.read_text()
    assert "AF_NETLINK" in families, "which addresses there are is asked over netlink"


def test_the_time_of_a_version_on_trial_does_not_run_while_its_state_is_copied() -> None:
    lines = (_FOLDER / "homarus-deadline.timer").read_text().splitlines()
    assert "After=sysinit.target homarus-state.service" in lines
    assert "DefaultDependencies=no" in lines, "basic.target would wait for the state too"
    assert [line for line in lines if re.match(r"On\w+=", line)] == ["OnActiveSec=10min"]


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
