"""A boot from the card to the box: what is kept, what is said, what is removed, and what a power cut leaves."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from appliance.cli.console.facts import gather
from appliance.client.errors import GatewayAway
from appliance.firstboot import report as reports
from appliance.firstboot.applying.gateway import NotKept
from appliance.firstboot.applying.live import System
from appliance.firstboot.applying.plan import Option
from appliance.firstboot.boot import Boot
from appliance.firstboot.values import Found
from appliance.health.checks.image import check_first_boot
from appliance.health.look import Look
from tests.fakes.clock import FakeClock

_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl ada@laptop"
_FULL = f"""
hostname = "kitchen"
time_zone = "Europe/Berlin"
keyboard = "de"
owner = "Ada"
exposure = "tailnet"
[wifi]
ssid = "home"
password = " top secret\\\\"
country = "DE"
[ssh]
keys = ["{_KEY}"]
[cloud]
service = "openai"
key = "sk-${{HOME}}-geheim"
"""


class _Box:
    """A box below a folder, with a card in it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.options: dict[str, str] = {}
        self.names: list[str] = []
        self.ran: list[list[str]] = []
        self.said: list[str] = []
        self.owners: dict[str, int] = {}
        self.refused: dict[str, str] = {}
        self.away = False
        self.status: int | None = 0
        (root / "efi").mkdir()
        (root / "data").mkdir()
        self.put("etc/machine-id", "0123456789abcdef0123456789ab1a2b\n")
        self.put("etc/group", "root:x:0:\nhomarus-admin:x:990:\n")
        self.put("usr/share/keymaps/i386/qwertz/de.kmap.gz", "")
        self.put("etc/passwd", "root:x:0:0::/:/bin/sh\ndaemon:x:1:1::/:/bin/false\n")

    def put(self, path: str, text: str) -> None:
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).write_text(text)

    def text(self, path: str) -> str:
        return (self.root / path).read_text()

    def boot(self) -> bool:
        def send(wanted: Sequence[Option], first: Sequence[Option]) -> dict[str, str]:
            if self.away:
                raise NotKept("The disk is full.")
            self.options |= {one.path: one.value for one in first if one.path not in self.options}
            self.options |= {one.path: one.value for one in wanted if one.path not in self.refused}
            return self.refused

        def run(argv: Sequence[str]) -> int | None:
            self.ran.append(list(argv))
            return self.status

        def chown(path: Path, uid: int) -> None:
            self.owners[str(path.relative_to(self.root))] = uid

        system = System(self.root, self.names.append, run, chown)
        return Boot(system, FakeClock(), lambda: "beef", send, self.said.append).run()

    def tree(self) -> dict[str, str]:
        """Every file and link of the box."""
        found = {}
        for path in sorted(self.root.rglob("*")):
            name = str(path.relative_to(self.root))
            if path.is_dir():
                continue
            found[name] = (
                os.readlink(path) if path.is_symlink() else f"{path.stat().st_mode & 0o7777:o} {path.read_text()}"
            )
        return found


@pytest.fixture
def box(tmp_path: Path) -> _Box:
    return _Box(tmp_path)


def test_a_box_without_a_card_file_has_a_name_and_is_open_to_the_house(box: _Box) -> None:
    assert box.boot()
    assert box.names == ["homarus-1a2b"]
    assert box.options == {"gateway.bind": "lan"}
    assert not (box.root / "efi/homarus-said.txt").exists()
    assert not (box.root / "run/userdb").exists()  # nobody can log in, and there is no default password


@pytest.mark.parametrize(("line", "bind"), [('exposure = "loopback"', "loopback"), ('exposure = "lopback"', None)])
def test_a_box_that_was_to_be_closed_stays_closed(box: _Box, line: str, bind: str | None) -> None:
    box.put("efi/homarus.toml", f"{line}\n")
    for _ in range(2):
        assert box.boot()
        assert box.options.get("gateway.bind") == bind
    assert ('Write "loopback"' in box.text("efi/homarus-said.txt")) == (bind is None)


def test_a_box_without_a_machine_id_has_a_name_that_lasts(box: _Box) -> None:
    box.put("etc/machine-id", "uninitialized\n")
    box.boot()
    box.put("etc/machine-id", "0123456789abcdef0123456789abffff\n")
    box.boot()
    assert box.names == ["homarus-beef", "homarus-beef"]


