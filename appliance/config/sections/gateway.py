"""The section `gateway`: where the gateway listens and who may come in."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from appliance.config.sections.option import HOT, Section, opt
from appliance.config.values import Secret

AuthModeName = Literal["token", "password", "none"]
BindName = Literal["loopback", "lan", "tailnet", "auto", "custom"]


class RateLimitSection(Section, frozen=True):
    max_attempts: Annotated[int, opt("failed secrets of one source before it is locked", ge=1, le=1000)] = 10
    window_ms: Annotated[int, opt("time in which failures are counted", unit="ms", ge=1000, le=86_400_000)] = 60_000
    lockout_ms: Annotated[int, opt("how long a source stays locked", unit="ms", ge=1000, le=86_400_000)] = 300_000
    exempt_loopback: Annotated[bool, opt("programs on this machine are never locked; web pages always may be")] = True


class AuthSection(Section, frozen=True):
    mode: Annotated[
        AuthModeName | None, opt("what a client must present; needed when token and password are both set")
    ] = None
    token: Annotated[Secret | None, opt("the shared token; without one a token is made at the first start")] = None
    password: Annotated[Secret | None, opt("the shared password")] = None
    rate_limit: Annotated[RateLimitSection, opt("locks after failed secrets")] = RateLimitSection()
    allow_tailscale: Annotated[
        bool, opt("who comes through Tailscale and is known to it needs no token; devices are still approved")
    ] = False
    identity_scopes: Annotated[
        dict[str, tuple[str, ...]],
        opt("what a login of Tailscale may do at most; without entries every login counts as the owner", max_length=64),
    ] = msgspec.field(default_factory=dict)


class TlsSection(Section, frozen=True):
    enabled: Annotated[
        bool | None, opt("serve https and wss on the port, beside http and ws; null: where others can connect")
    ] = None
    auto_generate: Annotated[bool, opt("make a certificate of the box when none is given")] = True
    cert_path: Annotated[str | None, opt("certificate chain, PEM", unit="path")] = None
    key_path: Annotated[str | None, opt("private key, PEM", unit="path")] = None
    ca_path: Annotated[str | None, opt("not used here: client certificates are not asked for", unit="path")] = None


class TailscaleSection(Section, frozen=True):
    mode: Annotated[
        Literal["off", "serve", "funnel"],
        opt("serve: Tailscale passes https://NAME.ts.net on to this gateway; funnel is not done: it is the whole net"),
    ] = "off"


class ControlUiSection(Section, frozen=True):
    enabled: Annotated[bool, opt("serve the web page")] = True
    allowed_origins: Annotated[
        tuple[str, ...],
        opt("origins of web pages that may connect, beside private pages of this gateway", max_length=256),
    ] = ()


class EndpointSection(Section, frozen=True):
    enabled: Annotated[bool, opt("serve this endpoint (it always asks for the secret of the gateway)")] = True


class EndpointsSection(Section, frozen=True):
    chat_completions: Annotated[EndpointSection, opt("/v1/chat/completions")] = EndpointSection()
    responses: Annotated[EndpointSection, opt("/v1/responses")] = EndpointSection()


class HttpSection(Section, frozen=True):
    endpoints: Annotated[EndpointsSection, opt("the OpenAI-compatible interface")] = EndpointsSection()


class NodePairingSection(Section, frozen=True):
    auto_approve_local: Annotated[bool, opt("devices on this machine are approved without asking")] = True
    auto_approve_cidrs: Annotated[
        tuple[str, ...], opt("networks whose devices are approved without asking", max_length=64)
    ] = ()


class NodeCommandsSection(Section, frozen=True):
    allow: Annotated[
        tuple[str, ...],
        opt(
            "commands that nodes may offer beside those of their platform, such as camera.snap",
            reload=HOT,
            max_length=256,
        ),
    ] = ()
    deny: Annotated[
        tuple[str, ...], opt("commands that no node may offer; wins over everything", reload=HOT, max_length=256)
    ] = ()


class NodesSection(Section, frozen=True):
    commands: Annotated[NodeCommandsSection, opt("what nodes may be asked for")] = NodeCommandsSection()
    pairing: Annotated[NodePairingSection, opt("who may pair without a question")] = NodePairingSection()


class RemoteSection(Section, frozen=True):
    url: Annotated[str | None, opt("address of a gateway elsewhere, ws:// or wss://", unit="url")] = None
    token: Annotated[Secret | None, opt("its token")] = None
    password: Annotated[Secret | None, opt("its password")] = None
    tls_fingerprint: Annotated[str | None, opt("SHA-256 of its certificate, for self-signed ones")] = None
    transport: Annotated[Literal["direct", "ssh"], opt("how to reach it")] = "direct"


class ReloadSection(Section, frozen=True):
    mode: Annotated[
        Literal["hybrid", "hot", "restart", "off"], opt("what happens when the file changes", reload=HOT)
    ] = "hybrid"
    debounce_ms: Annotated[
        int, opt("quiet time before a changed file is read", unit="ms", reload=HOT, ge=0, le=60_000)
    ] = 300


class GatewaySection(Section, frozen=True):
    mode: Annotated[Literal["local", "remote"], opt("remote: the commands talk to gateway.remote instead")] = "local"
    port: Annotated[int, opt("TCP port; --port and HOMARUS_GATEWAY_PORT win over the file", ge=0, le=65535)] = 18789
    bind: Annotated[BindName, opt("which addresses to listen on; all but loopback need auth")] = "loopback"
    custom_bind_host: Annotated[str | None, opt("the address for bind: custom", unit="IP address")] = None
    auth: Annotated[AuthSection, opt("what a client must know")] = AuthSection()
    tls: Annotated[TlsSection, opt("encryption on the port itself")] = TlsSection()
    tailscale: Annotated[TailscaleSection, opt("the network of Tailscale")] = TailscaleSection()
    public_origin: Annotated[
        str | None, opt("where a proxy or tunnel of yours shows this gateway", unit="https://HOST[:PORT]")
    ] = None
    admin_group: Annotated[
        str, opt("members of this group of the system administer through the control socket; empty: nobody")
    ] = "homarus-admin"
    control_ui: Annotated[ControlUiSection, opt("web pages")] = ControlUiSection()
    http: Annotated[HttpSection, opt("HTTP beside the WebSocket")] = HttpSection()
    nodes: Annotated[NodesSection, opt("devices")] = NodesSection()
    remote: Annotated[RemoteSection, opt("a gateway elsewhere")] = RemoteSection()
    trusted_proxies: Annotated[
        tuple[str, ...],
        opt("proxies whose forwarded client address counts", unit="IP address or network", max_length=64),
    ] = ()
    reload: Annotated[ReloadSection, opt("reading the file again")] = ReloadSection()
