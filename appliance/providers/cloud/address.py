"""Where a provider may connect: exactly its base URL, and never a metadata or link-local address."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from appliance.foundation.errors import ApplianceError

_DEFAULT_PORTS = {"http": 80, "https": 443}

# Link-local ranges hold the metadata services of most clouds (169.254.169.254, fe80::a9fe:a9fe); these live
# elsewhere.
_METADATA = frozenset(
    ipaddress.ip_address(text)
    for text in (
        "100.100.100.200",  # Alibaba Cloud
        "192.0.0.192",  # Oracle Cloud
        "168.63.129.16",  # Azure wire server
        "fd00:ec2::254",  # AWS
        "fd20:ce::254",  # Google Cloud
        "fd00:42::42",  # Scaleway
    )
)
_METADATA_NAMES = frozenset({"metadata", "metadata.google.internal", "metadata.goog", "instance-data"})
_NAT64 = ipaddress.ip_network("64:ff9b::/96")

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class BaseUrlError(ApplianceError):
    """A base URL that cannot be used. The text never repeats the URL: it may hold a secret."""

    code = "base_url_invalid"


@dataclass(frozen=True, slots=True)
class BaseUrl:
    """A checked base URL. `path` has no slash at its end; `host` is lower case and without brackets."""

    scheme: str
    host: str
    port: int
    path: str

    @classmethod
    def parse(cls, text: str) -> BaseUrl:
        """Check `text`. Raises BaseUrlError."""
        try:
            parts = urlsplit(text.strip())
            host, port = parts.hostname or "", parts.port
        except ValueError as error:
            raise BaseUrlError("baseUrl is not a URL; write it like https://host:port/v1.") from error
        if parts.scheme not in _DEFAULT_PORTS or not host:
            raise BaseUrlError("baseUrl needs http:// or https:// and a host; write it like https://host:port/v1.")
        if "@" in parts.netloc:
            raise BaseUrlError("baseUrl must not hold a user name or password; use apiKey or headers for secrets.")
        if parts.query or parts.fragment:
            raise BaseUrlError("baseUrl must end with the path; put keys in apiKey or headers, not behind a `?`.")
        if (reason := _forbidden_host(host)) is not None:
            raise BaseUrlError(f"baseUrl points to {reason}, which is never dialled; use the address of the service.")
        return cls(parts.scheme, host, port or _DEFAULT_PORTS[parts.scheme], parts.path.rstrip("/"))

    @property
    def loopback(self) -> bool:
        """True when the service runs on this box: reaching it is not dialling out."""
        return self.host == "localhost" or (
            (address := _address(self.host)) is not None and _unwrapped(address).is_loopback
        )

    @property
    def near(self) -> bool:
        """True for an address of this box or of a private network: no default route is needed to get there."""
        return self.loopback or ((address := _address(self.host)) is not None and _unwrapped(address).is_private)

    def join(self, path: str) -> str:
        """Return the URL of `path` (which begins with a slash and is quoted already) under this base."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}{self.path}{path}"

    def without_suffix(self, suffix: str) -> BaseUrl:
        """Drop `suffix` from the end of the path, if it is there."""
        return BaseUrl(self.scheme, self.host, self.port, self.path.removesuffix(suffix))


def quoted(segment: str) -> str:
    """Quote one or more path segments of a model's name; a name cannot climb out of its place."""
    return "/".join(quote(part, safe="-_.~:@") for part in segment.split("/") if part not in ("", ".", ".."))


def forbidden(address: str) -> str | None:
    """Say why an IP address is never dialled, or None. Private addresses are the owner's choice."""
    ip = _address(address)
    if ip is None:
        return "something that is not an IP address"
    ip = _unwrapped(ip)
    if ip in _METADATA:
        return "a metadata service"
    if ip.is_link_local:
        return "a link-local address"
    if ip.is_multicast or ip.is_unspecified or ip == ipaddress.IPv4Address("255.255.255.255"):
        return "an address that is not one host"
    return None


def is_loopback(address: str) -> bool:
    """True when `address` is an IP address of this box itself."""
    ip = _address(address)
    return ip is not None and _unwrapped(ip).is_loopback


def _forbidden_host(host: str) -> str | None:
    if host.rstrip(".") in _METADATA_NAMES:
        return "a metadata service"
    return forbidden(host) if _address(host) is not None else None


def _address(text: str) -> _Address | None:
    try:
        return ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None


def _unwrapped(ip: _Address) -> _Address:
    """Look through the IPv6 forms that reach an IPv4 address: mapped, 6to4 and NAT64."""
    if isinstance(ip, ipaddress.IPv6Address):
        if (inner := ip.ipv4_mapped or ip.sixtofour) is not None:
            return inner
        if ip in _NAT64:
            return ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
    return ip
