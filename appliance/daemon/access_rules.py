"""The section `gateway` turned into what the server needs: addresses, secrets, origins, locks."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from appliance.access.origin import OriginPolicy
from appliance.access.shared import AuthMode, SharedAuth
from appliance.access.throttle import Throttle
from appliance.config.sections.gateway import GatewaySection
from appliance.foundation.errors import ApplianceError
from appliance.gateway.admission.credential import Rules
from appliance.gateway.server import ServerSettings
from appliance.gateway.tokenfile import gateway_token
from appliance.host.interfaces import Address, addresses

_LOOPBACK = "127.0.0.1"


class ExposureError(ApplianceError):
    """The configuration asks for something that would not be safe or is not there yet."""

    code = "config_exposure"


def shared_auth(section: GatewaySection, token_file: Path, environ: Mapping[str, str]) -> SharedAuth:
    """Return what a client must know. Without any secret in the file a token is made and kept beside the state."""
    auth = section.auth
    mode = auth.mode or ("password" if auth.password and not auth.token else "token")
    if mode == "token":
        token = auth.token.reveal() if auth.token else gateway_token(token_file, environ)
        return SharedAuth(AuthMode.TOKEN, token=token)
    if mode == "password":
        return SharedAuth(AuthMode.PASSWORD, password=auth.password.reveal() if auth.password else "")
    return SharedAuth(AuthMode.NONE)


def rules(section: GatewaySection, auth: SharedAuth) -> Rules:
    """Return who may come in."""
    return Rules(
        auth,
        OriginPolicy(section.control_ui.allowed_origins),
        auto_approve_local=section.nodes.pairing.auto_approve_local,
        auto_approve_networks=tuple(
            ipaddress.ip_network(one, strict=False) for one in section.nodes.pairing.auto_approve_cidrs
        ),
    )


def throttle(section: GatewaySection) -> Throttle:
    """Return the locks after failed secrets."""
    limit = section.auth.rate_limit
    return Throttle(
        max_failures=limit.max_attempts,
        window_ms=limit.window_ms,
        lock_ms=limit.lockout_ms,
        exempt_local=limit.exempt_loopback,
    )


def server_settings(
    section: GatewaySection,
    auth: SharedAuth,
    *,
    port: int | None,
    socket: Path,
    found: Callable[[], Iterable[Address]] = addresses,
) -> ServerSettings:
    """Return where to listen. Raises ExposureError for a bind that is not safe or not possible."""
    return ServerSettings(
        rules=rules(section, auth),
        hosts=_hosts(section, auth, found),
        port=section.port if port is None else port,
        control_socket=socket,
        admin_group=section.admin_group,
        trusted_proxies=tuple(ipaddress.ip_network(one, strict=False) for one in section.trusted_proxies),
    )


def _hosts(section: GatewaySection, auth: SharedAuth, found: Callable[[], Iterable[Address]]) -> tuple[str, ...]:
    if section.bind == "loopback":
        return (_LOOPBACK,)
    if auth.mode is AuthMode.NONE:
        raise ExposureError("gateway.bind goes beyond this machine, so gateway.auth.mode must not be none.")
    if section.bind == "lan":
        return ("0.0.0.0", "::")
    if section.bind == "custom":
        if not section.custom_bind_host:
            raise ExposureError("gateway.bind is custom: name the address in gateway.customBindHost.")
        if ipaddress.ip_address(section.custom_bind_host).is_unspecified:
            return (section.custom_bind_host,)
        return tuple(dict.fromkeys((_LOOPBACK, section.custom_bind_host)))
    # tailnet, and auto: the tailnet where there is one. Without one, this machine only.
    return (_LOOPBACK, *(str(one.ip) for one in found() if one.tailnet))
