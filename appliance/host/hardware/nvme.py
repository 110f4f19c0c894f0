"""What an NVMe disk says of its own wear: the SMART log (NVM Express base specification, log page 02h).

Asked through the administration command of the kernel (linux/nvme_ioctl.h), which only root may send.
"""

from __future__ import annotations

import ctypes
import fcntl
import json
import logging
import os
import re
import struct
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from appliance.foundation.atomicfile import write_atomic

REPORTS: Final = Path("/run/homarus-disk")
"""One file for each disk, `nvme0.json`; readable by everybody, remade each day."""

_CONTROLLER: Final = re.compile(r"nvme\d+")
_LOG_BYTES: Final = 512
_GET_LOG_PAGE: Final = 0x02
_SMART: Final = 0x02
_ALL_NAMESPACES: Final = 0xFFFFFFFF
# struct nvme_admin_cmd: opcode, flags, rsvd1, nsid, cdw2, cdw3, metadata, addr, metadata_len, data_len, cdw10..15,
# timeout_ms, result.
_COMMAND: Final = struct.Struct("=BBHIIIQQII6III")
_ADMIN: Final = (3 << 30) | (_COMMAND.size << 16) | (ord("N") << 8) | 0x41  # _IOWR('N', 0x41, …)
_UNIT_BYTES: Final = 512_000  # "data units" are thousands of 512 bytes

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Smart:
    """`percentage_used` may be over 100. `critical_warning` is not 0 when the disk says that it fails."""

    critical_warning: int
    percentage_used: int
    available_spare: int
    bytes_written: int
    celsius: int


def parse(log: bytes) -> Smart:
    """Read the log page. Raises ValueError for one of another length."""
    if len(log) != _LOG_BYTES:
        raise ValueError("the SMART log has 512 bytes")
    kelvin = int.from_bytes(log[1:3], "little")
    written = int.from_bytes(log[48:64], "little") * _UNIT_BYTES
    return Smart(log[0], log[5], log[3], written, kelvin - 273)


def read(device: Path) -> Smart:
    """Ask a controller, /dev/nvme0. Raises OSError."""
    log = ctypes.create_string_buffer(_LOG_BYTES)
    dwords = (_LOG_BYTES // 4 - 1) << 16 | _SMART
    command = bytearray(
        _COMMAND.pack(
            *(_GET_LOG_PAGE, 0, 0, _ALL_NAMESPACES, 0, 0, 0),
            *(ctypes.addressof(log), 0, _LOG_BYTES, dwords, 0, 0, 0, 0, 0, 0, 0),
        )
    )
    descriptor = os.open(device, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.ioctl(descriptor, _ADMIN, command)
    finally:
        os.close(descriptor)
    return parse(log.raw)


def main(root: Path = Path("/"), reports: Path = REPORTS) -> int:
    """Write a report of each disk; 0 also where there is none."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    reports.mkdir(mode=0o755, exist_ok=True)
    for device in sorted(path for path in (root / "dev").glob("nvme*") if _CONTROLLER.fullmatch(path.name)):
        try:
            smart = read(device)
        except OSError as error:
            _log.warning("%s does not say how worn it is: %s", device, error.strerror or error)
            continue
        told = {_camel(name): value for name, value in asdict(smart).items()}
        write_atomic(reports / f"{device.name}.json", json.dumps(told).encode(), mode=0o644)
    return 0


def _camel(name: str) -> str:
    head, *tail = name.split("_")
    return head + "".join(word.capitalize() for word in tail)


if __name__ == "__main__":
    sys.exit(main())
