from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.mesh.model import MAX_CAPS, MAX_COMMANDS, MAX_NAME_CHARACTERS, Declared, declared
from appliance.mesh.surface import (
    CommandPolicy,
    Verdict,
    approve_scopes,
    common,
    cut,
    invoke_scope,
    judge,
    platform_of,
    refused,
    within,
)

_NAMES = ["device.info", "system.run", "camera.snap", "location.get", "system.which", "made.up"]
_surfaces = st.builds(
    lambda caps, commands: declared(tuple(caps), tuple(commands), ()),
    st.lists(st.sampled_from(["camera", "canvas", "system"]), max_size=3),
    st.lists(st.sampled_from(_NAMES), max_size=6),
)
_policies = st.builds(
    CommandPolicy, st.frozensets(st.sampled_from(_NAMES)), st.frozensets(st.sampled_from(_NAMES)), st.booleans()
)
_platforms = st.sampled_from(["ios", "android", "macos", "windows", "linux", "watchos", "unknown"])


@pytest.mark.parametrize(
    ("platform", "family", "name"),
    [
        ("iOS 19.1", "iPhone", "ios"),
        ("iPadOS 19", "iPad", "ios"),
        ("Android 16", "Android", "android"),
        ("darwin", "Mac", "macos"),
        ("macOS 16.2", "", "macos"),
        ("win32", "", "windows"),
        ("linux", "Linux", "linux"),
        ("watchOS 12", "", "watchos"),
        ("", "iPhone", "ios"),
        ("plan9", "", "unknown"),
        ("", "", "unknown"),
    ],
)
def test_a_platform_is_known_by_its_name_or_its_family(platform: str, family: str, name: str) -> None:
    assert platform_of(platform, family) == name


def test_a_phone_runs_no_programs_and_a_camera_needs_a_word_of_the_owner() -> None:
    policy = CommandPolicy()
    assert policy.allows("location.get", "ios")
    assert not policy.allows("system.run", "ios")
    assert not policy.allows("camera.snap", "ios")
    assert policy.allows("system.run", "linux")
    assert CommandPolicy(allow=frozenset({"camera.snap"})).allows("camera.snap", "ios")


def test_deny_wins_over_allow() -> None:
    both = frozenset({"camera.snap"})
    assert not CommandPolicy(allow=both, deny=both).allows("camera.snap", "linux")


@given(_surfaces, _surfaces, _platforms, _policies)
def test_what_is_effective_is_approved_declared_and_allowed(
    offered: Declared, approved: Declared, platform: str, policy: CommandPolicy
) -> None:
    effective = common(cut(offered, platform, policy), approved)
    for command in effective.commands:
        assert command in approved.commands
        assert command in offered.commands
        assert policy.allows(command, platform)
        assert command not in policy.deny
    assert within(effective, approved)
    for command in _NAMES:
        if command not in effective.commands:
            assert refused(command, offered, approved, platform, policy).reason != "command not available"


@given(_surfaces, _surfaces)
def test_only_what_goes_beyond_the_approved_asks_again(wanted: Declared, approved: Declared) -> None:
    verdict = judge(wanted, approved, trusted=True)
    assert (verdict is Verdict.KEEP) == within(wanted, approved)
    assert verdict is not Verdict.APPROVE, "trust counts for the first surface only"


def test_the_first_surface_of_a_trusted_device_needs_no_question() -> None:
    assert judge(Declared(), None, trusted=True) is Verdict.APPROVE
    assert judge(Declared(), None, trusted=False) is Verdict.ASK


@pytest.mark.parametrize(
    ("commands", "scopes"),
    [
        ((), ("operator.pairing",)),
        (("device.info",), ("operator.pairing", "operator.write")),
        (("device.info", "system.run"), ("operator.pairing", "operator.write", "operator.admin")),
        (("fs.listDir",), ("operator.pairing", "operator.write", "operator.admin")),
        (("browser.proxy.upload.v1",), ("operator.pairing", "operator.write", "operator.admin")),
    ],
)
def test_who_approves_needs_the_rights_of_the_commands(commands: tuple[str, ...], scopes: tuple[str, ...]) -> None:
    assert approve_scopes(commands) == scopes


def test_asking_for_files_and_approvals_of_a_node_is_for_owners() -> None:
    assert invoke_scope("system.run") == "operator.write"
    assert invoke_scope("fs.listDir") == "operator.admin"
    assert invoke_scope("system.execApprovals.set") == "operator.admin"


def test_a_surface_is_bounded_and_holds_no_tricks() -> None:
    many = tuple(f"command.{number:04}" for number in range(MAX_COMMANDS + 1))
    caps = tuple(f"cap{number:03}" for number in range(MAX_CAPS + 1))
    kept = declared(caps, many, (("camera", True), ("mic", False)))
    assert (len(kept.caps), len(kept.commands), kept.permissions) == (MAX_CAPS, MAX_COMMANDS, ("camera",))
    longest = "x" * MAX_NAME_CHARACTERS
    assert declared((), (longest, longest + "x", " ", "a\nb", "device.info"), ()).commands == ("device.info", longest)
