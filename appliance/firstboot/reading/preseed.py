"""rpi-preseed.toml: what Raspberry Pi Imager 2 writes where an image says `init_format: rpi-preseed`.

Read from the source of its version 2.0.11. It also writes a country into cmdline.txt, which this box does not read:
the country stands in [wlan] too.
"""

from __future__ import annotations

from functools import partial
from typing import Final

from appliance.config.values import Secret
from appliance.firstboot.reading import checks
from appliance.firstboot.reading.checks import World
from appliance.firstboot.reading.table import Table
from appliance.firstboot.values import OURS, OWNER, Login, Settings, Wifi

_VERSION: Final = "1."


def read(table: Table, world: World) -> Settings:
    """Return what the file says. Mistakes go into the table's list."""
    version = table.take("config_version", checks.text)
    if version is not None and not version.startswith(_VERSION):
        table.wrong(
            "config_version", "is newer than this box.", f"Look at what was taken; {OURS} is always read.", version
        )
    locale, wlan = table.below("locale"), table.below("wlan")
    _unused(table)
    settings = Settings(
        hostname=table.below("system").take("hostname", checks.hostname, empty=True),
        time_zone=locale.take("timezone", checks.time_zone, empty=True),
        keyboard=locale.take("keymap", partial(checks.keyboard, world=world), empty=True),
        country=wlan.take("country", partial(checks.country, world=world), empty=True),
        wifi=_wifi(wlan),
        login=_login(table.below("user"), table.below("ssh"), world),
    )
    table.close()
    return settings


def _unused(table: Table) -> None:
    """Name what the tool offers and this box does not have; a switch that is off asks for nothing."""
    for name in ("connect", "interfaces"):
        below = table.below(name)
        if below.wants_something():
            table.wrong(name, "is not part of this box.", "Leave it out in the flash tool.")
        below.ignore_all()


def _wifi(table: Table) -> Wifi | None:
    name = table.take("ssid_hex", checks.ssid_hex, empty=True) or table.take("ssid", checks.ssid, empty=True)
    table.ignore("password_encrypted", "ssid")  # 64 hex digits tell themselves apart from a passphrase
    password = table.take("password", checks.wifi_password, secret=True, empty=True)
    hidden = table.take("hidden", checks.flag)
    if name is None or (password is None and table.said("password")):
        return None
    return Wifi(name, password, hidden or False)


def _login(user: Table, ssh: Table, world: World) -> Login | None:
    user.ignore("groups")  # of Raspberry Pi OS; here the owner is in homarus-admin
    name = user.take("name", partial(checks.login_name, world=world), empty=True)
    hashed: Secret | None = user.take("password", checks.password_hash, secret=True, empty=True)
    user.ignore("password_encrypted")
    free = user.take("passwordless_sudo", checks.flag)
    enabled = ssh.take("enabled", checks.flag)
    if ssh.take("password_authentication", checks.flag):
        ssh.wrong("password_authentication", "is never on: SSH takes keys only.", "Give the flash tool a public key.")
    keys = ssh.take("authorized_keys", checks.ssh_keys, empty=True) or ()
    if enabled is False:
        keys = ()
    if not keys and hashed is None:
        return None
    return Login(name or OWNER, keys, hashed, free)
