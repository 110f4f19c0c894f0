"""The list of programs that a node lets its gateway run."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from appliance.nodehost.allow import AllowError, AllowList, Policy, Program, Rule, find


def _program(folder: Path, name: str) -> Path:
    path = folder / name
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


def test_nothing_is_allowed_at_first(tmp_path: Path) -> None:
    assert not AllowList(tmp_path / "allow.json").allows(Program("/usr/bin/id", ()))


def test_a_program_is_allowed_with_any_arguments_or_with_exactly_these(tmp_path: Path) -> None:
    allowed = AllowList(tmp_path / "allow.json")
    allowed.add(Rule("/usr/bin/uptime"))
    allowed.add(Rule("/usr/bin/systemctl", ("status", "nginx")))
    assert allowed.allows(Program("/usr/bin/uptime", ("-p",)))
    assert allowed.allows(Program("/usr/bin/systemctl", ("status", "nginx")))
    assert not allowed.allows(Program("/usr/bin/systemctl", ("stop", "nginx")))
    assert not allowed.allows(Program("/usr/bin/systemctl", ("status", "nginx", "--now")))


def test_what_is_removed_counts_no_longer_at_once(tmp_path: Path) -> None:
    allowed, other = AllowList(tmp_path / "allow.json"), AllowList(tmp_path / "allow.json")
    allowed.add(Rule("/usr/bin/uptime"))
    assert other.remove("/usr/bin/uptime")
    assert not other.remove("/usr/bin/uptime")
    assert not allowed.allows(Program("/usr/bin/uptime", ()))


def test_the_policy_full_asks_nobody(tmp_path: Path) -> None:
    allowed = AllowList(tmp_path / "allow.json")
    allowed.set_policy(Policy.FULL)
    assert allowed.allows(Program("/usr/bin/id", ()))


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"rules": 1}', b'{"policy": "maybe"}'])
def test_a_damaged_list_allows_nothing(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "allow.json").write_bytes(content)
    with pytest.raises(AllowError, match="mend or remove"):
        AllowList(tmp_path / "allow.json").allows(Program("/usr/bin/id", ()))


def test_the_list_is_for_its_owner_alone(tmp_path: Path) -> None:
    AllowList(tmp_path / "allow.json").add(Rule("/usr/bin/id"))
    assert (tmp_path / "allow.json").stat().st_mode & 0o777 == 0o600


def test_the_list_is_bounded(tmp_path: Path) -> None:
    allowed = AllowList(tmp_path / "allow.json")
    for number in range(1000):
        if number in (0, 998, 999):
            allowed.add(Rule(f"/bin/{number}"))
    rules = tuple(Rule(f"/bin/{number}") for number in range(999))
    allowed._write(type(allowed.read())(Policy.ASK, rules))
    allowed.add(Rule("/bin/last"))
    with pytest.raises(AllowError, match="1000 rules"):
        allowed.add(Rule("/bin/one-too-many"))


def test_a_program_is_found_without_its_links(tmp_path: Path) -> None:
    real = _program(tmp_path, "real")
    (tmp_path / "link").symlink_to(real)
    found = find(["link", "a"], {"PATH": str(tmp_path)})
    assert found == Program(os.path.realpath(real), ("a",))


@pytest.mark.parametrize("argv", [[], [""], ["no-such-program"], ["../real"]])
def test_what_is_no_program_is_not_found(tmp_path: Path, argv: list[str]) -> None:
    assert find(argv, {"PATH": str(tmp_path)}) is None


def test_a_command_line_is_shown_without_tricks() -> None:
    assert Program("/bin/sh", ("-c", "\x1b[2Jrm")).text == '["/bin/sh", "-c", "\\u001b[2Jrm"]'
