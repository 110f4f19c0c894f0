"""The certificates of a box: what they vouch for, how long, and what survives."""

from __future__ import annotations

import contextlib
import hashlib
import ssl
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from appliance.identity.certificates.box import (
    EARLIEST_MS,
    RENEW_BEFORE_MS,
    TOLD_MS,
    BoxCertificates,
    CertificateError,
    Names,
    der_of,
)
from appliance.identity.certificates.making import LEAF_DAYS, make_authority, make_leaf

NAMES = Names("kitchen", ("localhost", "kitchen", "kitchen.local"), ("127.0.0.1", "192.168.1.5"))
NOW = EARLIEST_MS + 10**10


def shakes_hands(leaf: Path, authority: bytes, host: str) -> bool:
    """Do a whole TLS handshake in memory as a client that trusts `authority` alone and asks for `host`."""
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(leaf)
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.load_verify_locations(cadata=authority)
    client.verify_flags |= ssl.VerifyFlags.VERIFY_X509_STRICT
    client.verify_flags |= ssl.VerifyFlags(0x200000)  # the dates are those of a fixed clock, not of today
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    theirs = client.wrap_bio(to_client, to_server, server_hostname=host)
    ours = server.wrap_bio(to_server, to_client, server_side=True)
    for _ in range(4):
        try:
            for side in (theirs, ours):
                with contextlib.suppress(ssl.SSLWantReadError):
                    side.do_handshake()
        except ssl.SSLCertVerificationError:
            return False
    return theirs.version() is not None


def test_a_client_that_trusts_the_authority_reaches_every_name_and_address(tmp_path: Path) -> None:
    files = BoxCertificates(tmp_path / "tls")
    leaf = files.obtain(NAMES, NOW)
    for host in ("kitchen.local", "kitchen", "localhost", "192.168.1.5", "127.0.0.1"):
        assert shakes_hands(leaf.file, files.authority_der(), host), host
    assert not shakes_hands(leaf.file, files.authority_der(), "192.168.1.6")
    assert not shakes_hands(leaf.file, files.authority_der(), "bank.example")


@pytest.mark.parametrize(
    ("hosts", "addresses"),
    [(("bank.example",), ()), (("other.local",), ()), ((), ("8.8.8.8",)), ((), ("2606:4700::1111",))],
)
def test_the_authority_cannot_vouch_for_anybody_else(
    tmp_path: Path, hosts: tuple[str, ...], addresses: tuple[str, ...]
) -> None:
    authority = make_authority("kitchen", NAMES.hosts, NOW, tag="0000")
    stolen = make_leaf(authority.pem, "kitchen", hosts, addresses, NOW)
    leaf = tmp_path / "stolen.pem"
    leaf.write_bytes(stolen.pem)
    file = tmp_path / "authority.pem"
    file.write_bytes(authority.pem)
    assert not shakes_hands(leaf, der_of(file), (hosts or addresses)[0])


def test_keys_are_the_owners_alone_and_the_offered_file_holds_none(tmp_path: Path) -> None:
    files = BoxCertificates(tmp_path / "tls")
    files.obtain(NAMES, NOW)
    assert stat.S_IMODE((tmp_path / "tls").stat().st_mode) == 0o700
    for file in (files.authority, files.leaf):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert x509.load_der_x509_certificate(files.authority_der())
    files.leaf.chmod(0o644)
    files.obtain(NAMES, NOW)
    assert stat.S_IMODE(files.leaf.stat().st_mode) == 0o600


def test_apple_takes_the_leaf_and_it_may_do_nothing_but_serve(tmp_path: Path) -> None:
    leaf = BoxCertificates(tmp_path).obtain(NAMES, NOW)
    made = x509.load_pem_x509_certificate(leaf.file.read_bytes())
    assert (made.not_valid_after_utc - made.not_valid_before_utc).days == LEAF_DAYS <= 825
    assert not made.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    assert [one.dotted_string for one in made.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value] == [
        "1.3.6.1.5.5.7.3.1"
    ]


