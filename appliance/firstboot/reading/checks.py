"""One check per value: what a person wrote becomes what the box uses, or a sentence on what would fit.

Everything here may come from anybody who had the card in a reader, so every text has a bound and a set of signs.
"""

from __future__ import annotations

import base64
import binascii
import re
import struct
from dataclasses import dataclass
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from appliance.config.values import Secret
from appliance.firstboot.reading.keyboards import layout

MAX_KEYS: Final = 16
MAX_SSID_BYTES: Final = 32
_MAX_KEY_CHARS: Final = 8192
_MAX_SECRET_CHARS: Final = 512
_MAX_NAME_CHARS: Final = 64
_MIN_RSA_BITS: Final = 2048
_EXPOSURES: Final = ("loopback", "lan", "tailnet")
_KEY_TYPES: Final = (
    "ssh-ed25519",
    "sk-ssh-ed25519@openssh.com",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "sk-ecdsa-sha2-nistp256@openssh.com",
    "ssh-rsa",
)
_HASH: Final = re.compile(r"\$(?:y|gy|7|6|5|2[aby])\$[A-Za-z0-9./$=,+-]{8,384}")
_ZONE: Final = re.compile(r"[A-Za-z0-9_+-]{1,32}(?:/[A-Za-z0-9_+-]{1,32}){0,2}")


class Wrong(ValueError):
    """A value that does not fit: what is wrong, and what to write instead."""

    def __init__(self, problem: str, fix: str) -> None:
        super().__init__(f"{problem} {fix}")
        self.problem = problem
        self.fix = fix


@dataclass(frozen=True, slots=True)
class World:
    """What a check has to know of this box: names that are taken; countries, keyboards and services that exist."""

    accounts: frozenset[str] = frozenset({"root", "homarus"})
    countries: frozenset[str] = frozenset()
    keyboards: frozenset[str] = frozenset()
    services: tuple[str, ...] = ("anthropic", "openai", "google", "openrouter")


def text(value: object, most: int = _MAX_NAME_CHARS) -> str:
    """Return one line of text."""
    if not isinstance(value, str):
        raise Wrong("is no text.", 'Put it between quotation marks: "…".')
    if not value.strip():
        raise Wrong("is empty.", "Write a value, or take the line out.")
    if len(value) > most or not value.isprintable():
        raise Wrong(f"is longer than {most} characters or holds signs that cannot be printed.", "Write it shorter.")
    return value.strip()


def flag(value: object) -> bool:
    """Return yes or no."""
    if not isinstance(value, bool):
        raise Wrong("is neither true nor false.", "Write true or false, without quotation marks.")
    return value


