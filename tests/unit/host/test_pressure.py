"""Memory is read from recorded trees: plain machines, groups of both kinds, containers, kernels that say little."""

from __future__ import annotations

from pathlib import Path

import pytest

from appliance.host.pressure import MemoryReader, Reading

_MIB = 1 << 20
_MEMINFO = """MemTotal:        3884092 kB
MemFree:          248348 kB
MemAvailable:    2097152 kB
Buffers:           10240 kB
SwapTotal:        102396 kB
SwapFree:          51200 kB
"""
_VMSTAT = "nr_free_pages 62087\npswpin 100\npswpout 2500\npgfault 99999\n"
_PRESSURE = """some avg10=12.50 avg60=3.10 avg300=0.80 total=123456
full avg10=4.25 avg60=1.00 avg300=0.10 total=23456
"""


def _tree(root: Path, files: dict[str, str]) -> MemoryReader:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return MemoryReader(root, 4096)


_MACHINE = {"proc/meminfo": _MEMINFO, "proc/vmstat": _VMSTAT, "proc/pressure/memory": _PRESSURE}


def test_a_machine_without_groups(tmp_path: Path) -> None:
    assert _tree(tmp_path, _MACHINE).read() == Reading(
        total=3884092 * 1024,
        available=2048 * _MIB,
        psi_some10=12.5,
        psi_full10=4.25,
        swap_total=102396 * 1024,
        swap_free=51200 * 1024,
        swapped_in=100 * 4096,
        swapped_out=2500 * 4096,
    )


def test_a_group_of_the_second_version_narrows_it(tmp_path: Path) -> None:
    group = "sys/fs/cgroup/system.slice/homarus.service"
    reading = _tree(
        tmp_path,
        _MACHINE
        | {
            "proc/self/cgroup": "0::/system.slice/homarus.service\n",
            f"{group}/memory.current": f"{700 * _MIB}\n",
            f"{group}/memory.max": "max\n",
            f"{group}/memory.high": f"{1000 * _MIB}\n",
            f"{group}/memory.stat": f"anon 9\ninactive_file {50 * _MIB}\nactive_file {20 * _MIB}\n",
            f"{group}/memory.pressure": _PRESSURE.replace("12.50", "20.00").replace("4.25", "1.00"),
            "sys/fs/cgroup/cgroup.controllers": "memory\n",
        },
    ).read()
    assert reading.available == 370 * _MIB
    assert reading.total == 1000 * _MIB
    assert (reading.cgroup_current, reading.cgroup_limit) == (700 * _MIB, 1000 * _MIB)
    assert (reading.psi_some10, reading.psi_full10) == (20.0, 4.25), "the larger one of machine and group"


def test_a_slice_above_may_be_tighter_than_the_group_itself(tmp_path: Path) -> None:
    reading = _tree(
        tmp_path,
        _MACHINE
        | {
            "proc/self/cgroup": "0::/box.slice/homarus.service/engine\n",
            "sys/fs/cgroup/box.slice/memory.current": f"{900 * _MIB}\n",
            "sys/fs/cgroup/box.slice/memory.max": f"{1000 * _MIB}\n",
            "sys/fs/cgroup/box.slice/homarus.service/memory.current": f"{100 * _MIB}\n",
            "sys/fs/cgroup/box.slice/homarus.service/memory.max": f"{800 * _MIB}\n",
            "sys/fs/cgroup/box.slice/homarus.service/engine/memory.current": f"{50 * _MIB}\n",
            "sys/fs/cgroup/box.slice/homarus.service/engine/memory.max": "max\n",
        },
    ).read()
    assert reading.available == 100 * _MIB
    assert reading.cgroup_limit == 1000 * _MIB


def test_a_group_over_its_limit_has_nothing_left(tmp_path: Path) -> None:
    reading = _tree(
        tmp_path,
        _MACHINE
        | {
            "proc/self/cgroup": "0::/\n",
            "sys/fs/cgroup/memory.current": "2000\n",
            "sys/fs/cgroup/memory.high": "1000\n",
        },
    ).read()
    assert reading.available == 0


