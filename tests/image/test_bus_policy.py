"""What of root's services is open to the gateway: RAUC on a real message bus that refuses as that of a system does."""

from __future__ import annotations

import configparser
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from image.stages.overlay import ROOTFS, UNITS
from tests.fakes.bus import Answer, Asked, Service

_NAME = "de.pengutronix.rauc"
_POLICY = ROOTFS / f"usr/share/dbus-1/system.d/{_NAME}.conf"
_NOBODY = 65534
# What /usr/share/dbus-1/system.conf says before the files of services.
_BUS = """<busconfig><type>system</type><listen>unix:path={socket}</listen><auth>EXTERNAL</auth>
<policy context="default"><allow user="*"/><deny own="*"/><deny send_type="method_call"/><allow send_type="signal"/>
<allow send_requested_reply="true" send_type="method_return"/><allow send_requested_reply="true" send_type="error"/>
<allow receive_type="method_call"/><allow receive_type="method_return"/><allow receive_type="error"/>
<allow receive_type="signal"/>
<allow send_destination="org.freedesktop.DBus" send_interface="org.freedesktop.DBus"/></policy>
<include>{policy}</include></busconfig>"""

_needs_root = pytest.mark.skipif(
    os.geteuid() != 0 or not shutil.which("busctl") or not shutil.which("dbus-daemon"),
    reason="only root can ask as somebody else",
)


@pytest.fixture
def bus() -> Iterator[str]:
    folder = Path(tempfile.mkdtemp(prefix="homarus-bus-", dir="/tmp"))
    folder.chmod(0o755)  # others have to get at the socket
    config, policy = folder / "bus.xml", folder / "rauc.conf"
    shutil.copyfile(_POLICY, policy)
    config.write_text(_BUS.format(socket=folder / "bus.sock", policy=policy))
    argv = ["dbus-daemon", f"--config-file={config}", "--nofork", "--nopidfile", "--print-address"]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline().strip()
        finally:
            process.terminate()
    shutil.rmtree(folder)


def _ask(address: str, user: int, interface: str, *call: str) -> bool:
    argv = ["busctl", f"--address={address}", "--timeout=10", "call", _NAME, "/", interface, *call]
    done = subprocess.run(
        argv, user=user, group=user, extra_groups=[], cwd="/", capture_output=True, text=True, check=False
    )
    assert done.returncode == 0 or "denied" in done.stderr.lower(), done.stderr
    return done.returncode == 0


@_needs_root
def test_the_gateway_may_look_at_the_slots_and_do_nothing_to_them(bus: str) -> None:
    asked: list[str] = []

    def answer(call: Asked) -> Answer:
        asked.append(call.member)
        return Answer()

    installer, properties = f"{_NAME}.Installer", "org.freedesktop.DBus.Properties"
    acts = [
        (
            installer,
            "InstallBundle",
            "sa{sv}",
            "https://example.org/old.raucb",
            "1",
            "ignore-version-limit",
            "b",
            "true",
        ),
        (installer, "Install", "s", "/tmp/old.raucb"),
        (installer, "InspectBundle", "sa{sv}", "/tmp/old.raucb", "0"),
        (installer, "Mark", "ss", "bad", "booted"),
        (properties, "Set", "ssv", installer, "Operation", "s", "idle"),
    ]
    looks = [(installer, "GetSlotStatus"), (installer, "GetPrimary"), (properties, "GetAll", "s", installer)]
    with Service(bus, _NAME, answer):
        assert [_ask(bus, _NOBODY, *act) for act in acts] == [False] * len(acts)
        assert asked == []
        assert [_ask(bus, _NOBODY, *look) for look in looks] == [True] * len(looks)
        assert [_ask(bus, 0, *act) for act in acts] == [True] * len(acts)


def test_an_operator_of_tailscale_can_open_no_shell_on_the_box() -> None:
    lines = (UNITS / "homarus-tailscaled.service").read_text().splitlines()
    words = [word for line in lines if line.startswith("Environment=") for word in line.partition("=")[2].split()]
    assert "TS_DISABLE_SSH_SERVER=true" in words


@pytest.mark.parametrize("unit", ["homarus-engine@.service", "homarus-worker@.service"])
def test_what_reads_a_model_of_a_stranger_has_no_door_to_tailscale(unit: str) -> None:
    """The user of both is its operator, who may let the box serve others or join another tailnet."""
    lines = (UNITS / unit).read_text().splitlines()
    hidden = {word for line in lines if line.startswith("Inaccessible") for word in line.partition("=")[2].split()}
    assert {"-/run/tailscale", "-/run/homarus", "-/run/homarus-host.sock", "-/data", "-/efi"} <= hidden
    made = (ROOTFS / "usr/lib/tmpfiles.d/homarus-doors.conf").read_text()
    assert "d /run/tailscale 0755 root root" in made
    assert "RuntimeDirectoryPreserve=yes" in (UNITS / "homarus-tailscaled.service").read_text().splitlines()


def test_links_of_others_are_not_followed_whatever_kernel_a_board_has() -> None:
    lines = (ROOTFS / "usr/lib/sysctl.d/60-homarus.conf").read_text().splitlines()
    assert {"fs.protected_symlinks = 1", "fs.protected_hardlinks = 1"} <= set(lines)


def test_networks_are_changed_by_root_alone() -> None:
    read = configparser.ConfigParser()
    read.read(ROOTFS / "etc/NetworkManager/conf.d/10-homarus.conf")
    assert read["main"]["auth-polkit"] == "root-only"