def test_settings_are_kept_where_the_system_reads_them(box: _Box) -> None:
    box.put("efi/homarus.toml", _FULL)
    assert box.boot()
    assert box.names == ["kitchen"]
    assert box.text("data/system/timezone") == "Europe/Berlin\n"
    assert os.readlink(box.root / "data/system/localtime") == "/usr/share/zoneinfo/Europe/Berlin"
    (network,) = (box.root / "data/system/network/system-connections").iterdir()
    assert network.stat().st_mode & 0o7777 == 0o600
    assert "ssid=104;111;109;101;" in network.read_text()
    assert "psk=\\stop secret\\\\\n" in network.read_text()
    assert box.text("data/ssh/authorized_keys/owner") == f"{_KEY}\n"
    assert box.options["gateway.bind"] == "tailnet"
    assert box.options["models.providers.openai.apiKey"] == "sk-$${HOME}-geheim"
    assert ["iw", "reg", "set", "DE"] in box.ran
    assert ["loadkeys", "de"] in box.ran
    assert "ieee80211_regdom=DE" in box.text("run/modprobe.d/homarus-wifi.conf")


def test_secrets_leave_the_card_and_a_text_without_them_stays(box: _Box) -> None:
    box.put("efi/homarus.toml", _FULL)
    box.put("efi/rpi-preseed.toml", '[wlan]\nssid = "x"\npassword = "top secret"\n')
    box.boot()
    assert sorted(one.name for one in (box.root / "efi").iterdir()) == ["homarus-said.txt"]
    said = box.text("efi/homarus-said.txt")
    assert "Taken from homarus.toml: hostname, time zone" in said
    assert "rpi-preseed.toml is there too and is not read" in said
    for text in (said, box.text("data/system/first-boot.json"), *box.said):
        assert "top secret" not in text
        assert "geheim" not in text


def test_the_blocks_of_a_removed_file_are_blank(box: _Box) -> None:
    """Another name for the same blocks shows what a reader of the raw card would find."""
    box.put("efi/homarus.toml", _FULL)
    os.link(box.root / "efi/homarus.toml", box.root / "blocks")
    box.boot()
    assert set(box.text("blocks")) == {" "}
    assert len(box.text("blocks")) == len(_FULL)


def test_the_account_is_made_known_at_every_boot_with_keys_alone(box: _Box) -> None:
    box.put("efi/homarus.toml", _FULL)
    box.boot()
    for _ in range(2):
        user = json.loads(box.text("run/userdb/owner.user"))
        assert (user["uid"], user["homeDirectory"], user["shell"]) == (1000, "/data/home/owner", "/bin/bash")
        assert os.readlink(box.root / "run/userdb/1000.user") == "owner.user"
        assert (box.root / "run/userdb/owner:homarus-admin.membership").exists()
        assert json.loads(box.text("run/userdb/990.group"))["groupName"] == "homarus-admin"
        assert not list((box.root / "run/userdb").glob("*privileged"))  # no password at all
        assert box.text("run/homarus-owner/sudoers.d/owner") == "owner ALL=(ALL:ALL) NOPASSWD: ALL\n"
        assert box.owners == {"data/home/owner": 1000}
        subprocess.run(["rm", "-r", str(box.root / "run")], check=True)
        box.boot()


def test_a_hash_from_the_flash_tool_opens_the_screen_and_is_asked_for_by_sudo(box: _Box) -> None:
    box.put("efi/rpi-preseed.toml", '[user]\nname = "ada"\npassword = "$6$abcdefgh$ijklmnop"\n')
    box.boot()
    hidden = box.root / "run/userdb/ada.user-privileged"
    assert hidden.stat().st_mode & 0o7777 == 0o600
    assert json.loads(hidden.read_text()) == {"privileged": {"hashedPassword": ["$6$abcdefgh$ijklmnop"]}}
    assert box.text("run/homarus-owner/sudoers.d/owner") == "ada ALL=(ALL:ALL) ALL\n"


