"""Hard days of the box of the story: no space, no memory for its models, bad blocks, a week without a network, a kernel
that stands still. It works, or says why not.
"""

from __future__ import annotations

import contextlib
import json
import re
from itertools import count
from typing import Any

import pytest

from tests.image.broken import sectors, unreadable
from tests.image.channel import HOST
from tests.image.guest import CommandError
from tests.image.phone import RefusedError
from tests.image.story import Story
from tests.image.waiting import until

pytestmark = [pytest.mark.qemu, pytest.mark.timeout(1200)]

_MODELS_S = 180.0
_FILLER = "/data/filler"
_NOTE = "write this down: the attic is dry"
# Takes every block without writing it, what is reserved for root too: not a byte is left for the gateway.
_FILL = f"""
mkdir -p {_FILLER}; number=0
for size in 1G 128M 16M 1M 64K 4K; do
    while fallocate -l $size {_FILLER}/$number 2>/dev/null; do number=$((number + 1)); done
    rm -f {_FILLER}/$number
done
echo full >{_FILLER}/rest && exit 1; exit 0
"""
_ENGINES = "homarus-engine.slice"
_EVENTS = f"/sys/fs/cgroup/homarus.slice/{_ENGINES}/memory.events"
_TOO_LITTLE = "24M"  # a launcher fits, a model does not
_CHANNEL = f"http://{HOST}:9/"  # nobody is asked while the network is down
_AWAY_S = 8 * 24 * 3600
_JOURNAL_BYTES = 33 << 20  # RuntimeMaxUse=32M, and what its folders take
_DATABASE = "/var/lib/homarus/homarus.sqlite"
_COPY = "/data/system/updates/before/homarus.sqlite"
# What a newer version leaves that the box had taken over when its owner asked for the one before: the same functions.
_LEFT_BY_NEWER = """
import time
from appliance.updates.trial import record
from appliance.updates.trial.copying import make_copy
from appliance.updates.trial.model import Committed, Release
from appliance.updates.trial.places import Places

places, now = Places.on(), int(time.time() * 1000)
own = record.committed(places).release
newer = Release("B" if own.slot == "A" else "A", "9.9.9", "never-built")
make_copy(places, own, newer, now)
record.write_committed(places, Committed(newer, now))
"""
_keys = count(1)


def _works(story: Story) -> None:
    """Wait until the phone gets its timer: a box that was just started has its model a moment later."""

    def answered() -> bool:
        number = next(_keys)
        with story.phone() as phone, contextlib.suppress(RefusedError):
            phone.open()
            return "timer" in phone.ask(f"set a timer for {10 + number} minutes", f"hard-day-{number}").lower()
        return False

    until(answered, timeout_s=_MODELS_S, what="a timer", pause_s=5)


def _knows_what_was_said(story: Story) -> None:
    with story.phone() as phone:
        phone.open()
        known = {text for role, text in phone.history() if role == "user"}
    assert known >= {each.text for each in story.said}


def _told(story: Story, code: str, words: str = "") -> dict[str, Any] | None:
    """Return what the doctor says under a code with these words in it."""
    found = [each for each in story.box.conditions() if each["code"] == code and words in each["summary"]]
    return found[0] if found else None


def _gateway(story: Story) -> str:
    return story.box.guest.run("systemctl", "is-active", "homarus-gateway").out.strip()


def test_a_full_disk_is_said_and_nothing_is_lost_by_it(story: Story) -> None:
    guest = story.box.guest
    guest.shell(_FILL)
    try:
        assert story.machine.http("/healthz")[0] == 200
        assert _told(story, "disk", "full")
        kept = _kept(story, _NOTE)
        assert story.machine.http("/healthz")[0] == 200
        before = story.box.boot_id
        guest.run("systemctl", "--no-block", "reboot")
        story.box.rebooted(before)  # it starts on a full disk too, and stays
        until(lambda: _gateway(story) == "active", timeout_s=_MODELS_S, what="a gateway that is ready", pause_s=2)
        assert _told(story, "disk", "full")
        assert guest.shell("systemctl show homarus-gateway -p NRestarts --value").strip() == "0"
    finally:
        guest.run("rm", "-rf", _FILLER)
    _works(story)
    _knows_what_was_said(story)
    with story.phone() as phone:
        phone.open()
        assert (_NOTE in {text for role, text in phone.history() if role == "user"}) is kept


