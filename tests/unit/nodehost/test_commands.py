"""What a node answers to each command."""

from __future__ import annotations

import asyncio
import base64
import os
from pathlib import Path
from typing import Any

import pytest

from appliance.foundation.clock import SystemClock
from appliance.nodehost.allow import AllowList, Policy, Rule, find
from appliance.nodehost.approvals import Answer, Approvals
from appliance.nodehost.commands import Machine, camera, canvas, device, notify, system
from appliance.nodehost.model import Asked, Command, CommandError


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    clock = SystemClock()
    environ = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    return Machine(environ, AllowList(tmp_path / "allow.json"), Approvals(tmp_path / "approvals", clock), clock)


async def _quiet(text: str) -> None:
    return None


async def ask(commands: Any, name: str, params: dict[str, Any], timeout_s: float = 20.0) -> dict[str, Any]:
    command: Command = {one.name: one for one in commands}[name]
    return await command.run(Asked("0000aaaa-1111", params, timeout_s, _quiet))


async def test_a_listed_program_runs_at_once(machine: Machine) -> None:
    machine.allow.add(Rule(os.path.realpath("/bin/echo")))
    result = await ask(system.commands(machine), "system.run", {"command": ["echo", "a b", "$HOME"]})
    assert result == {
        "exitCode": 0,
        "timedOut": False,
        "success": True,
        "stdout": "a b $HOME\n",
        "stderr": "",
        "error": None,
    }


async def test_an_unlisted_program_waits_for_a_person_here(machine: Machine) -> None:
    running = asyncio.ensure_future(ask(system.commands(machine), "system.run", {"command": ["echo", "hi"]}))
    async with asyncio.timeout(10):
        while not list(machine.approvals.waiting()):
            await asyncio.sleep(0.01)
    machine.approvals.answer("", Answer.ONCE)
    assert (await running)["stdout"] == "hi\n"


async def test_who_cannot_wait_for_a_person_learns_what_to_do_and_may_ask_again(machine: Machine) -> None:
    wish = {"command": ["echo", "hi"]}
    with pytest.raises(CommandError, match=r"nothing ran yet.*homarus node approve [0-9a-f]{8}") as waiting:
        await ask(system.commands(machine), "system.run", wish, timeout_s=0.1)
    assert waiting.value.wire_code == "APPROVAL_PENDING"
    machine.approvals.answer("", Answer.ONCE)
    assert (await ask(system.commands(machine), "system.run", wish))["stdout"] == "hi\n"
    with pytest.raises(CommandError, match="nothing ran yet"):
        await ask(system.commands(machine), "system.run", wish, timeout_s=0.1)


async def test_a_no_of_a_person_is_told_as_one(machine: Machine) -> None:
    with pytest.raises(CommandError):
        await ask(system.commands(machine), "system.run", {"command": ["echo"]}, timeout_s=0.1)
    machine.approvals.answer("", Answer.DENY)
    with pytest.raises(CommandError, match="somebody at the node said no"):
        await ask(system.commands(machine), "system.run", {"command": ["echo"]})


async def test_where_the_owner_wants_no_questions_it_is_refused_with_the_fix(machine: Machine) -> None:
    machine.allow.set_policy(Policy.DENY)
    with pytest.raises(CommandError, match="homarus node allow /") as refused:
        await ask(system.commands(machine), "system.run", {"command": ["echo"]})
    assert refused.value.wire_code == "SYSTEM_RUN_DENIED"