def test_the_pin_stays_over_restarts_and_over_other_addresses(tmp_path: Path) -> None:
    first = BoxCertificates(tmp_path).obtain(NAMES, NOW)
    moved = Names("kitchen", NAMES.hosts, ("10.0.0.9",))
    again = BoxCertificates(tmp_path).obtain(moved, NOW + 1000)
    assert again == first
    assert first.pin == hashlib.sha256(der_of(tmp_path / "leaf.pem")).hexdigest()


def test_a_restart_imports_no_library_of_certificates(tmp_path: Path) -> None:
    BoxCertificates(tmp_path).obtain(NAMES, NOW)
    code = (
        "import sys; from pathlib import Path; from appliance.identity.certificates.box import *;"
        f"BoxCertificates(Path({str(tmp_path)!r})).obtain(Names('x', (), ()), {NOW});"
        "sys.exit(any(name.startswith('cryptography') for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=60).returncode == 0


def test_it_is_renewed_sixty_days_before_its_end_with_the_same_key(tmp_path: Path) -> None:
    files = BoxCertificates(tmp_path)
    first = files.obtain(NAMES, NOW)
    key = _public_key(first.file)
    due = first.not_after_ms - RENEW_BEFORE_MS
    assert files.obtain(NAMES, due - 1) == first
    second = files.obtain(NAMES, due)
    assert second.pin != first.pin
    assert second.previous == first.pin
    assert second.not_after_ms > first.not_after_ms
    assert _public_key(second.file) == key
    assert shakes_hands(second.file, files.authority_der(), "kitchen.local")
    assert second.newly_renewed(due + TOLD_MS - 1)
    assert not second.newly_renewed(due + TOLD_MS)
    assert not first.newly_renewed(due)


def test_a_clock_that_was_never_set_does_not_make_a_certificate_of_the_past(tmp_path: Path) -> None:
    leaf = BoxCertificates(tmp_path).obtain(NAMES, 0)
    assert leaf.not_before_ms <= EARLIEST_MS < leaf.not_after_ms - RENEW_BEFORE_MS
    assert BoxCertificates(tmp_path).obtain(NAMES, EARLIEST_MS + 86_400_000).pin == leaf.pin


def test_a_lost_note_about_the_leaf_is_read_from_the_leaf(tmp_path: Path) -> None:
    first = BoxCertificates(tmp_path).obtain(NAMES, NOW)
    for damage in ("", "{", '{"pin": "other"}', "[]"):
        (tmp_path / "leaf.json").write_text(damage)
        again = BoxCertificates(tmp_path).obtain(NAMES, NOW)
        assert (again.pin, again.hosts, again.not_after_ms) == (first.pin, first.hosts, first.not_after_ms)


@pytest.mark.parametrize("damage", [b"", b"rubbish", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"])
@pytest.mark.parametrize("name", ["leaf.pem", "authority.pem"])
def test_damaged_files_are_told_and_never_replaced_silently(tmp_path: Path, name: str, damage: bytes) -> None:
    files = BoxCertificates(tmp_path)
    leaf = files.obtain(NAMES, NOW)
    (tmp_path / name).write_bytes(damage)
    with pytest.raises(CertificateError, match=str(tmp_path)):
        files.obtain(NAMES, leaf.not_after_ms)
    assert (tmp_path / name).read_bytes() == damage


def test_a_renamed_box_keeps_its_authority_and_says_what_it_can_vouch_for(tmp_path: Path) -> None:
    files = BoxCertificates(tmp_path)
    files.obtain(NAMES, NOW)
    authority = files.authority_der()
    other = Names("cellar", ("localhost", "cellar", "cellar.local"), ("192.168.1.7",))
    leaf = files.renew(other, NOW)
    assert files.authority_der() == authority
    assert (leaf.hosts, leaf.addresses) == (("localhost",), ("192.168.1.7",))
    assert shakes_hands(leaf.file, authority, "192.168.1.7")


def _public_key(file: Path) -> bytes:
    certificate = x509.load_pem_x509_certificate(file.read_bytes())
    return certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