def _kept(story: Story, text: str) -> bool:
    """Say something on a full disk; return whether it was acknowledged. If not, the reason has to name the disk."""
    refusal, run = "", ""
    with story.phone() as phone:
        phone.open()
        try:
            run = phone.send(text, "on-a-full-disk")
        except RefusedError as error:
            refusal = str(error)
        else:
            with contextlib.suppress(RefusedError):
                phone.final(run)
    assert run or "disk" in refusal, refusal
    return bool(run)


def _ended_for_memory(story: Story) -> int:
    """Return how many processes the kernel ended because of the limit on models."""
    found = re.search(r"^oom_kill (\d+)$", story.box.guest.good("cat", _EVENTS), re.M)
    assert found
    return int(found[1])


def test_models_without_memory_are_ended_by_their_limit_and_the_gateway_says_so(story: Story) -> None:
    guest, gateway = story.box.guest, story.box.gateway_process()
    before = _ended_for_memory(story)
    # No swap before there is no room: else what runs is swapped out and goes on.
    for limit in ("MemorySwapMax=0", f"MemoryMax={_TOO_LITTLE}"):
        guest.good("systemctl", "set-property", "--runtime", _ENGINES, limit)
    guest.good("systemctl", "kill", "-s", "KILL", "homarus-engine@*.service")
    try:
        until(lambda: _ended_for_memory(story) > before, timeout_s=180, what="a model that is ended", pause_s=2)
        until(
            lambda: _told(story, "engine_down", "for want of memory"),
            timeout_s=180,
            what="the reason in the words of the doctor",
            pause_s=2,
        )
        with story.phone() as phone:
            phone.open()
            try:
                said = phone.ask("set a timer for seven minutes", "no-memory")
            except RefusedError as error:
                said = str(error)
        print(f"without memory for models: {said}; {_ended_for_memory(story) - before} ended")
        assert said
        assert story.machine.http("/healthz")[0] == 200
        assert story.box.gateway_process() == gateway
    finally:
        guest.good("systemctl", "revert", _ENGINES)
        guest.good("systemctl", "daemon-reload")
    until(lambda: not _told(story, "engine_down"), timeout_s=420, what="the models with memory again", pause_s=5)
    _works(story)


def test_a_bad_block_below_a_message_is_said_and_mended(story: Story) -> None:
    guest, machine = story.box.guest, story.machine
    lost = next(each.text for each in story.said if "marbles-" in each.text)
    guest.good("systemctl", "stop", "homarus-gateway")
    with unreadable(machine, sectors(story.box, _DATABASE, lost)):
        guest.good("systemctl", "start", "homarus-gateway", timeout_s=400)
        machine.ready()
        with story.phone() as phone, contextlib.suppress(RefusedError):
            phone.open()
            phone.history()
        codes = story.box.codes()
        assert codes & {"database", "database_rebuilt"}
        if "database_rebuilt" not in codes:
            guest.good("systemctl", "restart", "homarus-gateway", timeout_s=400)
            machine.ready()
            assert "database_rebuilt" in story.box.codes()
        _knows_what_was_said(story)
    assert "I/O error" in guest.good("journalctl", "-b", "-k", "--no-pager")


