"""What the gateway may ask of the Wi-Fi: a wish is checked and left for the set-up, and no key comes out."""

from __future__ import annotations

from pathlib import Path

import pytest

from appliance.config.values import Secret
from appliance.firstboot.values import Wifi
from appliance.firstboot.wifi.desk import Desk, Wish, WishError
from appliance.firstboot.wifi.machine import Phase, Result
from appliance.firstboot.wifi.point import point
from appliance.host.wifi.network_manager import Network
from appliance.hostservice import network


class _Starts(list[tuple[str, ...]]):
    def __call__(self, *arguments: str) -> None:
        self.append(arguments)


def test_a_wish_is_left_for_the_set_up_and_it_is_started(tmp_path: Path) -> None:
    starts = _Starts()
    params = {"ssid": "home", "password": "correct horse", "hidden": True, "country": "de"}
    assert network.join(params, root=tmp_path, start=starts) == {}
    assert starts == [("start", "homarus-wifi.service")]
    assert (tmp_path / "run/homarus-wifi/wish.json").stat().st_mode & 0o777 == 0o600
    assert Desk(tmp_path).take() == Wish(Wifi(b"home", Secret("correct horse"), True), "DE")
    assert Desk(tmp_path).take() is None


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"ssid": 5},
        {"ssid": "x" * 33},
        {"ssidHex": "zz"},
        {"ssid": "home", "password": "short"},
        {"ssid": "home", "password": 12345678},
        {"ssid": "home", "hidden": "yes"},
        {"ssid": "home", "country": "Germany"},
    ],
)
def test_what_can_be_no_network_is_refused_and_starts_nothing(tmp_path: Path, params: dict[str, object]) -> None:
    starts = _Starts()
    with pytest.raises(WishError):
        network.join(params, root=tmp_path, start=starts)
    assert not starts
    assert Desk(tmp_path).take() is None


def test_the_state_names_networks_and_result_but_no_key(tmp_path: Path) -> None:
    own = point(b"s" * 32, "homarus-1a2b", 18789)
    heard = [Network(b"home", 70, True), Network(b"evil \x1b[2J\xff", 10, False)]
    Desk(tmp_path).show(Phase.SETUP, Result.WRONG_PASSWORD, heard, own)
    found = network.state({}, root=tmp_path)
    assert (found["phase"], found["result"], found["setupNetwork"]) == ("setup", "wrong_password", "10.42.0.0/24")
    assert own.key.reveal() not in str(found)
    assert "\x1b" not in str(found)
    assert network.scan({}, root=tmp_path, start=_Starts())["networks"] == found["networks"]


def test_a_box_that_never_looked_has_nothing_to_tell(tmp_path: Path) -> None:
    assert network.state({}, root=tmp_path) == {}