def test_a_new_file_changes_what_it_names_and_nothing_else(box: _Box) -> None:
    box.put("efi/homarus.toml", _FULL)
    box.boot()
    box.put(
        "efi/homarus.toml", f'[ssh]\nuser = "ada"\nkeys = ["{_KEY}"]\n[wifi]\nssid = "office"\npassword = "12345678"'
    )
    box.boot()
    assert box.names[-1] == "kitchen"
    assert len(list((box.root / "data/system/network/system-connections").iterdir())) == 2
    assert [one.name for one in (box.root / "data/ssh/authorized_keys").iterdir()] == ["ada"]
    assert "Taken from homarus.toml: Wi-Fi, login of ada." in box.text("efi/homarus-said.txt")
    assert box.options["gateway.bind"] == "tailnet"


def test_a_mistake_stays_said_until_a_file_without_one_comes(box: _Box) -> None:
    box.put("efi/homarus.toml", 'time_zone = "Mars"\nowner = "Ada"')
    assert box.boot()
    box.boot()
    assert [one.key for one in reports.load(box.root).all_mistakes] == ["time_zone"]
    assert 'time_zone = "Mars": is no time zone.' in box.text("efi/homarus-said.txt")
    box.put("efi/homarus.toml", 'time_zone = "Europe/Paris"')
    box.boot()
    assert reports.load(box.root).all_mistakes == ()
    assert "Mars" not in box.text("efi/homarus-said.txt")


def test_a_file_that_cannot_be_read_stays_and_is_said_until_it_is_mended(box: _Box) -> None:
    box.put("efi/HOMARUS.TOML", "owner = Ada")
    assert box.boot()
    assert "cannot be read" in reports.load(box.root).all_mistakes[0].problem
    assert (box.root / "efi/HOMARUS.TOML").exists()
    box.put("efi/HOMARUS.TOML", 'owner = "Ada"')
    box.boot()
    assert not (box.root / "efi/HOMARUS.TOML").exists()
    assert reports.load(box.root).all_mistakes == ()


def test_an_option_that_the_configuration_refuses_is_a_mistake(box: _Box) -> None:
    box.refused = {"gateway.bind": "it needs a tailnet."}
    box.put("efi/homarus.toml", _FULL)
    assert box.boot()
    assert "gateway.bind" in box.text("efi/homarus-said.txt")


def test_what_could_not_be_kept_stays_on_the_card_for_the_next_boot(box: _Box) -> None:
    box.put("efi/homarus.toml", _FULL)
    box.away = True
    assert not box.boot()
    assert (box.root / "efi/homarus.toml").exists()
    assert "The disk is full." in box.text("efi/homarus-said.txt")
    box.away = False
    assert box.boot()
    assert not (box.root / "efi/homarus.toml").exists()
    assert "The disk is full." not in box.text("efi/homarus-said.txt")
    assert box.options["gateway.bind"] == "tailnet"


def test_a_card_that_cannot_be_read_is_said_and_the_box_comes_up(box: _Box) -> None:
    (box.root / "efi").rmdir()
    assert not box.boot()
    assert any("partition with the settings" in line for line in box.said)
    assert box.names == ["homarus-1a2b"]


def test_a_card_that_cannot_be_written_does_not_stop_the_box(box: _Box) -> None:
    box.put("data/system", "a file where a folder should be")
    box.put("efi/homarus.toml", _FULL)
    assert not box.boot()
    assert box.names == ["homarus-1a2b"]
    assert (box.root / "efi/homarus.toml").exists()


def test_a_second_boot_writes_nothing(box: _Box, monkeypatch: pytest.MonkeyPatch) -> None:
    box.put("efi/homarus.toml", _FULL)
    box.boot()
    before = box.tree()
    writes: list[int] = []
    monkeypatch.setattr(os, "fsync", writes.append)
    assert box.boot()
    assert box.tree() == before
    assert writes == []


class _Cut(BaseException):
    """The power goes."""