def test_a_bad_block_in_the_copy_of_before_an_update_does_not_keep_the_box_from_going_back(story: Story) -> None:
    guest, machine = story.box.guest, story.machine
    lost = next(each.text for each in story.said if "marbles-" in each.text)
    reports = guest.shell("ls /data/system/updates/reports 2>/dev/null | wc -l")
    guest.good("systemctl", "stop", "homarus-gateway")
    python = "/usr/lib/homarus/venv/bin/python3"
    guest.good("env", "PYTHONPATH=/usr/lib/homarus/app", python, "-P", "-c", _LEFT_BY_NEWER)
    with unreadable(machine, sectors(story.box, _COPY, lost)):
        guest.good("systemctl", "restart", "homarus-state", timeout_s=400)
        guest.good("systemctl", "start", "homarus-gateway", timeout_s=400)
        machine.ready()
        _knows_what_was_said(story)
    assert guest.shell("ls /data/system/updates/reports | wc -l") != reports
    report = json.loads(guest.shell("cat $(ls /data/system/updates/reports/*.json | tail -n 1)"))
    assert "cannot be used" in report["note"], report


def test_without_a_network_the_box_serves_who_sits_at_it(story: Story) -> None:
    story.machine.monitor("set_link", name="nic", up=False)
    try:
        answer = json.dumps(story.box.homarus("ask", "set a timer for nine minutes"))
        assert "timer" in answer.lower()
        assert story.box.failed_units() == []
    finally:
        story.machine.monitor("set_link", name="nic", up=True)
    until(lambda: story.machine.http("/healthz")[0] == 200, timeout_s=120, what="the network again", pause_s=2)


def _journal_bytes(story: Story) -> int:
    return int(story.box.guest.shell("du -sB1 /run/log/journal").split()[0])


def test_eight_days_later_without_a_network_the_box_goes_on(story: Story) -> None:
    box, guest, gateway = story.box, story.box.guest, story.box.gateway_process()
    box.homarus("config", "set", "updates.url", _CHANNEL)
    with story.phone() as phone:
        phone.open()
        phone.ask("remind me tomorrow at noon to water the plants", "before-the-week")
        assert phone.call("homarus.agenda.list", kind="reminder")["total"] == 1
    story.machine.monitor("set_link", name="nic", up=False)
    try:
        guest.shell(f'date -s "@$(($(date +%s) + {_AWAY_S}))"')
        assert "timer" in json.dumps(box.homarus("ask", "set a timer for nine minutes")).lower()
        done = guest.run("homarus", "--json", "update", "check", timeout_s=180)
        fault = json.loads(done.out)["progress"]["fault"]
        print(f"update check after a week without a network: {fault['message']}")
        assert (done.status, fault["code"]) == (1, "network")
        assert "update_source" not in box.codes()  # a week is no news
        assert box.failed_units() == []
    finally:
        story.machine.monitor("set_link", name="nic", up=True)
    until(lambda: story.machine.http("/healthz")[0] == 200, timeout_s=120, what="the network again", pause_s=2)
    _works(story)
    _knows_what_was_said(story)
    with story.phone() as phone:
        phone.open()
        until(  # its hour came
            lambda: phone.call("homarus.agenda.list", kind="reminder")["total"] == 0, timeout_s=120, what="the reminder"
        )
    assert box.gateway_process() == gateway
    assert _journal_bytes(story) < _JOURNAL_BYTES


@pytest.mark.slow
def test_a_kernel_that_stands_still_is_started_again_by_the_hardware_watchdog(story: Story) -> None:
    before = story.box.boot_id
    # Panics and stays there (by itself it would restart): nobody feeds the watchdog any more.
    halt = "sleep 1; sync; echo 0 >/proc/sys/kernel/panic; echo c >/proc/sysrq-trigger"
    story.box.guest.shell(f"setsid sh -c '{halt}' >/dev/null 2>&1 </dev/null &")
    story.box.rebooted(before)
    story.box.settled()
    _works(story)


def test_after_all_that_nothing_failed(story: Story) -> None:
    with contextlib.suppress(CommandError):
        story.box.settled()
    assert story.box.failed_units() == []
