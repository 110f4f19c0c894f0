"""Makes the authority of a box and its leaf (RFC 5280). Imported only when one is made: x509 costs two megabytes.

The authority may vouch for the names of this box and for private addresses, nothing else: whoever steals its key, or
an owner who misuses it, cannot imitate a bank to a phone that trusts it (name constraints, RFC 5280 4.2.1.10).
"""

from __future__ import annotations

import datetime
import ipaddress
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from appliance.identity.certificates.box import PRIVATE_NETWORKS

LEAF_DAYS: Final = 820
"""Apple refuses leaves of private authorities that live longer than 825 days (support.apple.com/103769)."""

_AUTHORITY_DAYS: Final = 7300
_BACKDATED: Final = datetime.timedelta(days=2)
"""A phone whose clock is behind must not find the certificate to be of tomorrow."""

_NO_USE: Final = dict.fromkeys(
    (
        "digital_signature",
        "content_commitment",
        "key_encipherment",
        "data_encipherment",
        "key_agreement",
        "key_cert_sign",
        "crl_sign",
        "encipher_only",
        "decipher_only",
    ),
    False,
)


@dataclass(frozen=True, slots=True)
class Made:
    """A certificate with its key in one PEM text (one file: both or neither survive a power cut), and its dates."""

    pem: bytes
    not_before_ms: int
    not_after_ms: int


def make_authority(box: str, hosts: Sequence[str], now_ms: int, *, tag: str) -> Made:
    """Make an authority that may vouch for `hosts` (and names below them) and for private addresses.

    `tag` tells the authorities of two boxes of one name apart in the settings of a phone.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Homarus"),
            x509.NameAttribute(NameOID.COMMON_NAME, f"Homarus CA {box} {tag}"[:64]),
        ]
    )
    permitted: list[x509.GeneralName] = [x509.DNSName(host) for host in hosts]
    permitted += [x509.IPAddress(ipaddress.ip_network(network)) for network in PRIVATE_NETWORKS]
    builder = (
        _builder(name, name, key.public_key(), now_ms, _AUTHORITY_DAYS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.KeyUsage(**_NO_USE | {"key_cert_sign": True, "crl_sign": True}), critical=True)
        .add_extension(x509.NameConstraints(permitted_subtrees=permitted, excluded_subtrees=None), critical=True)
    )
    return _signed(builder, key, key)


def make_leaf(
    authority: bytes, box: str, hosts: Sequence[str], addresses: Sequence[str], now_ms: int, *, old: bytes | None = None
) -> Made:
    """Make the certificate that the gateway shows, followed by its authority. `old`: a leaf whose key is kept."""
    issuer = x509.load_pem_x509_certificate(authority)
    issuer_key = _key(authority)
    key = _key(old) if old is not None else ec.generate_private_key(ec.SECP256R1())
    names: list[x509.GeneralName] = [x509.DNSName(host) for host in hosts]
    names += [x509.IPAddress(ipaddress.ip_address(address)) for address in addresses]
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, box[:64])])
    issuer_id = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key())
    builder = (
        _builder(subject, issuer.subject, key.public_key(), now_ms, LEAF_DAYS)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.KeyUsage(**_NO_USE | {"digital_signature": True}), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(issuer_id, critical=False)
    )
    made = _signed(builder, issuer_key, key)
    return Made(made.pem + issuer.public_bytes(Encoding.PEM), made.not_before_ms, made.not_after_ms)


def may_vouch(authority: bytes, hosts: Iterable[str]) -> tuple[str, ...]:
    """Return those of `hosts` for which an authority may vouch."""
    constraints = x509.load_pem_x509_certificate(authority).extensions.get_extension_for_class(x509.NameConstraints)
    allowed = {one.value for one in constraints.value.permitted_subtrees or () if isinstance(one, x509.DNSName)}
    return tuple(host for host in hosts if any(host == one or host.endswith(f".{one}") for one in allowed))


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, now_ms: int, days: int
) -> x509.CertificateBuilder:
    begin = datetime.datetime.fromtimestamp(now_ms // 1000, datetime.UTC) - _BACKDATED
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(begin + datetime.timedelta(days=days))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _signed(
    builder: x509.CertificateBuilder, issuer: ec.EllipticCurvePrivateKey, key: ec.EllipticCurvePrivateKey
) -> Made:
    certificate = builder.sign(issuer, hashes.SHA256())
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return Made(
        private + certificate.public_bytes(Encoding.PEM),
        _ms(certificate.not_valid_before_utc),
        _ms(certificate.not_valid_after_utc),
    )


def _key(pem: bytes) -> ec.EllipticCurvePrivateKey:
    key = load_pem_private_key(pem, None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise ValueError("not an elliptic-curve key")
    return key


def _ms(moment: datetime.datetime) -> int:
    return int(moment.timestamp()) * 1000


def facts_of(pem: bytes) -> tuple[int, int, tuple[str, ...], tuple[str, ...]]:
    """Return begin and end in milliseconds, host names and addresses of a leaf. Raises ValueError."""
    certificate = x509.load_pem_x509_certificate(pem)
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    hosts = tuple(names.get_values_for_type(x509.DNSName))
    addresses = tuple(str(one) for one in names.get_values_for_type(x509.IPAddress))
    return _ms(certificate.not_valid_before_utc), _ms(certificate.not_valid_after_utc), hosts, addresses
