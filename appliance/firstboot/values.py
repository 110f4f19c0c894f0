"""What somebody wrote down for this box before its first start, checked; and what is wrong with it."""

from __future__ import annotations

from dataclasses import dataclass

from appliance.config.values import Secret

OURS = "homarus.toml"
PRESEED = "rpi-preseed.toml"
SAID = "homarus-said.txt"
OWNER = "owner"
"""The login name where nobody chose one: `homarus` is the service, who never logs in."""


@dataclass(frozen=True, slots=True)
class Mistake:
    """One thing that was not taken. `value` is what was written, "" for secrets; `fix` says what to write."""

    file: str
    key: str
    problem: str
    fix: str
    value: str = ""

    def sentence(self) -> str:
        """Return it as a person reads it."""
        written = f' = "{self.value}"' if self.value else ""
        key = f" {self.key}{written}:" if self.key else ""
        return f"{self.file}:{key} {self.problem} {self.fix}".strip()


@dataclass(frozen=True, slots=True)
class Wifi:
    """One network. `password` is a passphrase or 64 hex digits of a key; None is an open network."""

    ssid: bytes
    password: Secret | None = None
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class Login:
    """Who may log in. Keys open SSH; `password_hash` (crypt(3)) opens the consoles only."""

    name: str = OWNER
    keys: tuple[str, ...] = ()
    password_hash: Secret | None = None
    free_sudo: bool | None = None


@dataclass(frozen=True, slots=True)
class Cloud:
    """The key of a service for models."""

    service: str
    key: Secret


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that a file may say; None is "not said"."""

    hostname: str | None = None
    time_zone: str | None = None
    keyboard: str | None = None
    language: str | None = None
    owner: str | None = None
    exposure: str | None = None
    country: str | None = None
    wifi: Wifi | None = None
    login: Login | None = None
    cloud: Cloud | None = None
    tailscale_key: Secret | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """What one look at the partition gave. `wipe` names the files that hold secrets and were read to the end.

    `mistakes` are those of the file `source`, `kept` those of files that stay where they are.
    """

    settings: Settings = Settings()
    mistakes: tuple[Mistake, ...] = ()
    notes: tuple[str, ...] = ()
    source: str | None = None
    wipe: tuple[str, ...] = ()
    kept: tuple[Mistake, ...] = ()
