"""The section `gateway` turned into what the server needs: addresses, secrets, origins, locks."""

from __future__ import annotations

import ipaddress
import ssl
from collections.abc import Callable, Mapping
from pathlib import Path

from appliance.access.origin import OriginPolicy
from appliance.access.shared import AuthMode, SharedAuth
from appliance.access.throttle import Throttle
from appliance.config.sections.gateway import GatewaySection
from appliance.foundation.errors import ApplianceError
from appliance.gateway.admission.credential import Rules
from appliance.gateway.server import ServerSettings
from appliance.gateway.tokenfile import gateway_token


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
    )


def throttle(section: GatewaySection) -> Throttle:
    """Return the locks after failed secrets."""
    limit = section.auth.rate_limit
    return Throttle(max_failures=limit.max_attempts, window_ms=limit.window_ms, lock_ms=limit.lockout_ms)


def server_settings(section: GatewaySection, auth: SharedAuth, *, port: int | None, socket: Path) -> ServerSettings:
    """Return where to listen. Raises ExposureError for a bind that is not safe or not possible."""
    return ServerSettings(
        rules=rules(section, auth),
        hosts=_hosts(section, auth),
        port=section.port if port is None else port,
        control_socket=socket,
        trusted_proxies=tuple(ipaddress.ip_network(one, strict=False) for one in section.trusted_proxies),
        tls=_tls(section),
    )


def _hosts(section: GatewaySection, auth: SharedAuth) -> tuple[str, ...]:
    if section.bind == "loopback":
        return ("127.0.0.1",)
    if auth.mode is AuthMode.NONE:
        raise ExposureError("gateway.bind goes beyond this machine, so gateway.auth.mode must not be none.")
    if section.bind == "lan":
        return ("0.0.0.0", "::")
    if section.bind == "custom":
        if not section.custom_bind_host:
            raise ExposureError("gateway.bind is custom: name the address in gateway.customBindHost.")
        return tuple(dict.fromkeys(("127.0.0.1", section.custom_bind_host)))
    raise ExposureError(f"gateway.bind {section.bind} is not there yet. Use loopback, lan or custom.")


def _tls(section: GatewaySection) -> Callable[[], ssl.SSLContext] | None:
    tls = section.tls
    if not tls.enabled:
        return None
    if not tls.cert_path or not tls.key_path:
        raise ExposureError("gateway.tls needs gateway.tls.certPath and gateway.tls.keyPath.")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(tls.cert_path, tls.key_path)
    except (OSError, ssl.SSLError) as error:
        raise ExposureError(f"gateway.tls: the certificate cannot be loaded ({error}).") from error
    return lambda: context
