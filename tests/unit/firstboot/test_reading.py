"""homarus.toml and rpi-preseed.toml: what fits is taken, everything else is named with a fix, no secret is shown."""

from __future__ import annotations

import base64
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.config.values import Secret
from appliance.firstboot.reading.checks import MAX_KEYS, World
from appliance.firstboot.reading.look import look
from appliance.firstboot.reading.table import MAX_BYTES
from appliance.firstboot.values import Cloud, Found, Login, Wifi
from appliance.providers.builtin import BUILT_IN

_WORLD = World(
    accounts=frozenset({"root", "homarus", "daemon"}),
    countries=frozenset({"DE", "GB"}),
    keyboards=frozenset({"de", "et", "fr_CH", "uk", "us"}),
)


def _ssh_key(kind: str = "ssh-ed25519", *fields: bytes, comment: str = "ada@laptop") -> str:
    parts = (kind.encode(), *(fields or (b"k" * 32,)))
    blob = b"".join(struct.pack(">I", len(one)) + one for one in parts)
    return f"{kind} {base64.b64encode(blob).decode()} {comment}".strip()


def _ours(text: str | bytes) -> Found:
    content = text.encode() if isinstance(text, str) else text
    return look({"homarus.toml": content}, frozenset({"homarus.toml"}), _WORLD)


def _preseed(text: str) -> Found:
    return look({"rpi-preseed.toml": text.encode()}, frozenset({"rpi-preseed.toml"}), _WORLD)


def _sentences(found: Found) -> str:
    return "\n".join(one.sentence() for one in (*found.mistakes, *found.kept))


FULL = f"""
hostname = "Kitchen.local"
time_zone = "Europe/Berlin"
keyboard = "de"
language = "de_DE.UTF-8"
owner = "Ada"
exposure = "LAN"
[wifi]
ssid = "Café"
password = "correct horse"
country = "de"
hidden = true
[ssh]
user = "ada"
keys = ["{_ssh_key()}"]
[cloud]
service = "anthropic"
key = "sk-ant-123"
[tailscale]
auth_key = "tskey-auth-abc123"
"""


def test_a_full_file_is_taken_whole() -> None:
    found = _ours(FULL)
    settings = found.settings
    assert found.mistakes == ()
    assert (settings.hostname, settings.time_zone, settings.keyboard) == ("kitchen", "Europe/Berlin", "de")
    assert (settings.language, settings.owner, settings.exposure, settings.country) == ("de-DE", "Ada", "lan", "DE")
    assert settings.wifi == Wifi("Café".encode(), Secret("correct horse"), hidden=True)
    assert settings.login == Login("ada", (_ssh_key(),))
    assert settings.cloud == Cloud("anthropic", Secret("sk-ant-123"))
    assert settings.tailscale_key == Secret("tskey-auth-abc123")
    assert found.wipe == ("homarus.toml",)


def test_the_file_of_imager_2_is_taken() -> None:
    found = _preseed(
        f"""
config_version = "1.0"
[system]
hostname = "pi-kitchen"
[user]
name = "ada"
password = "$y$j9T$abcdefgh$ijklmnopqrstuv"
password_encrypted = true
groups = ["users", "sudo"]
passwordless_sudo = true
[ssh]
enabled = true
password_authentication = false
authorized_keys = ["{_ssh_key()}"]
[wlan]
ssid_hex = "436166c3a9"
password = "{"a1" * 32}"
password_encrypted = true
hidden = false
country = "GB"
[locale]
keymap = "gb"
timezone = "Europe/London"
[connect]
enabled = false
[interfaces]
i2c = false
"""
    )
    settings = found.settings
    assert found.mistakes == ()
    assert settings.hostname == "pi-kitchen"
    assert settings.login == Login("ada", (_ssh_key(),), Secret("$y$j9T$abcdefgh$ijklmnopqrstuv"), free_sudo=True)
    assert settings.wifi == Wifi("Café".encode(), Secret("a1" * 32))
    assert (settings.country, settings.keyboard, settings.time_zone) == ("GB", "uk", "Europe/London")


