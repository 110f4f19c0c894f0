"""Certificates of a box and of those it is paired with: TLS 1.3 on both sides, each leaf known by its SHA-256.

Certificates are usually self-signed: what counts is the pin, not who signed. So their dates do not count either: a
small box may have no clock before it has a network.
"""

from __future__ import annotations

import hashlib
import re
import ssl
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from appliance.foundation.errors import ApplianceError

PROTOCOL = "homarus-engine/1"  # ALPN: nobody can be made to take this for another service of ours
MAX_CLIENTS = 64
_MAX_FILE_BYTES = 512 * 1024
_PEM = re.compile(r"-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----")
_NO_CHECK_TIME = ssl.VerifyFlags(0x200000)  # X509_V_FLAG_NO_CHECK_TIME of OpenSSL, which Python gives no name


class CredentialsError(ApplianceError):
    """A certificate, key or list of peers cannot be used; the message names the file and the fix."""

    code = "peer_credentials"


@dataclass(frozen=True, slots=True)
class Identity:
    """The certificate that this box shows, and its private key."""

    certificate: Path
    key: Path


def fingerprint(der: bytes) -> str:
    """Return the pin of a certificate: SHA-256 in hex."""
    return hashlib.sha256(der).hexdigest()


def normal_pin(text: str) -> str:
    """Return a pin as `fingerprint` writes it; colons, spaces and capitals do not count. Raises CredentialsError."""
    pin = re.sub(r"[:\s]", "", text).lower().removeprefix("sha256")
    if not re.fullmatch(r"[0-9a-f]{64}", pin):
        raise CredentialsError(f"{text[:80]!r} is no SHA-256 of a certificate: 64 hexadecimal digits are wanted.")
    return pin


def read_pins(clients: Path) -> dict[str, str]:
    """Return certificates (PEM) by their pin. Raises CredentialsError."""
    found = {fingerprint(ssl.PEM_cert_to_DER_cert(pem)): pem for pem in _PEM.findall(_text(clients))}
    if not 0 < len(found) <= MAX_CLIENTS:
        raise CredentialsError(f"{clients} holds {len(found)} certificates; 1 to {MAX_CLIENTS} in PEM are wanted.")
    return found


def server_context(identity: Identity, clients: Iterable[str]) -> ssl.SSLContext:
    """Return what a listening engine uses: only the certificates `clients` (PEM) may come. Raises CredentialsError."""
    context = _context(ssl.PROTOCOL_TLS_SERVER, identity)
    context.verify_mode = ssl.CERT_REQUIRED
    # the leaf itself is what is trusted, whoever signed it
    context.verify_flags |= ssl.VerifyFlags.VERIFY_X509_PARTIAL_CHAIN | _NO_CHECK_TIME
    context.num_tickets = 0  # no resumption: who was struck off the list must not come in by a ticket
    try:
        context.load_verify_locations(cadata="\n".join(clients))
    except (ssl.SSLError, ValueError) as error:
        raise CredentialsError(f"The certificates of the peers cannot be read: {error}.") from error
    return context


def client_context(identity: Identity) -> ssl.SSLContext:
    """Return what a calling box uses. The caller compares the pin (`peer_pin`) before it sends a byte.

    Raises CredentialsError.
    """
    context = _context(ssl.PROTOCOL_TLS_CLIENT, identity)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE  # the other side still proves that it holds the key of its certificate
    return context


def peer_pin(tls: ssl.SSLObject | ssl.SSLSocket | None) -> str:
    """Return the pin of who is at the other end, "" for nobody, or for another version or protocol than ours."""
    if tls is None or tls.version() != "TLSv1.3" or tls.selected_alpn_protocol() != PROTOCOL:
        return ""
    der = tls.getpeercert(binary_form=True)
    return fingerprint(der) if der else ""


def _context(side: int, identity: Identity) -> ssl.SSLContext:
    _check_private(identity.key)
    context = ssl.SSLContext(side)
    context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_3
    context.set_alpn_protocols([PROTOCOL])
    try:
        # an empty password: a locked key is an error, not a question on a terminal
        context.load_cert_chain(identity.certificate, identity.key, password="")
    except (OSError, ValueError) as error:
        message = f"{identity.certificate} and {identity.key} are no certificate with its key: {error}."
        raise CredentialsError(message) from error
    return context


def _check_private(key: Path) -> None:
    try:
        mode = key.stat().st_mode
    except OSError as error:
        raise CredentialsError(f"{key} cannot be read: {error.strerror}.") from error
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise CredentialsError(f"{key} can be read by others; `chmod 600 {key}` mends it.")


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > _MAX_FILE_BYTES:
            raise CredentialsError(f"{path} is larger than {_MAX_FILE_BYTES} bytes.")
        return path.read_text("ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise CredentialsError(f"{path} cannot be read: {error}.") from error
