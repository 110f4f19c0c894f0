"""What checked settings mean for the box: files of the data partition, and options of the gateway. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from appliance.firstboot.applying import owner
from appliance.firstboot.applying.files import Act, Link, Put
from appliance.firstboot.applying.wifi_file import keyfile
from appliance.firstboot.values import Login, Settings

HOSTNAME: Final = "data/system/hostname"
TIMEZONE: Final = "data/system/timezone"
LOCALTIME: Final = "data/system/localtime"
KEYBOARD: Final = "data/system/keyboard"
COUNTRY: Final = "data/system/wifi-country"
TAILSCALE_KEY: Final = "data/system/tailscale-authkey"
FIRST_OPTIONS: Final = (("gateway.bind", "lan"),)
"""What a box starts with where nobody said otherwise: a phone must reach it to pair. TLS follows from it."""


@dataclass(frozen=True, slots=True)
class Part:
    """One setting: its name for people, and what it takes to keep it."""

    name: str
    acts: tuple[Act, ...]


@dataclass(frozen=True, slots=True)
class Option:
    """One option of the gateway's configuration."""

    name: str
    path: str
    value: str
    secret: bool = False

    def __repr__(self) -> str:
        return f"Option({self.path!r}, {'***' if self.secret else self.value!r})"


def parts(settings: Settings, before: Login | None) -> Iterator[Part]:
    """Yield what is to be written. `before` is the account that the box has now."""
    if settings.hostname is not None:
        yield Part("hostname", (Put(HOSTNAME, f"{settings.hostname}\n".encode()),))
    if settings.time_zone is not None:
        yield Part("time zone", tuple(zone(settings.time_zone)))
    if settings.keyboard is not None:
        yield Part("keyboard", (Put(KEYBOARD, f"{settings.keyboard}\n".encode()),))
    if settings.country is not None:
        yield Part("country of the radio", (Put(COUNTRY, f"{settings.country}\n".encode()),))
    if settings.wifi is not None:
        yield Part("Wi-Fi", (keyfile(settings.wifi),))
    if settings.login is not None:
        yield Part(f"login of {settings.login.name}", tuple(owner.keeping(settings.login, before)))
    if settings.tailscale_key is not None:
        yield Part("Tailscale key", (Put(TAILSCALE_KEY, f"{settings.tailscale_key.reveal()}\n".encode(), 0o600),))


def zone(name: str) -> Iterator[Act]:
    """Yield what makes a zone that of the box: /etc/localtime leads to the link, /etc/timezone to the name."""
    yield Put(TIMEZONE, f"{name}\n".encode())
    yield Link(LOCALTIME, f"/usr/share/zoneinfo/{name}")


def options(settings: Settings) -> Iterator[Option]:
    """Yield what goes into the configuration of the gateway."""
    if settings.owner is not None:
        yield Option("owner", "owner.name", _text(settings.owner))
    if settings.language is not None:
        yield Option("language", "locale", settings.language)
    if settings.exposure is not None:
        yield Option("exposure", "gateway.bind", settings.exposure)
    if settings.cloud is not None:
        path = f"models.providers.{settings.cloud.service}.apiKey"
        yield Option(f"key of {settings.cloud.service}", path, _text(settings.cloud.key.reveal()), secret=True)


def _text(value: str) -> str:
    """A text, whatever the configuration would read into it."""
    return value.replace("${", "$${")