def test_every_mistake_is_named_and_the_rest_is_taken() -> None:
    found = _ours(
        """
hostname = "my box"
time_zone = "Europe/Berln"
owner = "Ada"
colour = "red"
exposure = "world"
[wifi]
ssid = "home"
password = "short"
country = "Germany"
[ssh]
user = "root"
keys = ["ssh-ed25519 AAAA"]
[cloud]
service = "skynet"
key = "sk-very-secret"
"""
    )
    said = _sentences(found)
    assert found.settings.owner == "Ada"
    for key in ("hostname", "time_zone", "colour", "exposure", "wifi.password", "wifi.country", "ssh.user"):
        assert f"homarus.toml: {key}" in said
    assert 'time_zone = "Europe/Berln"' in said
    assert 'such as "Europe/Berlin"' in said
    assert "ssh.keys" in said
    assert "cloud.service" in said
    assert "short" not in said
    assert "sk-very-secret" not in said
    assert found.settings.wifi is None  # joining without the password would only fail


def test_a_key_with_a_spelling_mistake_is_answered_with_the_right_one_but_not_with_its_value() -> None:
    said = _sentences(_ours('[wifi]\nssid = "home"\npasswort = "geheim-geheim"\n'))
    assert "wifi.passwort: is no setting. Did you mean wifi.password?" in said
    assert "geheim" not in said


@pytest.mark.parametrize(
    "text", ['hostname = "a', "hostname = box", 'a = "1"\na = "2"', "\x00\x01", '[wifi\nssid="x"', "a = [" * 2000]
)
def test_a_file_that_is_no_toml_is_named_and_stays_on_the_card(text: str) -> None:
    found = _ours(text)
    assert len(found.kept) == 1
    assert found.kept[0].problem.startswith("cannot be read")
    assert found.wipe == ()


def test_a_file_of_an_editor_of_windows_is_read() -> None:
    for content in ('owner = "Zoë"\r\n'.encode("utf-8-sig"), 'owner = "Zoë"\r\n'.encode("utf-16")):
        assert _ours(content).settings.owner == "Zoë"


def test_a_file_at_the_limit_is_read_and_one_past_it_is_not() -> None:
    text = b'owner = "Ada"\n#'
    full = text + b"x" * (MAX_BYTES - len(text))
    assert _ours(full).settings.owner == "Ada"
    found = _ours(full + b"x")
    assert found.settings.owner is None
    assert "larger than 64 KiB" in _sentences(found)
    assert found.wipe == ()


@pytest.mark.parametrize(
    ("line", "taken"),
    [
        (f'password = "{"x" * 8}"', True),
        (f'password = "{"x" * 7}"', False),
        (f'password = "{"x" * 63}"', True),
        (f'password = "{"x" * 64}"', False),
        (f'password = "{"0aF" * 21}0"', True),
        ('password = "pässword"', False),
    ],
)
def test_a_wifi_password_has_the_length_that_wifi_knows(line: str, taken: bool) -> None:
    assert (_ours(f'[wifi]\nssid = "home"\n{line}').settings.wifi is not None) is taken


def test_a_network_name_has_at_most_32_bytes() -> None:
    assert _ours(f'[wifi]\nssid = "{"é" * 16}"').settings.wifi is not None
    assert _ours(f'[wifi]\nssid = "{"é" * 16}x"').settings.wifi is None


def test_keys_have_a_bound_and_a_private_one_is_refused() -> None:
    keys = [_ssh_key(comment=str(number)) for number in range(MAX_KEYS + 1)]
    assert _ours(f"[ssh]\nkeys = {keys[:-1]}").settings.login is not None
    assert _ours(f"[ssh]\nkeys = {keys}").settings.login is None
    assert "private key" in _sentences(_ours('[ssh]\nkeys = ["-----BEGIN OPENSSH PRIVATE KEY-----"]'))
    assert "too short" in _sentences(_ours(f'[ssh]\nkeys = ["{_ssh_key("ssh-rsa", b"e", b"n" * 128)}"]'))
    assert _ours(f'[ssh]\nkeys = ["{_ssh_key("ssh-rsa", b"e", b"n" * 256)}"]').settings.login is not None


def test_options_in_front_of_a_key_are_not_taken() -> None:
    assert _ours(f"[ssh]\nkeys = ['command=\"sh\" {_ssh_key()}']").settings.login is None


def test_a_plain_password_of_the_flash_tool_is_not_taken_and_not_shown() -> None:
    found = _preseed('config_version = "1.0"\n[user]\nname = "ada"\npassword = "hunter22"\n')
    assert found.settings.login is None
    assert "takes no plain password" in _sentences(found)
    assert "hunter22" not in _sentences(found)