async def test_a_plan_is_run_as_it_was_prepared(machine: Machine) -> None:
    machine.allow.add(Rule(os.path.realpath("/bin/pwd")))
    prepared = await ask(system.commands(machine), "system.run.prepare", {"command": ["pwd"], "cwd": "/usr"})
    assert prepared["plan"]["argv"] == ["pwd"]
    assert prepared["execPolicy"] == {"security": "allowlist", "ask": "off"}
    result = await ask(system.commands(machine), "system.run", {"systemRunPlan": prepared["plan"]})
    assert result["stdout"] == "/usr\n"


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"command": []},
        {"command": "rm -rf /"},
        {"command": ["echo", 1]},
        {"command": ["ec\0ho"]},
        {"command": [""]},
        {"command": ["x"] * 257},
        {"command": ["echo"], "cwd": "relative"},
        {"systemRunPlan": {"argv": "echo"}},
    ],
)
async def test_what_is_no_command_line_is_refused(machine: Machine, params: dict[str, Any]) -> None:
    machine.allow.set_policy(Policy.FULL)
    with pytest.raises(CommandError) as refused:
        await ask(system.commands(machine), "system.run", params)
    assert refused.value.wire_code == "INVALID_REQUEST"


@pytest.mark.parametrize("env", [{"A": 1}, {"A=B": "x"}, {"A": "x\0"}, ["A"], {str(n): "" for n in range(65)}])
async def test_an_environment_that_cannot_be_is_refused(machine: Machine, env: Any) -> None:
    machine.allow.set_policy(Policy.FULL)
    with pytest.raises(CommandError):
        await ask(system.commands(machine), "system.run", {"command": ["true"], "env": env})


async def test_the_list_allows_a_program_without_variables_that_change_what_it_does(machine: Machine) -> None:
    program = find(["env"], machine.environ)
    assert program is not None
    machine.allow.add(Rule(program.path))
    machine.allow.set_policy(Policy.DENY)
    commands = system.commands(machine)
    plain = {"command": ["env"], "env": {"LC_ALL": "C", "NO_COLOR": "1"}}
    assert (await ask(commands, "system.run", plain))["success"]
    telling = {"command": ["env"], "env": {"LC_ALL": "C", "GIT_SSH_COMMAND": "sh -c id"}}
    assert (await ask(commands, "system.run.prepare", telling))["execPolicy"]["ask"] == "on-miss"
    with pytest.raises(CommandError, match="no list allows these variables: GIT_SSH_COMMAND"):
        await ask(commands, "system.run", telling)
    machine.allow.set_policy(Policy.FULL)
    assert "GIT_SSH_COMMAND=sh -c id" in (await ask(commands, "system.run", telling))["stdout"]


async def test_a_folder_that_is_not_there_is_named(machine: Machine) -> None:
    machine.allow.set_policy(Policy.FULL)
    with pytest.raises(CommandError, match="/no/such/folder"):
        await ask(system.commands(machine), "system.run", {"command": ["true"], "cwd": "/no/such/folder"})


async def test_which_finds_names_and_probes_no_paths(machine: Machine) -> None:
    result = await ask(system.commands(machine), "system.which", {"bins": ["sh", "/etc/passwd", "../sh", "no-such"]})
    assert list(result["bins"]) == ["sh"]


async def test_a_node_says_what_it_is_and_how_it_is(machine: Machine) -> None:
    about = await ask(device.commands(machine), "device.info", {})
    assert about["cpuCount"] >= 1
    assert about["hostname"]
    status = await ask(device.commands(machine), "device.status", {})
    assert 0 < status["memoryFreeBytes"] <= status["memoryTotalBytes"]


def test_temperature_and_memory_are_read_from_files(tmp_path: Path) -> None:
    for zone, value in (("thermal_zone0", "41500\n"), ("thermal_zone1", "63250\n"), ("thermal_zone2", "odd\n")):
        (tmp_path / "sys/class/thermal" / zone).mkdir(parents=True)
        (tmp_path / "sys/class/thermal" / zone / "temp").write_text(value)
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc/meminfo").write_text("MemTotal:  2048 kB\nMemAvailable: 1024 kB\nOdd line\n")
    assert device._warmest(tmp_path) == 63.25
    assert device.host_stats(tmp_path)["memoryTotalBytes"] == 2 * 1024 * 1024