def hostname(value: object) -> str:
    """Return a label of a host name (RFC 1123), in small letters."""
    name = text(value, 253).lower().removesuffix(".local")
    if not re.fullmatch(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?", name) or name == "localhost":
        raise Wrong("is no host name.", "Use up to 63 letters, digits and hyphens, such as homarus-kitchen.")
    return name


def time_zone(value: object) -> str:
    """Return the name of a zone that exists."""
    name = text(value)
    try:
        if _ZONE.fullmatch(name) is None:
            raise ValueError(name)
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise Wrong("is no time zone.", 'Write continent and city, such as "Europe/Berlin".') from error
    return name


def keyboard(value: object, world: World) -> str:
    """Return what the console calls a keyboard layout; it may be written as a flash tool calls it (XKB)."""
    name = text(value, 32)
    found = layout(name, world.keyboards) or layout(name.lower(), world.keyboards)
    if found is None:
        raise Wrong("is no keyboard layout of this box.", 'Write one such as "de", "fr", "gb" or "us".')
    return found


def language(value: object) -> str:
    """Return the tag of a language (the same form as `locale` of the configuration)."""
    tag = text(value, 35).replace("_", "-").split(".", 1)[0]
    if not re.fullmatch(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*", tag):
        raise Wrong("is no language.", 'Write "en", "de" or "fr".')
    return tag


def person(value: object) -> str:
    """Return what the owner is called."""
    return text(value)


def exposure(value: object) -> str:
    """Return who reaches the box."""
    name = text(value).lower()
    if name not in _EXPOSURES:
        raise Wrong("is no kind of exposure.", 'Write "loopback" (nobody), "lan" (the house) or "tailnet".')
    return name


def country(value: object, world: World) -> str:
    """Return a country (ISO 3166), which decides about channels and power of the radio."""
    code = text(value, 8).upper()
    if not re.fullmatch(r"[A-Z]{2}", code) or (world.countries and code not in world.countries):
        raise Wrong("is no country.", 'Write its two letters, such as "DE" or "GB".')
    return code


def ssid(value: object) -> bytes:
    """Return the name of a Wi-Fi network as the bytes on the air. Blanks at its ends belong to it."""
    if not isinstance(value, str) or not value:
        raise Wrong("is no name of a Wi-Fi network.", "Write it between quotation marks.")
    raw = value.encode("utf-8", "surrogatepass")
    if len(raw) > MAX_SSID_BYTES or "\0" in value:
        raise Wrong(f"is longer than {MAX_SSID_BYTES} bytes.", "No network has such a name; look it up again.")
    return raw


def ssid_hex(value: object) -> bytes:
    """Return the name of a network that was written as hex digits."""
    try:
        raw = bytes.fromhex(text(value, 2 * MAX_SSID_BYTES))
    except ValueError as error:
        raise Wrong("is no row of pairs of hex digits.", "Use `ssid` with the name itself.") from error
    return raw


def wifi_password(value: object) -> Secret:
    """Return a WPA passphrase of 8 to 63 characters, or the 64 hex digits of a key (IEEE 802.11, annex J)."""
    if not isinstance(value, str) or not value:
        raise Wrong("is no text.", "Write the password between quotation marks; leave the line out for none.")
    if re.fullmatch(r"[0-9A-Fa-f]{64}", value):
        return Secret(value.lower())
    if not 8 <= len(value) <= 63 or not value.isascii() or not value.isprintable():
        raise Wrong(
            "cannot be a Wi-Fi password: those have 8 to 63 plain characters.", "Look it up on the router and write it."
        )
    return Secret(value)


def login_name(value: object, world: World) -> str:
    """Return the name of the account of the owner."""
    name = text(value, 64)
    if not re.fullmatch(r"[a-z][a-z0-9_-]{0,30}", name):
        raise Wrong("is no login name.", "Use small letters, digits and hyphens, such as ada.")
    if name in world.accounts:
        raise Wrong("belongs to the system.", "Choose another name, such as owner.")
    return name


def ssh_keys(value: object) -> tuple[str, ...]:
    """Return public keys, one or a list of them. Raises Wrong for the first that is none."""
    rows = value.splitlines() if isinstance(value, str) else value
    if not isinstance(rows, list) or not all(isinstance(one, str) for one in rows):
        raise Wrong("is neither a key nor a list of keys.", 'Write ["ssh-ed25519 AAAA… name"].')
    keys = [one.strip() for one in rows if one.strip() and not one.lstrip().startswith("#")]
    if len(keys) > MAX_KEYS:
        raise Wrong(f"holds more than {MAX_KEYS} keys.", "Keep those that are needed.")
    return tuple(dict.fromkeys(_ssh_key(one) for one in keys))


def _ssh_key(line: str) -> str:
    kind, _, rest = line.partition(" ")
    if kind.startswith("-----BEGIN"):
        raise Wrong("holds a private key.", "Never write that anywhere: use the file that ends in .pub.")
    if kind not in _KEY_TYPES or len(line) > _MAX_KEY_CHARS or not line.isprintable():
        raise Wrong("holds no public key of SSH.", "Copy the one line of the file that ends in .pub.")
    blob, _, comment = rest.strip().partition(" ")
    try:
        fields = _fields(base64.b64decode(blob, validate=True))
    except (binascii.Error, struct.error, ValueError) as error:
        raise Wrong("holds a public key that was cut or changed.", "Copy the whole line again.") from error
    if not fields or fields[0] != kind.encode() or len(fields) < 2:
        raise Wrong("holds a public key that was cut or changed.", "Copy the whole line again.")
    if kind == "ssh-rsa" and len(fields[-1].lstrip(b"\0")) * 8 < _MIN_RSA_BITS:
        raise Wrong("holds an RSA key that is too short.", "Make a new one: ssh-keygen -t ed25519.")
    return f"{kind} {blob} {comment.strip()}".strip()


def _fields(blob: bytes) -> list[bytes]:
    """Return the length-prefixed fields of a key (RFC 4251, section 5)."""
    fields, offset = [], 0
    while offset < len(blob):
        (size,) = struct.unpack_from(">I", blob, offset)
        if offset + 4 + size > len(blob):
            raise ValueError("cut")
        fields.append(blob[offset + 4 : offset + 4 + size])
        offset += 4 + size
    return fields


def password_hash(value: object) -> Secret:
    """Return a password as crypt(3) keeps it. A password in plain text is not taken: it would stay on the card."""
    if not isinstance(value, str) or _HASH.fullmatch(value) is None:
        raise Wrong("is not hashed, and the box takes no plain password.", "Use an SSH key: [ssh] keys.")
    return Secret(value)


def cloud_service(value: object, world: World) -> str:
    """Return a service for models."""
    name = text(value).lower()
    if name not in world.services:
        raise Wrong("is no service known here.", f"Write one of {', '.join(world.services)}.")
    return name


def secret_word(value: object) -> Secret:
    """Return a key of a service: one word."""
    if not isinstance(value, str) or not value.strip():
        raise Wrong("is empty.", "Write the key between quotation marks.")
    word = value.strip()
    if len(word) > _MAX_SECRET_CHARS or not word.isascii() or not word.isprintable() or " " in word:
        raise Wrong("is no key: a key is one word of letters, digits and signs.", "Copy it again.")
    return Secret(word)


def tailscale_key(value: object) -> Secret:
    """Return a key that joins a tailnet."""
    word = secret_word(value)
    if re.fullmatch(r"tskey-[A-Za-z0-9_-]{4,250}", word.reveal()) is None:
        raise Wrong("is no key of Tailscale.", "It begins with tskey-auth-; make one in its admin console.")
    return word