def test_ssh_that_is_off_takes_no_keys_and_passwords_over_ssh_are_never_on() -> None:
    keys = f'authorized_keys = ["{_ssh_key()}"]'
    assert _preseed(f"[ssh]\nenabled = false\n{keys}").settings.login is None
    found = _preseed(f"[ssh]\nenabled = true\npassword_authentication = true\n{keys}")
    assert found.settings.login == Login("owner", (_ssh_key(),))
    assert "SSH takes keys only" in _sentences(found)


def test_the_own_file_counts_and_the_other_goes_unread() -> None:
    files = {"homarus.toml": b'owner = "Ada"', "rpi-preseed.toml": b'[system]\nhostname = "pi"'}
    found = look(files, frozenset(files), _WORLD)
    assert found.settings.owner == "Ada"
    assert found.settings.hostname is None
    assert found.notes == ("homarus.toml counts; rpi-preseed.toml is there too and is not read.",)
    assert found.wipe == ("rpi-preseed.toml", "homarus.toml")  # this order: a cut must not let the other one count


@pytest.mark.parametrize("name", ["firstrun.sh", "user-data", "wpa_supplicant.conf"])
def test_files_for_other_systems_are_named(name: str) -> None:
    found = look({}, frozenset({name, "cmdline.txt"}), _WORLD)
    assert name in _sentences(found)
    assert "not read" in _sentences(found)


def test_a_hidden_txt_at_the_end_of_the_name_is_seen() -> None:
    assert "Rename it to homarus.toml" in _sentences(look({}, frozenset({"homarus.toml.txt"}), _WORLD))


def test_a_blank_file_says_nothing_and_goes() -> None:
    found = _ours(b" " * 700)
    assert (found.mistakes, found.source, found.wipe) == ((), None, ("homarus.toml",))


def test_what_the_example_says_is_understood() -> None:
    from pathlib import Path

    import appliance.firstboot as package

    text = (Path(package.__file__).parent / "homarus.toml.example").read_text("utf-8")
    found = _ours(text)
    assert found.mistakes == ()
    written = "\n".join(
        one.removeprefix("# ") if one.startswith("# ") and " = " in one else one for one in text.split("\n")
    )
    said = _sentences(_ours(written))
    assert {one.key for one in _ours(written).mistakes} <= {"ssh.keys", "cloud.key", "tailscale.auth_key"}, said


def test_the_services_are_those_that_the_box_knows() -> None:
    assert set(World().services) <= set(BUILT_IN)


@given(st.binary(max_size=300))
def test_no_content_breaks_the_reading(content: bytes) -> None:
    _ours(content)


@given(st.dictionaries(st.sampled_from(["hostname", "wifi", "ssh", "cloud", "keys"]), st.integers() | st.just([1])))
def test_no_type_breaks_the_reading(data: dict[str, object]) -> None:
    _ours("\n".join(f"{key} = {value}" for key, value in data.items()))


@pytest.mark.parametrize("number", ["1" * 5000, "0x" + "f" * 5000, "{a = 0x" + "f" * 5000 + "}"])
def test_a_number_of_thousands_of_digits_is_a_mistake_like_any_other(number: str) -> None:
    found = _ours(f"hostname = {number}\n")
    assert found.settings.hostname is None
    assert "homarus.toml" in _sentences(found)


@pytest.mark.parametrize(
    ("written", "console"),
    [("de", "de"), ("gb", "uk"), ("GB", "uk"), ("ee", "et"), ("au", "us"), ("fr_CH", "fr_CH"), ("uk", "uk")],
)
def test_a_keyboard_is_known_as_the_flash_tool_and_as_the_console_call_it(written: str, console: str) -> None:
    found = _preseed(f'config_version = "1.0"\n[locale]\nkeymap = "{written}"\n')
    assert (found.settings.keyboard, found.mistakes) == (console, ())


@pytest.mark.parametrize("written", ["epo", "../de", "jp"])
def test_a_keyboard_that_the_console_of_the_box_has_not_is_a_mistake_with_a_fix(written: str) -> None:
    found = _preseed(f'config_version = "1.0"\n[locale]\nkeymap = "{written}"\n')
    assert found.settings.keyboard is None
    (mistake,) = found.mistakes
    assert mistake.sentence() == (
        f'rpi-preseed.toml: locale.keymap = "{written}": is no keyboard layout of this box. '
        'Write one such as "de", "fr", "gb" or "us".'
    )
