"""The certificates of this box on disk: made once, kept, renewed in time, and read without the library that makes them.

`<state>/tls/authority.pem` and `leaf.pem` each hold a key and its certificate (0600). `leaf.json` repeats what is in
the leaf, so that a start needs no parser of certificates. The leaf is not made anew when an address changes: apps know
it by its fingerprint and would ask again.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import ssl
import stat
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from appliance.foundation.atomicfile import write_atomic
from appliance.foundation.errors import ApplianceError

_DAY_MS: Final = 86_400_000
RENEW_BEFORE_MS: Final = 60 * _DAY_MS
TOLD_MS: Final = 30 * _DAY_MS
"""How long the owner is told that the certificate is another: by then every app of the house was opened."""

EARLIEST_MS: Final = 1_793_500_000_000
"""November 2026: a box without a clock battery that says it is earlier is wrong."""

PRIVATE_NETWORKS: Final = (
    "10.0.0.0/8",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "169.254.0.0/16",
    "127.0.0.0/8",
    "100.64.0.0/10",  # tailnets
    "::1/128",
    "fc00::/7",
    "fe80::/10",
)
"""All that the authority of a box may vouch for by address."""

_MAX_FILE_BYTES: Final = 64 * 1024
_CERTIFICATE: Final = re.compile(rb"-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----\n?")


class CertificateError(ApplianceError):
    """The certificates of the box cannot be read, made or kept; the message names the file and the fix."""

    code = "certificate"


@dataclass(frozen=True, slots=True)
class Names:
    """How others call this box: its own name, every host name, and the private addresses it has now."""

    box: str
    hosts: tuple[str, ...]
    addresses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Leaf:
    """The certificate that the gateway shows. `pin`: SHA-256 of it in lower-case hex.

    `previous`: the pin before the last renewal ("" when there was none), at `made_ms`.
    """

    file: Path
    pin: str
    not_before_ms: int
    not_after_ms: int
    hosts: tuple[str, ...]
    addresses: tuple[str, ...]
    made_ms: int
    previous: str = ""

    def due(self, now_ms: int) -> bool:
        """Tell whether it is time for another one."""
        return now_ms >= self.not_after_ms - RENEW_BEFORE_MS or now_ms < self.not_before_ms

    def newly_renewed(self, now_ms: int) -> bool:
        """Tell whether apps may still know the certificate before this one."""
        return bool(self.previous) and now_ms - self.made_ms < TOLD_MS


class BoxCertificates:
    """The files of one box. Everything here is quick enough for a start and blocks: keep it out of a busy loop."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.authority = folder / "authority.pem"
        self.leaf = folder / "leaf.pem"
        self._facts = folder / "leaf.json"

    def obtain(self, names: Names, now_ms: int) -> Leaf:
        """Return the leaf, made or renewed where that is due. Raises CertificateError."""
        now_ms = max(now_ms, EARLIEST_MS)
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            found = self._read_leaf()
            if found is not None and not found.due(now_ms):
                return found
            return self._make(names, now_ms, found)
        except (OSError, ValueError) as error:
            raise CertificateError(
                f"The certificates in {self._folder} cannot be used ({error}). Restore them from a backup, or move the "
                "folder away: then new ones are made and every device has to pair again."
            ) from error

    def renew(self, names: Names, now_ms: int) -> Leaf:
        """Make a leaf for the names of today with the key of the old one. Raises CertificateError."""
        try:
            return self._make(names, max(now_ms, EARLIEST_MS), self._read_leaf())
        except (OSError, ValueError) as error:
            raise CertificateError(f"No certificate could be made in {self._folder}: {error}.") from error

    def authority_der(self) -> bytes:
        """Return the certificate of the authority, for those who want to trust it; never its key. Raises OSError."""
        return der_of(self.authority)

    def _read_leaf(self) -> Leaf | None:
        """Return the leaf on disk, None when there is none yet. Raises OSError, ValueError."""
        if not self.leaf.exists():
            return None
        _keep_private(self.leaf)
        pin = hashlib.sha256(der_of(self.leaf)).hexdigest()
        facts = self._read_facts()
        if facts is not None and facts.pin == pin:
            return facts
        from appliance.identity.certificates.making import facts_of

        begin, end, hosts, addresses = facts_of(_certificates(self.leaf)[0])
        leaf = Leaf(self.leaf, pin, begin, end, hosts, addresses, made_ms=begin)
        self._write_facts(leaf)
        return leaf

    def _make(self, names: Names, now_ms: int, old: Leaf | None) -> Leaf:
        from appliance.identity.certificates.making import make_authority, make_leaf, may_vouch

        if not self.authority.exists():
            tag = os.urandom(2).hex()
            write_atomic(self.authority, make_authority(names.box, names.hosts, now_ms, tag=tag).pem)
        _keep_private(self.authority)
        authority = _content(self.authority)
        # A box that was renamed keeps its authority, which every phone trusts: it cannot vouch for the new name.
        hosts = may_vouch(authority, names.hosts)
        kept = _content(self.leaf) if old is not None else None
        made = make_leaf(authority, names.box, hosts, names.addresses, now_ms, old=kept)
        write_atomic(self.leaf, made.pem)
        pin = hashlib.sha256(der_of(self.leaf)).hexdigest()
        leaf = Leaf(
            self.leaf, pin, made.not_before_ms, made.not_after_ms, hosts, tuple(names.addresses), made_ms=now_ms
        )
        leaf = replace(leaf, previous=old.pin if old is not None else "")
        self._write_facts(leaf)
        return leaf

    def _read_facts(self) -> Leaf | None:
        try:
            raw: dict[str, Any] = json.loads(_content(self._facts))
            return Leaf(
                self.leaf,
                str(raw["pin"]),
                int(raw["notBeforeMs"]),
                int(raw["notAfterMs"]),
                _texts(raw["hosts"]),
                _texts(raw["addresses"]),
                int(raw["madeMs"]),
                str(raw["previous"]),
            )
        except (OSError, ValueError, KeyError, TypeError):
            return None  # read from the certificate itself then

    def _write_facts(self, leaf: Leaf) -> None:
        facts = {
            "pin": leaf.pin,
            "notBeforeMs": leaf.not_before_ms,
            "notAfterMs": leaf.not_after_ms,
            "hosts": leaf.hosts,
            "addresses": leaf.addresses,
            "madeMs": leaf.made_ms,
            "previous": leaf.previous,
        }
        write_atomic(self._facts, json.dumps(facts).encode())


def der_of(file: Path) -> bytes:
    """Return the first certificate of a PEM file as DER. Raises OSError, ValueError."""
    return ssl.PEM_cert_to_DER_cert(_certificates(file)[0].decode("ascii"))


def _certificates(file: Path) -> list[bytes]:
    found: list[bytes] = _CERTIFICATE.findall(_content(file))
    if not found:
        raise ValueError(f"{file} holds no certificate")
    return found


def _content(file: Path) -> bytes:
    with file.open("rb") as opened:
        return opened.read(_MAX_FILE_BYTES)


def _keep_private(file: Path) -> None:
    if file.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        file.chmod(0o600)


def _texts(values: Sequence[Any]) -> tuple[str, ...]:
    return tuple(str(one) for one in values)
