"""A machine that boots an image: QEMU without KVM, its disk, its console, its monitor and commands inside it.

The image is not changed: what a test wants of the machine comes as credentials in its firmware tables, which systemd
reads (systemd.system-credentials(7)), and everything written goes to a copy of the disk.
"""

from __future__ import annotations

import base64
import contextlib
import os
import shutil
import socket
import ssl
import subprocess
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.image import guest, tools
from tests.image.disks import copy_sparse
from tests.image.monitor import Monitor
from tests.image.waiting import until

BOOT_S = 400.0  # one of nine emulated boots loses its timer and takes that long
_STOP_S = 120.0
_STALLED = b"rcu_preempt detected stalls"  # emulation with two processors loses a timer now and then
DISK, SURFACE = "disk", "surface"  # nodes of QEMU: the image, and what the machine sees of it
_DISK_BYTES = 6 << 30  # more than the image: the data partition has to grow
_ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Hardware:
    """What differs between the machines: program, type, processor, its firmware inside the tools tree."""

    program: str
    kind: tuple[str, ...]
    code: str
    variables: str


HARDWARE: Mapping[str, Hardware] = {
    "amd64": Hardware(
        "qemu-system-x86_64",
        ("-machine", "q35", "-cpu", "max,la57=off"),
        "usr/share/OVMF/OVMF_CODE_4M.fd",
        "usr/share/OVMF/OVMF_VARS_4M.fd",
    ),
    "arm64": Hardware(
        "qemu-system-aarch64",
        ("-machine", "virt,gic-version=3", "-cpu", "cortex-a72"),
        "usr/share/AAVMF/AAVMF_CODE.no-secboot.fd",
        "usr/share/AAVMF/AAVMF_VARS.fd",
    ),
}


@dataclass(frozen=True, slots=True)
class Setup:
    """What a machine is started with.

    `rtc` is a date for its clock; `network` False takes the network device away; `log` names a file that gets every
    write to the disk (dm-log-writes format); `more` are further words for QEMU.
    """

    arch: str = "amd64"
    memory_mb: int = 1024
    credentials: Mapping[str, str] = field(default_factory=dict)
    rtc: str = ""
    network: bool = True
    log: Path | None = None
    append: bool = False
    more: Sequence[str] = ()


def logs_folder() -> Path:
    """Return where the console of a machine that failed is kept."""
    folder = Path(_ARTIFACTS) / "image" if _ARTIFACTS else _ROOT / "build" / "image" / "logs"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


_ARTIFACTS = os.environ.get("CI_ARTIFACTS", "")