async def test_a_notification_on_a_headless_node_is_logged(machine: Machine, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("INFO"):
        result = await ask(notify.commands(machine), "system.notify", {"title": "Post", "body": "is\nhere"})
    assert result == {"ok": True, "shown": "log"}
    assert "Post: is here" in caplog.text


def test_a_machine_without_camera_or_screen_offers_neither(machine: Machine, tmp_path: Path) -> None:
    bare = Machine(machine.environ, machine.allow, machine.approvals, machine.clock, root=tmp_path)
    assert not camera.commands(bare)
    assert not canvas.commands(bare)


def _with_camera(machine: Machine, tmp_path: Path, script: str) -> Machine:
    tools = tmp_path / "bin"
    tools.mkdir()
    (tools / "fswebcam").write_text(f"#!/bin/sh\n{script}\n")
    (tools / "fswebcam").chmod(0o755)
    (tmp_path / "dev").mkdir()
    (tmp_path / "dev/video0").touch()
    environ = {**machine.environ, "PATH": f"{tools}:{os.environ['PATH']}"}
    return Machine(environ, machine.allow, machine.approvals, machine.clock, root=tmp_path)


async def test_a_picture_comes_back_from_the_camera(machine: Machine, tmp_path: Path) -> None:
    seeing = _with_camera(machine, tmp_path, 'for last; do :; done; printf "%s" "$*" > "$last"')
    listed = await ask(camera.commands(seeing), "camera.list", {})
    assert [one["id"] for one in listed["devices"]] == ["/dev/video0"]
    taken = await ask(camera.commands(seeing), "camera.snap", {"maxWidth": 640})
    assert b"--device /dev/video0 --scale 640" in base64.b64decode(taken["base64"])


@pytest.mark.parametrize(
    "params", [{"maxWidth": 0}, {"maxWidth": 4097}, {"maxWidth": "1"}, {"deviceId": "/etc/passwd"}]
)
async def test_only_a_camera_can_be_asked_for(machine: Machine, tmp_path: Path, params: dict[str, Any]) -> None:
    with pytest.raises(CommandError):
        await ask(camera.commands(_with_camera(machine, tmp_path, "exit 0")), "camera.snap", params)


async def test_a_camera_that_fails_says_so(machine: Machine, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="device busy"):
        await ask(camera.commands(_with_camera(machine, tmp_path, "echo device busy >&2; exit 1")), "camera.snap", {})


async def test_only_web_pages_are_shown_on_a_screen(machine: Machine, tmp_path: Path) -> None:
    (tmp_path / "chromium").write_text("#!/bin/sh\nexec sleep 60\n")
    (tmp_path / "chromium").chmod(0o755)
    environ = {**machine.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}", "DISPLAY": ":0"}
    screen = canvas.commands(Machine(environ, machine.allow, machine.approvals, machine.clock))
    with pytest.raises(CommandError, match="http"):
        await ask(screen, "canvas.present", {"url": "file:///etc/passwd"})
    assert await ask(screen, "canvas.present", {"url": "https://example.org/"}) == {"ok": True}
    assert await ask(screen, "canvas.hide", {}) == {"ok": True}


async def test_of_two_pages_at_once_the_later_one_is_left(machine: Machine, tmp_path: Path) -> None:
    (tmp_path / "chromium").write_text(f"#!/bin/sh\necho $$ >> {tmp_path}/pids\nexec sleep 60\n")
    (tmp_path / "chromium").chmod(0o755)
    environ = {**machine.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}", "DISPLAY": ":0"}
    screen = canvas.commands(Machine(environ, machine.allow, machine.approvals, machine.clock))
    pages = ("https://example.org/1", "https://example.org/2")
    await asyncio.gather(*(ask(screen, "canvas.present", {"url": url}) for url in pages))
    await ask(screen, "canvas.hide", {})
    pids = (tmp_path / "pids").read_text().split() if (tmp_path / "pids").exists() else []
    assert not [pid for pid in pids if Path(f"/proc/{pid}").exists()]
