"""A box without a network, against a double of NetworkManager on a real D-Bus, until it has joined one."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from appliance.config.values import Secret
from appliance.firstboot.applying.wifi_file import content, file_name
from appliance.firstboot.values import Wifi
from appliance.firstboot.wifi import point as points
from appliance.firstboot.wifi.desk import Desk, Wish
from appliance.firstboot.wifi.driver import NETWORKS, Driver
from appliance.host.wifi.network_manager import Radios, Watch
from tests.fakes.bus import message_bus
from tests.fakes.network_manager import Air, FakeNetworkManager

_DEADLINE_S = 20.0
_OWN = points.point(b"s" * 32, "homarus-1a2b", 18789)


class _Hasty:
    """A clock on which five seconds go by whenever somebody looks at it."""

    def __init__(self) -> None:
        self._now = 0.0

    def now_ms(self) -> int:
        return 0

    def monotonic(self) -> float:
        self._now += 5.0
        return self._now

    async def sleep(self, seconds: float) -> None: ...


class _Box:
    def __init__(self, root: Path, fake: FakeNetworkManager) -> None:
        self.root = root
        self.fake = fake
        self.desk = Desk(root)
        self.said: list[str] = []
        self.countries: list[str] = []
        (root / "efi").mkdir()
        self._watch = Watch()
        driver = Driver(
            root,
            Radios(),
            self._watch,
            _OWN,
            _Hasty(),
            lambda argv: self.countries.append(argv[-1]),
            self._say,
            look_s=0.05,
        )
        self._thread = threading.Thread(target=driver.run)
        self.at_the_end: Wish | None = None

    def _say(self, line: str) -> None:
        self.said.append(line)
        if self.at_the_end is not None and line == "the set-up of the Wi-Fi is over":
            self.desk.ask(self.at_the_end)
            self.at_the_end = None

    def start(self) -> None:
        self._thread.start()

    def until(self, so: Callable[[], object]) -> None:
        deadline = time.monotonic() + _DEADLINE_S
        while not so():
            assert time.monotonic() < deadline, (self.desk.state(), self.said)
            time.sleep(0.02)

    def end(self) -> None:
        self.fake.plug(True)  # with a cable it ends by itself
        self._thread.join(_DEADLINE_S)
        self._watch.close()
        assert not self._thread.is_alive()

    @property
    def files(self) -> list[Path]:
        return sorted((self.root / NETWORKS).glob("*"))


@pytest.fixture
def fake(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeNetworkManager]:
    air = {b"home": Air("correct horse"), "Café".encode(): Air(None, 40), b"dry": Air("12345678", 20, addresses=False)}
    with message_bus(tmp_path_factory.mktemp("bus")) as address:
        monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", address)
        with FakeNetworkManager(air).on(address) as one:
            yield one


@pytest.fixture
def box(tmp_path: Path, fake: FakeNetworkManager) -> Iterator[_Box]:
    one = _Box(tmp_path, fake)
    one.start()
    yield one
    one.end()


def _wish(name: bytes, password: str | None) -> Wish:
    return Wish(Wifi(name, Secret(password) if password else None), "DE")


def test_a_box_alone_opens_a_network_with_a_key_of_its_own_and_lists_what_it_hears(box: _Box) -> None:
    box.until(lambda: box.fake.own)
    own = box.fake.own
    assert own is not None
    assert own["wifi-security"]["psk"] == _OWN.key.reveal()
    assert own["wifi-security"]["key-mgmt"] == "wpa-psk"
    assert own["ipv4"]["method"] == "shared"
    box.until(lambda: box.desk.state().get("accessPoint"))
    assert [one["name"] for one in box.desk.state()["networks"]] == ["home", "Café", "dry"]
    assert [one["secured"] for one in box.desk.state()["networks"]] == [True, False, True]
    assert (box.root / "run/homarus-wifi/state.json").stat().st_mode & 0o777 == 0o600
    assert _OWN.key.reveal() in (box.root / "efi/homarus-wifi.txt").read_text()
    assert not any(_OWN.key.reveal() in line for line in box.said)


def test_a_wrong_password_is_named_and_the_own_network_is_there_again(box: _Box) -> None:
    box.until(lambda: box.fake.own)
    box.desk.ask(_wish(b"home", "wrong horse"))
    box.until(lambda: box.desk.state().get("result") == "wrong_password")
    box.until(lambda: box.fake.own)
    assert box.files == []
    assert box.fake.activated[-2:] == ["home", _OWN.ssid]
    assert not (box.root / "run/homarus-wifi/wish.json").exists()


def test_the_right_password_joins_for_good_and_the_own_network_closes(box: _Box) -> None:
    box.until(lambda: box.fake.own)
    box.desk.ask(_wish(b"home", "correct horse"))
    box.until(lambda: box.desk.state().get("phase") == "ended")
    assert box.fake.joined() == [b"home"]
    assert box.fake.own is None
    assert box.desk.state()["result"] == "joined"
    assert "accessPoint" not in box.desk.state()
    (kept,) = box.files
    assert kept.stat().st_mode & 0o777 == 0o600
    assert (box.root / "data/system/wifi-country").read_text() == "DE\n"
    assert box.countries == ["DE"]


def test_what_was_known_of_a_network_before_is_known_after_a_wrong_password(box: _Box) -> None:
    box.until(lambda: box.fake.own)
    box.desk.ask(_wish(b"dry", "12345678"))
    box.until(lambda: box.desk.state().get("result") == "no_address")
    assert box.files == []
    path = box.root / NETWORKS
    text = content(Wifi(b"home", Secret("older horse")))
    (path / file_name(b"home")).write_text(text)
    (path / file_name(b"home")).chmod(0o600)
    box.desk.ask(_wish(b"home", "wrong horse"))
    box.until(lambda: box.desk.state().get("result") == "wrong_password")
    assert (path / file_name(b"home")).read_text() == text


def test_a_cable_ends_the_set_up(box: _Box) -> None:
    box.until(lambda: box.fake.own)
    box.fake.plug(True)
    box.until(lambda: box.desk.state().get("phase") == "ended")
    assert box.fake.own is None


def test_a_network_from_the_card_whose_password_is_refused_leads_to_the_set_up(box: _Box) -> None:
    def told() -> bool:
        box.fake.fail("wlan0", 7)  # the real one says it once; here the one who listens may still be starting
        return box.desk.state().get("result") == "wrong_password"

    box.until(told)
    box.until(lambda: box.fake.own)


def test_an_own_network_that_is_refused_is_opened_again_until_it_is_there(
    tmp_path: Path, fake: FakeNetworkManager
) -> None:
    fake.refuses["ActivateConnection"] = 2
    box = _Box(tmp_path, fake)
    box.start()
    try:
        box.until(lambda: fake.own)
        box.until(lambda: box.desk.state().get("accessPoint"))
        assert fake.refuses["ActivateConnection"] == 0
    finally:
        box.end()


def test_an_own_network_that_falls_is_opened_again(box: _Box) -> None:
    box.until(lambda: box.desk.state().get("accessPoint"))
    box.fake.lose("wlan0")
    box.until(lambda: box.fake.own)
    assert box.fake.activated == [_OWN.ssid, _OWN.ssid]


def test_a_network_that_was_asked_for_is_not_forgotten_while_nobody_answers(
    tmp_path: Path, fake: FakeNetworkManager
) -> None:
    fake.refuses["GetManagedObjects"] = 3
    box = _Box(tmp_path, fake)
    box.desk.ask(_wish(b"home", "correct horse"))
    box.start()
    try:
        box.until(lambda: fake.joined() == [b"home"])
        assert fake.activated == ["home"]
    finally:
        box.end()


def test_another_network_is_tried_at_once_where_nothing_is_heard_of_the_first(
    tmp_path: Path, fake: FakeNetworkManager
) -> None:
    fake.air[b"mute"] = Air(None, ends=False)
    box = _Box(tmp_path, fake)
    box.start()
    try:
        box.desk.ask(_wish(b"mute", None))
        box.until(lambda: fake.activated[-1:] == ["mute"])
        box.desk.ask(_wish(b"home", "correct horse"))
        box.until(lambda: fake.joined() == [b"home"])
        box.until(lambda: box.desk.state().get("result") == "joined")
        assert fake.activated[-2:] == ["mute", "home"]
        assert len(box.files) == 1
    finally:
        box.end()


def test_a_network_that_is_asked_for_waits_until_the_one_before_it_is_gone(
    tmp_path: Path, fake: FakeNetworkManager
) -> None:
    fake.air[b"mute"] = Air(None, ends=False)
    box = _Box(tmp_path, fake)
    (tmp_path / NETWORKS).mkdir(parents=True)
    (tmp_path / NETWORKS / file_name(b"mute")).write_text(content(Wifi(b"mute", None)))  # it is to come back
    box.start()
    try:
        box.desk.ask(_wish(b"mute", None))
        box.until(lambda: fake.activated[-1:] == ["mute"])
        fake.refuses["LoadConnections"] = 1
        box.desk.ask(_wish(b"home", "correct horse"))
        box.until(lambda: fake.joined() == [b"home"])
        assert fake.refuses["LoadConnections"] == 0
    finally:
        box.end()


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "null", '{"ssid": 4}', '{"ssid": "zz"}', '{"ssid": "00", "password": 1}', '{"hidden": true}'],
)
def test_a_wish_that_cannot_be_read_is_taken_away_too(tmp_path: Path, text: str) -> None:
    desk = Desk(tmp_path)
    desk.ask(_wish(b"home", None))
    (tmp_path / "run/homarus-wifi/wish.json").write_text(text)
    assert (desk.take(), desk.waits()) == (None, False)


def test_what_lies_in_place_of_a_wish_is_taken_away(tmp_path: Path) -> None:
    desk, wish = Desk(tmp_path), tmp_path / "run/homarus-wifi/wish.json"
    wish.mkdir(parents=True)
    (wish / "in the way").write_text("")
    assert (desk.take(), desk.waits()) == (None, False)
    wish.symlink_to(tmp_path / "nowhere")
    assert (desk.take(), desk.waits()) == (None, False)
    os.mkfifo(wish)
    assert (desk.take(), desk.waits()) == (None, False)


def test_a_network_that_is_asked_for_at_the_last_moment_is_tried(tmp_path: Path, fake: FakeNetworkManager) -> None:
    fake.plug(True)
    box = _Box(tmp_path, fake)
    box.at_the_end = _wish(b"home", "correct horse")
    box.start()
    try:
        box.until(lambda: fake.joined() == [b"home"])
    finally:
        box.end()


def test_a_network_that_cannot_be_kept_has_failed_and_the_own_one_is_there_again(box: _Box) -> None:
    box.until(lambda: box.fake.own)
    (box.root / NETWORKS).parent.parent.mkdir(parents=True)
    (box.root / NETWORKS).parent.write_text("no folder")
    box.desk.ask(_wish(b"home", "correct horse"))
    box.until(lambda: box.desk.state().get("result") == "failed")
    box.until(lambda: box.fake.own)
    assert any("NetworkManager" in line for line in box.said)


def test_a_second_radio_keeps_the_own_network_while_the_first_tries(tmp_path: Path, fake: FakeNetworkManager) -> None:
    fake.radios = ("wlan0", "wlan1")
    fake._devices |= {"/org/freedesktop/NetworkManager/Devices/3": type(next(iter(fake._devices.values())))("wlan1")}
    box = _Box(tmp_path, fake)
    box.start()
    try:
        box.until(lambda: fake.own)
        box.desk.ask(_wish(b"home", "wrong horse"))
        box.until(lambda: box.desk.state().get("result") == "wrong_password")
        box.desk.ask(_wish(b"home", "correct horse"))
        box.until(lambda: fake.joined() == [b"home"])
        assert fake.own is not None
        assert fake.activated.count(_OWN.ssid) == 1
    finally:
        box.end()


def test_the_key_lasts_differs_by_box_and_has_no_letters_that_look_alike(tmp_path: Path) -> None:
    first = points.secret_of(tmp_path, lambda size: b"a" * size)
    assert points.secret_of(tmp_path, lambda size: b"b" * size) == first
    assert (tmp_path / points.SECRET).stat().st_mode & 0o777 == 0o600
    keys = {points.point(bytes([one]) * 32, "homarus-1a2b", 1).key.reveal() for one in range(50)}
    assert len(keys) == 50
    assert all(len(key) == 19 and not set(key) & set("il01") for key in keys)
    assert "key" not in json.dumps(repr(_OWN))
    assert len(points.point(b"x" * 32, "a" * 63, 1).ssid) == 32