class Machine:
    """One machine with one disk. `start` and `stop` it as often as needed; `close` removes what belongs to it."""

    def __init__(self, disk: Path, name: str, setup: Setup | None = None) -> None:
        self.disk = disk
        self.name = name
        self.setup = setup or Setup()
        self.folder = Path(tempfile.mkdtemp(prefix="hq"))  # a short path: it holds Unix sockets
        self.port = _free_port()
        self.ssh_port = _free_port()
        self.guest = guest.Guest(self.folder / "agent")
        self._process: subprocess.Popen[bytes] | None = None
        self._boots = 0
        self._stalls = 0

    @property
    def console(self) -> Path:
        """What the serial console printed since the last start."""
        return self.folder / f"console{self._boots}.log"

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.port}"

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> Machine:
        """Switch the machine on; it boots while this returns."""
        assert not self.running
        self._boots += 1
        self._stalls = 0
        hardware = HARDWARE[self.setup.arch]
        variables = self.folder / "variables.fd"
        if not variables.exists():
            shutil.copy(tools.tree() / hardware.variables, variables)
        with (self.folder / "qemu.log").open("ab") as output:
            self._process = subprocess.Popen(
                tools.command(*self._words(hardware, variables)), stdin=subprocess.DEVNULL, stdout=output, stderr=output
            )
        until(self._has_monitor, timeout_s=60, what=f"the monitor of {self.name}")
        return self

    def kill(self) -> None:
        """Take the power away."""
        self.guest.close()
        if self._process:
            self._process.kill()
            self._process.wait()
        self._process = None

    def stop(self) -> None:
        """Press the power button and wait; a machine that does not go down in time is killed, and that is an error."""
        self.monitor("system_powerdown")
        self.ended()

    def ended(self, timeout_s: float = _STOP_S) -> None:
        """Wait until the machine is off."""
        try:
            until(lambda: not self.running, timeout_s=timeout_s, what=f"{self.name} going down")
        finally:
            self.kill()

    def close(self) -> None:
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def monitor(self, verb: str, **arguments: object) -> object:
        """Send one command to the monitor and return its answer."""
        with Monitor(self.folder / "monitor") as monitor:
            return monitor.ask(verb, **arguments)

    def keep_logs(self) -> str:
        """Copy consoles to the folder of logs; return the last lines of the newest and where they lie."""
        target = logs_folder()
        for each in (*self.folder.glob("console*.log"), self.folder / "qemu.log"):
            if each.exists():
                shutil.copy(each, target / f"{self.name}-{each.name}")
        with contextlib.suppress(Exception):
            journal = self.guest.run("journalctl", "-b", "--no-pager", "-o", "short-monotonic", timeout_s=60).out
            (target / f"{self.name}-journal.log").write_text(journal, "utf-8")
        tail = self.console.read_text("utf-8", errors="replace")[-3000:] if self.console.exists() else ""
        return f"{tail}\n(logs: {target})"

    def http(self, path: str, timeout_s: float = 10) -> tuple[int, str]:
        """Ask the gateway over the forwarded port; status 0 where nothing answers."""
        context = ssl._create_unverified_context()  # the box signs for itself; its fingerprint is the client's matter
        for scheme in ("https", "http"):
            try:
                with urllib.request.urlopen(
                    f"{scheme}://127.0.0.1:{self.port}{path}", timeout=timeout_s, context=context
                ) as answer:
                    return answer.status, answer.read().decode()
            except urllib.error.HTTPError as error:
                with error:
                    return error.code, error.read().decode()
            except (OSError, ValueError):
                continue
        return 0, ""

    def ready(self, timeout_s: float = BOOT_S) -> None:
        """Wait until the gateway answers over the forwarded port. A processor that stalls meanwhile is reset."""
        until(self._alive, timeout_s=timeout_s, what=f"the gateway of {self.name}", pause_s=1)

    def reset_if_stalled(self) -> None:
        """Press the reset button where the emulation lost a timer: the machine would stand still for good."""
        stalls = self.console.read_bytes().count(_STALLED) if self.console.exists() else 0
        if stalls > self._stalls and self.running:
            print(f"{self.name}: its emulated processor stalled; reset", flush=True)
            self.monitor("system_reset")
        self._stalls = stalls

    def boot(self) -> Machine:
        """Start and wait until the gateway answers; tried once more from the same disk where it takes too long."""
        try:
            self.start().ready()
        except TimeoutError:
            self.keep_logs()
            self.kill()
            self.start().ready()
        return self

    def _alive(self) -> bool:
        if not self.running:
            raise RuntimeError(f"{self.name} went off: {(self.folder / 'qemu.log').read_text(errors='replace')}")
        self.reset_if_stalled()
        return self.http("/healthz")[0] == 200

    def _has_monitor(self) -> bool:
        if not self.running:
            raise RuntimeError(f"QEMU did not start: {(self.folder / 'qemu.log').read_text(errors='replace')}")
        try:
            return bool(self.monitor("query-status"))
        except OSError:
            return False

    def _words(self, hardware: Hardware, variables: Path) -> Iterator[str]:
        setup = self.setup
        yield from (hardware.program, *hardware.kind, "-accel", "tcg,thread=multi")
        yield from (
            "-smp",
            "2",
            "-m",
            str(setup.memory_mb),
            "-display",
            "none",
            "-nodefaults",
            "-no-user-config",
            "-name",
            self.name,
        )
        yield from ("-drive", f"if=pflash,format=raw,readonly=on,file=/{hardware.code}")
        yield from ("-drive", f"if=pflash,format=raw,file={variables}")
        yield from self._disk_words()
        yield from (
            "-chardev",
            f"{_socket('console', self.folder)},logfile={self.console}",
            "-serial",
            "chardev:console",
        )
        yield from ("-qmp", f"unix:{self.folder}/monitor,server=on,wait=off")
        yield from ("-device", "virtio-serial-pci", "-chardev", _socket("agent", self.folder))
        yield from ("-device", f"virtserialport,chardev=agent,name={guest.PORT}")
        yield from ("-device", "i6300esb", "-action", "watchdog=reset", "-device", "virtio-rng-pci")
        if setup.network:
            forwards = f"hostfwd=tcp:127.0.0.1:{self.port}-:18789,hostfwd=tcp:127.0.0.1:{self.ssh_port}-:22"
            yield from ("-netdev", f"user,id=net,{forwards}", "-device", "virtio-net-pci,netdev=net,id=nic,romfile=")
        if setup.rtc:
            yield from ("-rtc", f"base={setup.rtc}")
        for number, (name, text) in enumerate({**guest.credentials(), **setup.credentials}.items()):
            file = self.folder / f"credential{number}"
            value = base64.b64encode(text.encode()).decode()
            file.write_text(f"io.systemd.credential.binary:{name}={value}")
            yield from ("-smbios", f"type=11,path={file}")
        yield from setup.more

    def _disk_words(self) -> Iterator[str]:
        kind = "qcow2" if self.disk.suffix == ".qcow2" else "raw"
        yield from ("-blockdev", f"driver=file,node-name=file,filename={self.disk},cache.direct=off")
        yield from ("-blockdev", f"driver={kind},node-name={DISK},file=file")
        # What is above can be put on another node while the machine runs (broken.py).
        yield from ("-blockdev", f"driver=raw,node-name={SURFACE},file={DISK}")
        node = SURFACE
        if self.setup.log:
            self.setup.log.touch()
            words = "log-append=on" if self.setup.append and self.setup.log.stat().st_size else "log-sector-size=512"
            yield from ("-blockdev", f"driver=file,node-name=logfile,filename={self.setup.log}")
            yield from ("-blockdev", f"driver=blklogwrites,node-name=logged,file={SURFACE},log=logfile,{words}")
            node = "logged"
        yield from ("-device", f"virtio-blk-pci,drive={node},write-cache=on")


def _socket(name: str, folder: Path) -> str:
    return f"socket,id={name},path={folder}/{name},server=on,wait=off"


def fresh_disk(image: Path, folder: Path, name: str, size: int = _DISK_BYTES) -> Path:
    """Return a sparse copy of `image`, grown as a larger card would be."""
    return copy_sparse(image, folder / f"{name}.raw", grown=size)


def fork_disk(disk: Path, folder: Path, name: str) -> Path:
    """Return a disk that begins as `disk` (which must not change any more) and keeps what is written to itself."""
    target = folder / f"{name}.qcow2"
    kind = "qcow2" if disk.suffix == ".qcow2" else "raw"
    tools.run("qemu-img", "create", "-q", "-f", "qcow2", "-F", kind, "-b", disk, target)
    return target


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