@pytest.mark.parametrize("path", ["/", "/../../docker/0123456789abcdef", "/docker/0123456789abcdef"])
def test_in_a_container_the_mount_itself_is_the_group(tmp_path: Path, path: str) -> None:
    reading = _tree(
        tmp_path,
        _MACHINE
        | {
            "proc/self/cgroup": f"0::{path}\n",
            "sys/fs/cgroup/memory.current": f"{100 * _MIB}\n",
            "sys/fs/cgroup/memory.max": f"{512 * _MIB}\n",
        },
    ).read()
    assert reading.available == 412 * _MIB


def test_a_kernel_with_the_old_controller_only(tmp_path: Path) -> None:
    group = "sys/fs/cgroup/memory/system.slice"
    files = _MACHINE | {
        "proc/self/cgroup": "9:name=systemd:/\n4:cpu,memory:/system.slice\n0::/\n",
        f"{group}/memory.usage_in_bytes": f"{300 * _MIB}\n",
        f"{group}/memory.limit_in_bytes": f"{400 * _MIB}\n",
        f"{group}/memory.stat": f"inactive_file 1\ntotal_inactive_file {20 * _MIB}\n",
        "sys/fs/cgroup/unified/cgroup.procs": "1\n",
    }
    assert _tree(tmp_path, files).read().available == 120 * _MIB


def test_an_old_group_without_limit_changes_nothing(tmp_path: Path) -> None:
    files = _MACHINE | {
        "proc/self/cgroup": "4:memory:/\n",
        "sys/fs/cgroup/memory/memory.usage_in_bytes": f"{300 * _MIB}\n",
        "sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n",
    }
    reading = _tree(tmp_path, files).read()
    assert (reading.available, reading.cgroup_limit) == (2048 * _MIB, 0)


def test_missing_files_say_nothing(tmp_path: Path) -> None:
    assert MemoryReader(tmp_path).read() == Reading(0, 0)
    only_group = {
        "proc/self/cgroup": "0::/\n",
        "sys/fs/cgroup/memory.current": "100\n",
        "sys/fs/cgroup/memory.max": "300\n",
    }
    reading = _tree(tmp_path, only_group).read()
    assert (reading.total, reading.available) == (300, 200)


def test_an_old_kernel_without_the_estimate_gives_what_is_free(tmp_path: Path) -> None:
    text = "".join(line + "\n" for line in _MEMINFO.splitlines() if "MemAvailable" not in line)
    assert _tree(tmp_path, {"proc/meminfo": text}).read().available == 248348 * 1024


@pytest.mark.parametrize(
    "damage", ["", "\0", "MemTotal:\n: 5\nMemAvailable: many kB\n", "x" * 10_000, "some\nfull avg10=x\n"]
)
def test_files_that_hold_something_else_say_nothing(tmp_path: Path, damage: str) -> None:
    names = ["proc/meminfo", "proc/vmstat", "proc/pressure/memory", "proc/self/cgroup", "sys/fs/cgroup/memory.current"]
    reading = _tree(tmp_path, dict.fromkeys(names, damage)).read()
    assert reading == Reading(0, 0)
    (tmp_path / "proc/meminfo").write_bytes(b"\xff\xfe")
    assert MemoryReader(tmp_path).read() == Reading(0, 0)


def test_the_machine_that_runs_this_test_can_be_read() -> None:
    reading = MemoryReader().read()
    assert 0 < reading.available <= reading.total


@pytest.mark.parametrize(("limit", "available"), [("1073741824", 1024 - 700 + 400), ("max", 2048)])
def test_limits_of_the_group_where_it_is_to_run_count_too(tmp_path: Path, limit: str, available: int) -> None:
    group = "sys/fs/cgroup/homarus.slice/homarus-engine.slice"
    files = {
        f"{group}/memory.current": str(700 * _MIB),
        f"{group}/memory.high": limit,
        f"{group}/memory.max": "max",
        f"{group}/memory.stat": f"anon 5\nactive_file {300 * _MIB}\ninactive_file {100 * _MIB}\n",
        "proc/self/cgroup": "0::/homarus.slice/homarus-gateway.service\n",
    }
    _tree(tmp_path, _MACHINE | files)
    reading = MemoryReader(tmp_path, 4096, group="homarus.slice/homarus-engine.slice").read()
    assert reading.available == available * _MIB
    assert MemoryReader(tmp_path, 4096).read().available == 2048 * _MIB
    assert MemoryReader(tmp_path, 4096, group="not/there").read().available == 2048 * _MIB
