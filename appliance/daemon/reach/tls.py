"""The TLS of the port: the certificate of the box or the owner's, and its renewal while the gateway runs."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import ssl
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

from appliance.foundation.clock import Clock
from appliance.health import Condition, HealthTracker, Severity
from appliance.identity.certificates.box import BoxCertificates, CertificateError, Leaf, Names, der_of

_log = logging.getLogger(__name__)

RENEWED: Final = "certificate_renewed"
_LOOK_S: Final = 6 * 3600.0
_CONTEXT_LIFE: Final = 2_000
"""Handshakes of one context: OpenSSL keeps sessions of TLS 1.2 clients per context, up to 20,480 of them."""


class PortTls:
    """Hands out the context for each connection. `pin`: SHA-256 of the certificate that is shown, in hex.

    `changed` is called when another certificate is shown from now on.
    """

    def __init__(self, certificate: Path, key: Path | None = None) -> None:
        self._certificate = certificate
        self._key = key
        self._used = 0
        self.changed: Callable[[], None] = lambda: None
        self._context = self._load()
        self.pin = hashlib.sha256(der_of(certificate)).hexdigest()

    def __call__(self) -> ssl.SSLContext:
        self._used += 1
        if self._used > _CONTEXT_LIFE:
            self._used = 0
            try:
                self.reload()
            except (OSError, ValueError) as error:  # the file may be half replaced: the old one goes on
                _log.warning("the certificate cannot be read again: %s", error)
        return self._context

    def reload(self) -> None:
        """Show what is in the files now. Raises OSError, ValueError."""
        self._context = self._load()
        before, self.pin = self.pin, hashlib.sha256(der_of(self._certificate)).hexdigest()
        if before != self.pin:
            self.changed()

    def _load(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.options |= ssl.OP_NO_RENEGOTIATION
        context.set_alpn_protocols(["http/1.1"])
        # An empty password: a locked key is an error, not a question on a terminal.
        context.load_cert_chain(self._certificate, self._key, password="")
        return context


class BoxTls:
    """The own certificate of the box in use. Made at first need; `watch` renews it."""

    def __init__(self, folder: Path, names: Names, *, clock: Clock, tracker: HealthTracker) -> None:
        self._files = BoxCertificates(folder)
        self._names = names
        self._clock = clock
        self._tracker = tracker
        self.leaf: Leaf = self._files.obtain(names, clock.now_ms())
        try:
            self.port = PortTls(self._files.leaf)
        except (OSError, ValueError) as error:
            raise CertificateError(
                f"{self._files.leaf} cannot be used ({error}). Move it away: another is made, and apps ask again."
            ) from error
        self._tell()

    def authority_der(self) -> bytes:
        """Return the certificate of the authority of this box. Raises OSError, ValueError."""
        return self._files.authority_der()

    def unnamed(self, wanted: Iterable[str]) -> tuple[str, ...]:
        """Return names and addresses of today that the certificate does not hold: browsers refuse those."""
        return tuple(one for one in wanted if one not in self.leaf.hosts and one not in self.leaf.addresses)

    async def watch(self) -> None:
        """Renew the certificate in time, until cancelled."""
        while True:
            await self._clock.sleep(_LOOK_S)
            await self.look()

    async def look(self) -> None:
        """Renew the certificate if that is due."""
        try:
            self._use(await asyncio.to_thread(self._files.obtain, self._names, self._clock.now_ms()))
        except (CertificateError, OSError, ValueError) as error:
            _log.warning("the certificate was not renewed: %s", error)
        self._tell()

    async def renew(self, names: Names) -> None:
        """Show another certificate, with the names of today, from the next connection on. Raises CertificateError."""
        self._names = names
        self._use(await asyncio.to_thread(self._files.renew, names, self._clock.now_ms()))
        self._tell()

    def _use(self, leaf: Leaf) -> None:
        if leaf.pin != self.leaf.pin:
            self.port.reload()
            self.leaf = leaf
            _log.info("the certificate was renewed", extra={"fingerprint": leaf.pin})

    def _tell(self) -> None:
        if not self.leaf.newly_renewed(self._clock.now_ms()):
            self._tracker.clear(RENEWED, "tls")
            return
        summary = (
            "The TLS certificate of this box was renewed. Apps that knew the old one ask once whether to trust "
            f"fingerprint {self.leaf.pin[:16]}…; browsers that trust the authority of the box notice nothing."
        )
        fix = "Compare the fingerprint with `homarus security audit`, then say yes in the app."
        self._tracker.set(Condition(RENEWED, "tls", Severity.NOTICE, summary, fix, {"fingerprint": self.leaf.pin[:16]}))