@pytest.mark.parametrize("names", [("homarus.toml",), ("homarus.toml", "rpi-preseed.toml")])
def test_a_power_cut_at_any_moment_is_healed_by_the_next_boot(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, names: tuple[str, ...]
) -> None:
    counted = [0]
    limit = 0

    def fsync(descriptor: int) -> None:
        counted[0] += 1
        if limit and counted[0] == limit:
            raise _Cut

    monkeypatch.setattr(os, "fsync", fsync)

    def made(number: int) -> _Box:
        (tmp_path / f"{number}").mkdir()
        box = _Box(tmp_path / f"{number}")
        for name in names:
            box.put(f"efi/{name}", _FULL if name == "homarus.toml" else '[system]\nhostname = "other"')
        return box

    whole = made(0)
    whole.boot()
    total, wanted = counted[0], whole.tree()
    assert total > 20
    for number in range(1, total + 1):
        counted[0], limit = 0, number
        box = made(number)
        with pytest.raises(_Cut):
            box.boot()
        limit = 0
        assert box.boot()
        found = box.tree()
        assert found.keys() == wanted.keys(), number
        differing = [name for name in wanted if found[name] != wanted[name]]
        assert differing == [], number
        assert box.options == whole.options


def test_a_wipe_that_was_cut_between_two_blocks_is_ended_and_not_read(box: _Box) -> None:
    padded = _FULL + "#" * (1536 - len(_FULL.encode())) + "\n"
    box.put("efi/homarus.toml", padded)
    box.away = True
    box.boot()
    kept = json.loads(box.text("data/system/first-boot.json"))
    from appliance.firstboot.wipe import blocks

    kept["wiping"] = {"homarus.toml": blocks(padded.encode())}
    box.put("data/system/first-boot.json", json.dumps(kept))
    box.put("efi/homarus.toml", " " * 512 + padded[512:])
    box.away = False
    box.boot()
    assert not (box.root / "efi/homarus.toml").exists()
    assert reports.load(box.root).all_mistakes == ()


def test_a_new_file_in_place_of_a_half_wiped_one_is_read(box: _Box) -> None:
    from appliance.firstboot.wipe import blocks

    box.boot()
    kept = json.loads(box.text("data/system/first-boot.json"))
    kept["wiping"] = {"homarus.toml": blocks(_FULL.encode())}
    box.put("data/system/first-boot.json", json.dumps(kept))
    box.put("efi/homarus.toml", _FULL.replace("kitchen", "chicken"))
    box.boot()
    assert box.names[-1] == "chicken"


def test_the_report_names_no_secret_in_any_repr(box: _Box) -> None:
    box.put("efi/homarus.toml", _FULL)
    box.boot()
    assert not re.search("geheim|top secret", repr(reports.load(box.root)))


def test_what_was_not_taken_is_a_condition_of_health_and_stands_on_the_screen(box: _Box) -> None:
    box.put("efi/homarus.toml", 'time_zone = "Mars"\nowner = "Ada"')
    box.put("efi/firstrun.sh", "#!/bin/sh")
    box.boot()
    box.boot()
    found = list(check_first_boot(Look(box.root, 0)))
    assert [one.code for one in found] == ["first_boot", "first_boot"]
    assert "time_zone" in found[0].summary
    assert "Europe/Berlin" in found[0].fix

    def away(method: str, params: dict[str, object]) -> object:
        raise GatewayAway("nobody")

    assert any("firstrun.sh" in one.text for one in gather(away, box.root).problems)


@pytest.mark.parametrize("status", [None, 1])
def test_a_radio_or_a_keyboard_that_does_not_follow_is_said_and_no_failure(box: _Box, status: int | None) -> None:
    box.status = status
    box.put("efi/homarus.toml", _FULL)
    assert box.boot()
    assert any("keyboard" in line for line in box.said)


def test_a_card_that_nobody_foresaw_keeps_the_owner_from_nothing(box: _Box, monkeypatch: pytest.MonkeyPatch) -> None:
    box.put("efi/homarus.toml", _FULL)
    assert box.boot()
    shutil.rmtree(box.root / "run")  # another start

    def looked(*_: object) -> Found:
        raise ZeroDivisionError("geheim")

    monkeypatch.setattr("appliance.firstboot.boot.look", looked)
    assert not box.boot()
    assert box.names[-1] == "kitchen"
    assert (box.root / "run/userdb/owner.user").exists()
    assert "ZeroDivisionError" in box.said[-1]
    assert "geheim" not in box.said[-1]
