"""Certificates that tests make for boxes."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from appliance.engine.remote.credentials import Identity, fingerprint


@dataclass(frozen=True, slots=True)
class Papers:
    """A self-signed certificate with its key, as files, and its pin."""

    identity: Identity
    pin: str

    @property
    def pem(self) -> str:
        return self.identity.certificate.read_text()


def papers(folder: Path, name: str, *, starts: datetime.datetime | None = None) -> Papers:
    """Make a certificate; by default it is valid only in years to come, as on a box whose clock is not set."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    begin = starts or datetime.datetime(2090, 1, 1, tzinfo=datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(begin + datetime.timedelta(days=30))
        .sign(key, hashes.SHA256())
    )
    identity = Identity(folder / f"{name}.pem", folder / f"{name}.key")
    identity.certificate.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    identity.key.touch(0o600)
    identity.key.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return Papers(identity, fingerprint(certificate.public_bytes(serialization.Encoding.DER)))
