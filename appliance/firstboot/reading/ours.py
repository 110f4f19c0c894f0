"""homarus.toml: the plain file that anybody can put on the card, whatever wrote it."""

from __future__ import annotations

from functools import partial

from appliance.firstboot.reading import checks
from appliance.firstboot.reading.checks import World
from appliance.firstboot.reading.table import Table
from appliance.firstboot.values import OWNER, Cloud, Login, Settings, Wifi


def read(table: Table, world: World) -> Settings:
    """Return what the file says. Mistakes go into the table's list."""
    settings = Settings(
        hostname=table.take("hostname", checks.hostname, empty=True),
        time_zone=table.take("time_zone", checks.time_zone, empty=True),
        keyboard=table.take("keyboard", partial(checks.keyboard, world=world), empty=True),
        language=table.take("language", checks.language, empty=True),
        owner=table.take("owner", checks.person, empty=True),
        exposure=table.take("exposure", checks.exposure, empty=True),
        country=table.below("wifi").take("country", partial(checks.country, world=world), empty=True),
        wifi=_wifi(table.below("wifi")),
        login=_login(table.below("ssh"), world),
        cloud=_cloud(table.below("cloud"), world),
        tailscale_key=table.below("tailscale").take("auth_key", checks.tailscale_key, secret=True, empty=True),
    )
    table.close()
    return settings


def _wifi(table: Table) -> Wifi | None:
    table.ignore("country")
    name = table.take("ssid", checks.ssid, empty=True)
    password = table.take("password", checks.wifi_password, secret=True, empty=True)
    hidden = table.take("hidden", checks.flag)
    if name is None:
        if password is not None:
            table.wrong("ssid", "is missing, so the password is of no use.", "Write the name of the network too.")
        return None
    if password is None and table.said("password"):
        return None  # a password that does not fit was named; joining without one would only fail
    return Wifi(name, password, hidden or False)


def _login(table: Table, world: World) -> Login | None:
    name = table.take("user", partial(checks.login_name, world=world), empty=True)
    keys = table.take("keys", checks.ssh_keys, empty=True) or table.take("key", checks.ssh_keys, empty=True)
    if keys is None:
        if name is not None and not table.said("keys"):
            table.wrong("keys", "is missing, so nobody can log in.", 'Write keys = ["ssh-ed25519 AAAA… name"].')
        return None
    return Login(name or OWNER, keys)


def _cloud(table: Table, world: World) -> Cloud | None:
    service = table.take("service", partial(checks.cloud_service, world=world), empty=True)
    key = table.take("key", checks.secret_word, secret=True, empty=True)
    if service is None or key is None:
        if service is not None or (key is not None and not table.said("service")):
            table.wrong("service" if service is None else "key", "is missing.", "A cloud needs service and key.")
        return None
    return Cloud(service, key)
