import socket
from pathlib import Path

from appliance.host.systemd import Notifier


def test_state_lines_reach_the_socket_of_systemd(tmp_path: Path) -> None:
    address = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(address)
        notifier = Notifier({"NOTIFY_SOCKET": address, "WATCHDOG_USEC": "20000000"})
        notifier.ready("port 18789")
        notifier.alive()
        notifier.stopping()
        lines = [listener.recv(200).decode() for _ in range(3)]
    assert lines == ["READY=1\nSTATUS=port 18789", "WATCHDOG=1", "STOPPING=1"]
    assert notifier.watchdog_s == 10


def test_without_systemd_nothing_happens() -> None:
    notifier = Notifier({})
    notifier.ready("alone")
    assert notifier.watchdog_s == 0
