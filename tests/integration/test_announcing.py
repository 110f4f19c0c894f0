"""A gateway that others may reach is announced by a process of its own."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from pathlib import Path

from tests.integration.box import no_engine
from tests.integration.gateway_process import GatewayProcess

_WAIT_S = 30.0


def _children(pid: int) -> list[int]:
    return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _announcers(pid: int) -> list[int]:
    return [one for one in _children(pid) if "appliance.discovery" in _command(one)]


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
    except OSError:
        return ""


def _until(wanted: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _WAIT_S
    while not wanted():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_the_gateway_itself_never_speaks_multicast(tmp_path: Path) -> None:
    gateway = GatewayProcess(tmp_path / "box", {"gateway": {"bind": "lan"}}, **no_engine(tmp_path))
    gateway.start()
    try:
        _until(lambda: bool(_announcers(gateway.pid)))
        assert "zeroconf" not in Path(f"/proc/{gateway.pid}/maps").read_text()
        (announcer,) = _announcers(gateway.pid)
        gateway.homarus("config", "set", "discovery.mdns.mode", "off")
        _until(lambda: not _announcers(gateway.pid))
        gateway.homarus("config", "set", "discovery.mdns.mode", "full")
        _until(lambda: bool(_announcers(gateway.pid)))
        (announcer,) = _announcers(gateway.pid)
        gateway.signal(signal.SIGKILL)
        _until(lambda: "appliance.discovery" not in _command(announcer))  # it does not outlive the gateway
    finally:
        gateway.stop()


def test_a_renewed_certificate_is_announced_without_a_restart(tmp_path: Path) -> None:
    gateway = GatewayProcess(tmp_path / "box", {"gateway": {"bind": "lan"}}, **no_engine(tmp_path))
    gateway.start()

    def told(fingerprint: str) -> bool:
        return any(fingerprint in _command(one) for one in _announcers(gateway.pid))

    try:
        before = gateway.call("homarus.security.audit")["fingerprint"]
        _until(lambda: told(before))
        after = gateway.call("homarus.security.renewCertificate")["fingerprint"]
        assert after != before
        _until(lambda: told(after) and not told(before))
    finally:
        gateway.stop()


def test_a_gateway_on_loopback_is_not_announced(tmp_path: Path) -> None:
    gateway = GatewayProcess(tmp_path / "box", {}, **no_engine(tmp_path))
    gateway.start()
    try:
        assert not _announcers(gateway.pid)
    finally:
        gateway.stop()
