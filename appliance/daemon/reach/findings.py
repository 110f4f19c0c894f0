"""The rules of `homarus security audit`: what in a configuration, on disk or on the network should be mended."""

from __future__ import annotations

import ipaddress
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final, Literal, TypeAlias

from appliance.access.shared import AuthMode, SharedAuth
from appliance.config.sections.gateway import GatewaySection
from appliance.gateway.reach import Exposure
from appliance.host.interfaces import Address
from appliance.protocol.methods.base import UNSET
from appliance.protocol.methods.security import FindingRow

_MIN_SECRET_CHARS: Final = 16
_MIN_LOCK_MS: Final = 60_000
_WIDE_BITS: Final = {4: 8, 6: 32}
"""Networks of fewer bits are no home and no office."""

_SET: Final = "homarus config set"
_Severity: TypeAlias = Literal["critical", "warning"]
_Details: TypeAlias = dict[str, str | int]
Finding: TypeAlias = tuple[str, _Severity, str, str, _Details]


def findings(
    section: GatewaySection, auth: SharedAuth, exposure: Exposure, here: Iterable[Address], files: Iterable[Path]
) -> list[FindingRow]:
    """Return everything to mend, the worst first."""
    found = [*_entry(section, auth, exposure), *_network(section, exposure, here), *_pages(section), *_files(files)]
    rows = [
        FindingRow(code=code, severity=severity, summary=summary, fix=fix, details=details or UNSET)
        for code, severity, summary, fix, details in found
    ]
    return sorted(rows, key=lambda row: row.severity != "critical")


def _entry(section: GatewaySection, auth: SharedAuth, exposure: Exposure) -> Iterator[Finding]:
    if auth.mode is AuthMode.NONE:
        # A page that a program here serves is a page of ours, and without a secret its device is let in unasked.
        text = (
            "Every program and every user of this machine may do everything, and any web page on http://localhost can "
            "become the owner: gateway.auth.mode is none."
        )
        yield "auth_none", "warning", text, f"{_SET} gateway.auth.mode token", {}
    secret = auth.password if auth.mode is AuthMode.PASSWORD else auth.token
    if auth.mode is not AuthMode.NONE and len(secret) < _MIN_SECRET_CHARS:
        kind = auth.mode.value
        severity: _Severity = "critical" if exposure.beyond else "warning"
        fix = (
            "`homarus config unset gateway.auth.token` (a strong one is made), then `homarus gateway restart`"
            if auth.mode is AuthMode.TOKEN
            else f"{_SET} gateway.auth.password with at least {_MIN_SECRET_CHARS} characters"
        )
        text = f"The {kind} of the gateway is shorter than {_MIN_SECRET_CHARS} characters."
        yield "weak_secret", severity, text, fix, {"form": kind, "least": _MIN_SECRET_CHARS}
    if section.auth.rate_limit.max_attempts > 100:
        details: _Details = {"form": "attempts", "number": section.auth.rate_limit.max_attempts}
        text = f"{section.auth.rate_limit.max_attempts} wrong secrets may be tried before a source is locked."
        yield "lax_lock", "warning", text, "homarus config unset gateway.auth.rateLimit.maxAttempts", details
    if section.auth.rate_limit.lockout_ms < _MIN_LOCK_MS:
        seconds = f"{section.auth.rate_limit.lockout_ms / 1000:g}"
        text = f"A source that guesses is locked for only {seconds} seconds."
        details = {"form": "seconds", "seconds": seconds}
        yield "lax_lock", "warning", text, "homarus config unset gateway.auth.rateLimit.lockoutMs", details
    if section.tls.ca_path:
        text = "gateway.tls.caPath is set, but client certificates are not asked for: it keeps nobody out."
        yield "no_client_certificates", "warning", text, "homarus config unset gateway.tls.caPath", {}


def _network(section: GatewaySection, exposure: Exposure, here: Iterable[Address]) -> Iterator[Finding]:
    if exposure.beyond and exposure.pin is None:
        text = "Others can connect without encryption: whoever is on the network reads what is said."
        fix = "`homarus config unset gateway.tls.enabled`, then `homarus gateway restart`"
        yield "no_tls", "critical", text, fix, {}
    public = _public(exposure, here)
    if public:
        text = f"The gateway listens on {', '.join(public)}, where the whole internet can knock."
        fix = f"`{_SET} gateway.bind tailnet` (or loopback), then `homarus gateway restart`"
        yield "public_address", "critical", text, fix, {"addresses": ", ".join(public)}
    if section.public_origin and section.public_origin.startswith("http://"):
        text = f"gateway.publicOrigin is {section.public_origin}: setup codes would send phones there in the clear."
        details: _Details = {"origin": section.public_origin}
        yield "public_plaintext", "critical", text, f"{_SET} gateway.publicOrigin https://…", details
    if section.tailscale.mode == "funnel":
        text = "gateway.tailscale.mode is funnel, which shows a service to the whole internet. It is not done."
        yield "funnel", "warning", text, f"{_SET} gateway.tailscale.mode serve", {}
    for path, networks in (
        ("gateway.trustedProxies", section.trusted_proxies),
        ("gateway.nodes.pairing.autoApproveCidrs", section.nodes.pairing.auto_approve_cidrs),
    ):
        for one in networks:
            network = ipaddress.ip_network(one, strict=False)
            if network.prefixlen < _WIDE_BITS[network.version]:
                text = f"{path} trusts {one}, far more than a home."
                yield "wide_network", "critical", text, f"{_SET} {path} […]", {"path": path, "network": one}


def _public(exposure: Exposure, here: Iterable[Address]) -> list[str]:
    """IPv4 addresses of the internet on which the gateway listens. IPv6 at home is global too, behind the router."""
    if not exposure.beyond:
        return []
    everywhere = any(ipaddress.ip_address(host).is_unspecified for host in exposure.hosts)
    return [
        str(one.ip)
        for one in here
        if one.ip.version == 4 and one.ip.is_global and not one.inner and (everywhere or str(one.ip) in exposure.hosts)
    ]


def _pages(section: GatewaySection) -> Iterator[Finding]:
    for origin in section.control_ui.allowed_origins:
        if origin in ("*", "null"):
            text = f"gateway.controlUi.allowedOrigins has {origin!r}: web pages of strangers may connect."
            fix = "homarus config unset gateway.controlUi.allowedOrigins"
            yield "any_origin", "critical", text, fix, {"origin": origin}
        elif origin.startswith("http://") and not origin.startswith(
            ("http://127.", "http://localhost", "http://[::1]")
        ):
            text = f"gateway.controlUi.allowedOrigins has {origin}: whoever is on the network can change that page."
            fix = f"{_SET} gateway.controlUi.allowedOrigins with https"
            yield "plaintext_origin", "warning", text, fix, {"origin": origin}


def _files(files: Iterable[Path]) -> Iterator[Finding]:
    for path in files:
        try:
            mode = path.stat().st_mode
        except OSError:
            continue
        if mode & (stat.S_IRWXG | stat.S_IRWXO):
            bits = "700" if stat.S_ISDIR(mode) else "600"
            text, fix = f"Other users of this machine can read {path}.", f"chmod {bits} {path}"
            yield "open_file", "warning", text, fix, {"path": str(path), "bits": bits}
