"""Rules between options, checked after each option is valid by itself."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from appliance.config.document.paths import join
from appliance.config.errors import Issue
from appliance.config.sections.gateway import GatewaySection
from appliance.config.sections.models import AgentsSection, ModelsSection, ProviderSection
from appliance.config.sections.tools import ToolPolicySection, ToolsSection

_METADATA_HOSTS = frozenset(
    {"metadata.google.internal", "metadata", "instance-data", "100.100.100.200", "fd00:ec2::254"}
)
_AGENT_ID = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")


def check_gateway(section: GatewaySection) -> Iterator[Issue]:
    """Check the section `gateway`."""
    auth = section.auth
    if auth.mode is None and auth.token and auth.password:
        yield Issue(
            "gateway.auth.mode", "", "is needed when token and password are both set", "Write token or password."
        )
    if auth.mode == "password" and not auth.password:
        yield Issue("gateway.auth.password", "", "is missing; gateway.auth.mode asks for it")
    if auth.mode == "none" and section.bind != "loopback":
        text = "must not be none when the gateway listens beyond this machine"
        yield Issue("gateway.auth.mode", '"none"', text, "Set gateway.auth.mode to token, or gateway.bind to loopback.")
    if section.bind == "custom" and section.custom_bind_host is None:
        yield Issue("gateway.customBindHost", "", "is missing; gateway.bind: custom needs the address to listen on")
    if section.custom_bind_host is not None and not _is_address(section.custom_bind_host):
        yield Issue("gateway.customBindHost", repr(section.custom_bind_host), "must be an IP address")
    yield from _networks("gateway.trustedProxies", section.trusted_proxies)
    yield from _networks("gateway.nodes.pairing.autoApproveCidrs", section.nodes.pairing.auto_approve_cidrs)
    tls = section.tls
    if tls.enabled and not tls.auto_generate and not (tls.cert_path and tls.key_path):
        yield Issue("gateway.tls.certPath", "", "and gateway.tls.keyPath are needed without gateway.tls.autoGenerate")
    elif bool(tls.cert_path) != bool(tls.key_path):
        yield Issue("gateway.tls.certPath", "", "and gateway.tls.keyPath belong together; only one of them is set")
    for place, origin in enumerate(section.control_ui.allowed_origins):
        if origin not in ("*", "null") and not re.fullmatch(r"[a-z][a-z0-9+.-]*://[^/\s?#@]+", origin):
            path = f"gateway.controlUi.allowedOrigins[{place}]"
            yield Issue(path, repr(origin), "must be an origin such as https://box.example:8443, without a path")
    if section.public_origin is not None and not re.fullmatch(r"https?://[^/\s?#@]+", section.public_origin):
        text = "must be an origin such as https://box.example, without a path"
        yield Issue("gateway.publicOrigin", repr(section.public_origin), text)
    yield from _remote(section)


def _remote(section: GatewaySection) -> Iterator[Issue]:
    url = section.remote.url
    if section.mode == "remote" and not url:
        hint = (
            "Pair with one: `homarus remote pair CODE`; back to this machine: `homarus config set gateway.mode local`."
        )
        text = "is missing; gateway.mode: remote needs the address of the gateway"
        yield Issue("gateway.remote.url", "", text, hint)
    if url and _split(url)[0] not in ("ws", "wss", "http", "https"):
        yield Issue("gateway.remote.url", repr(url), "must begin with ws:// or wss://")


def check_models(section: ModelsSection) -> Iterator[Issue]:
    """Check the section `models`. A provider with a finding below its own path is refused alone."""
    for name, provider in section.providers.items():
        yield from _provider(join("models.providers", name), name, provider)
    for alias in section.aliases:
        if not alias or any(one.isspace() for one in alias):
            yield Issue(join("models.aliases", alias), "", "must be a name without spaces")


def _provider(path: str, name: str, provider: ProviderSection) -> Iterator[Issue]:
    if not name or "/" in name or any(one.isspace() for one in name):
        yield Issue(path, repr(name), "must be a name without '/' and spaces")
    if provider.base_url is not None and (problem := _base_url_problem(provider.base_url)):
        yield Issue(f"{path}.baseUrl", "", problem)
    for header in provider.headers:
        if not _HEADER_NAME.fullmatch(header):
            yield Issue(join(f"{path}.headers", header), "", "is not the name of a header")
    seen = set[str]()
    for place, model in enumerate(provider.models):
        if model.id in seen:
            yield Issue(f"{path}.models[{place}].id", repr(model.id), "occurs twice in this provider")
        seen.add(model.id)


def of_provider(issue: Issue, name: str) -> bool:
    """Tell whether a finding of `check_models` concerns the provider `name` only."""
    path = join("models.providers", name)
    return issue.path == path or issue.path.startswith((f"{path}.", f"{path}["))


def check_agents(section: AgentsSection) -> Iterator[Issue]:
    """Check the section `agents`."""
    defaults = [name for name, agent in section.entries.items() if agent.default]
    if len(defaults) > 1:
        yield Issue(
            f"agents.entries.{defaults[1]}.default", "true", f"is set already by {defaults[0]}; one agent can be it"
        )
    for name, agent in section.entries.items():
        path = join("agents.entries", name)
        if not _AGENT_ID.fullmatch(name):
            yield Issue(path, repr(name), "must be lower-case letters, digits, '-' and '_', at most 64")
        if agent.tools is not None:
            yield from check_policy(agent.tools, f"{path}.tools")
    yield from check_zone("agents.defaults.userTimezone", section.defaults.user_timezone)


def check_tools(section: ToolsSection) -> Iterator[Issue]:
    """Check the section `tools`."""
    yield from check_policy(section, "tools")
    for name, policy in section.by_provider.items():
        yield from check_policy(policy, join("tools.byProvider", name))


def check_policy(section: ToolPolicySection, path: str) -> Iterator[Issue]:
    """Check one tool policy (behaviour.md 5)."""
    if section.allow is not None and section.also_allow:
        yield Issue(f"{path}.alsoAllow", "", "and allow exclude each other", "Put all names in allow, or remove allow.")


def check_zone(path: str, name: str | None) -> Iterator[Issue]:
    """Check the name of a time zone."""
    if name is None:
        return
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        yield Issue(path, repr(name), "is not a time zone", "Write it as Europe/Berlin, America/New_York or UTC.")


def _networks(path: str, networks: tuple[str, ...]) -> Iterator[Issue]:
    for place, network in enumerate(networks):
        try:
            ipaddress.ip_network(network, strict=False)
        except ValueError:
            yield Issue(f"{path}[{place}]", repr(network), "must be an IP address or a network such as 192.168.1.0/24")


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _split(url: str) -> tuple[str, str, str | None]:
    try:
        parts = urlsplit(url)
        return parts.scheme, (parts.hostname or "").rstrip("."), parts.username
    except ValueError:
        return "", "", None


def _base_url_problem(url: str) -> str:
    """Tell why a base URL is refused. Metadata and link-local addresses hand out credentials of the machine."""
    scheme, host, user = _split(url)
    if scheme not in ("http", "https") or not host:
        return "must be a URL such as http://192.168.1.5:11434/v1"
    if user is not None:
        return "must not hold a user name or password; use apiKey or headers"
    if host in _METADATA_HOSTS:
        return "points at a metadata service, which is refused"
    if _is_address(host) and ipaddress.ip_address(host).is_link_local:
        return "points at a link-local address, which is refused"
    return ""
