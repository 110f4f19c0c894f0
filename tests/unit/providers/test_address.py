"""Where providers may connect."""

from __future__ import annotations

import socket
from typing import Any

import aiohttp.abc
import pytest

from appliance.generation import FailureKind, ModelError
from appliance.providers.build import Surroundings, build
from appliance.providers.cloud.address import BaseUrl, BaseUrlError, forbidden, quoted
from appliance.providers.cloud.dialer import Dialer
from appliance.providers.settings import ProviderSettings
from tests.contract.test_cloud_providers import ask, collect
from tests.fakes.cloud.services import HastyClock


@pytest.mark.parametrize(
    ("text", "joined"),
    [
        ("https://api.example.com", "https://api.example.com:443/x"),
        ("https://API.example.com/v1/", "https://api.example.com:443/v1/x"),
        ("http://127.0.0.1:11434/v1", "http://127.0.0.1:11434/v1/x"),
        ("http://[::1]:8080", "http://[::1]:8080/x"),
        ("http://10.0.0.7:8000/a/b", "http://10.0.0.7:8000/a/b/x"),
    ],
)
def test_a_base_url_permits_exactly_its_scheme_host_and_port(text: str, joined: str) -> None:
    assert BaseUrl.parse(text).join("/x") == joined


@pytest.mark.parametrize(
    "text",
    [
        "",
        "api.example.com",
        "ftp://example.com",
        "file:///etc/passwd",
        "https://",
        "https://user:hunter2@example.com/v1",
        "https://example.com/v1?key=hunter2",
        "https://example.com/v1#hunter2",
        "https://example.com:99999",
        "http://[::1",
        "http://169.254.169.254/latest",
        "http://[fe80::1%25eth0]/",
        "http://[::ffff:169.254.169.254]/",
        "http://[64:ff9b::a9fe:a9fe]/",
        "http://metadata.google.internal/",
        "http://metadata.google.internal./",
        "http://0.0.0.0:80",
        "http://[::]:80",
        "http://224.0.0.1",
    ],
)
def test_what_is_no_service_is_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(BaseUrlError) as caught:
        BaseUrl.parse(text)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    "address",
    ["169.254.169.254", "169.254.0.1", "fe80::1", "100.100.100.200", "fd00:ec2::254", "192.0.0.192", "0.0.0.0", "::",
     "255.255.255.255", "::ffff:169.254.169.254", "2002:a9fe:a9fe::1", "not an address"],
)  # fmt: skip
def test_metadata_and_link_local_addresses_are_forbidden(address: str) -> None:
    assert forbidden(address) is not None


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "10.1.2.3", "192.168.1.9", "100.64.0.7", "8.8.8.8", "fd12::1"])
def test_other_addresses_are_the_owners_choice(address: str) -> None:
    assert forbidden(address) is None


def test_the_name_of_a_model_cannot_climb_out_of_its_place() -> None:
    assert quoted("../../admin?x=1#y") == "admin%3Fx=1%23y".replace("=", "%3D")
    assert quoted("org/model-1.5:free") == "org/model-1.5:free"


class Liar(aiohttp.abc.AbstractResolver):
    """A name server that sends every name to one address."""

    def __init__(self, *addresses: str) -> None:
        self._addresses = addresses

    async def resolve(self, host: str, port: int = 0, family: Any = socket.AF_INET) -> list[Any]:
        return [
            {"hostname": host, "host": a, "port": port, "family": socket.AF_INET, "proto": 0, "flags": 0}
            for a in self._addresses
        ]

    async def close(self) -> None:
        pass


async def _ask(dialer: Dialer, base_url: str, **around: Any) -> ModelError:
    surroundings = Surroundings(dialer, clock=HastyClock(), **around)
    provider = build(ProviderSettings("mine", base_url=base_url), surroundings)
    try:
        with pytest.raises(ModelError) as caught:
            await collect(provider, ask())
    finally:
        await dialer.aclose()
    return caught.value


@pytest.mark.parametrize("address", ["169.254.169.254", "100.100.100.200", "0.0.0.0"])
async def test_a_name_that_leads_to_a_metadata_service_is_not_dialled(address: str) -> None:
    error = await _ask(Dialer(resolver=Liar(address)), "http://models.example.com/v1")
    assert error.kind is FailureKind.INVALID_REQUEST
    assert "never dialled" in str(error)


async def test_offline_refuses_before_anything_is_resolved() -> None:
    error = await _ask(Dialer(offline=lambda: True), "https://models.example.com", offline=lambda: True)
    assert error.kind is FailureKind.OFFLINE


async def test_offline_holds_at_the_socket_too() -> None:
    # "localhost" counts as this box; a name server that says otherwise is not believed.
    dialer = Dialer(offline=lambda: True, resolver=Liar("10.0.0.1"))
    error = await _ask(dialer, "http://localhost:9/v1", offline=lambda: True)
    assert error.kind is FailureKind.OFFLINE


async def test_offline_leaves_this_box_reachable() -> None:
    error = await _ask(Dialer(offline=lambda: True), "http://127.0.0.1:1/v1", offline=lambda: True)
    assert error.kind is FailureKind.NETWORK
