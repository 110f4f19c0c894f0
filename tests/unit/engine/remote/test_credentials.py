from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from appliance.engine.remote.client import Address, PeerClient
from appliance.engine.remote.credentials import (
    MAX_CLIENTS,
    CredentialsError,
    Identity,
    client_context,
    normal_pin,
    read_pins,
    server_context,
)
from appliance.generation import FailureKind, ModelError
from tests.certificates import papers

_PIN = "ab" * 32


def test_a_pin_is_read_as_people_copy_it() -> None:
    assert normal_pin(_PIN) == _PIN
    assert normal_pin("AB:" * 31 + "AB") == _PIN
    assert normal_pin(f"sha256:{_PIN}\n") == _PIN
    for wrong in ("", "ab" * 31, "ab" * 33, "xy" * 32):
        with pytest.raises(CredentialsError, match="64 hexadecimal digits"):
            normal_pin(wrong)


def test_the_pins_of_a_file_are_those_of_its_certificates(tmp_path: Path) -> None:
    one, two = papers(tmp_path, "one"), papers(tmp_path, "two")
    clients = tmp_path / "clients.pem"
    clients.write_text(f"attic\n{one.pem}\ncellar\n{two.pem}")
    assert set(read_pins(clients)) == {one.pin, two.pin}


def test_a_file_without_or_with_too_many_certificates_is_refused(tmp_path: Path) -> None:
    clients = tmp_path / "clients.pem"
    for text in ("", "nothing", "-----BEGIN CERTIFICATE-----\nAAAA"):
        clients.write_text(text)
        with pytest.raises(CredentialsError, match="holds 0 certificates"):
            read_pins(clients)
    with pytest.raises(CredentialsError, match=r"none\.pem cannot be read"):
        read_pins(tmp_path / "none.pem")
    many = [papers(tmp_path, f"c{number}").pem for number in range(MAX_CLIENTS + 1)]
    clients.write_text("".join(many[:-1]))
    assert len(read_pins(clients)) == MAX_CLIENTS
    clients.write_text("".join(many))
    with pytest.raises(CredentialsError, match="1 to 64"):
        read_pins(clients)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_a_key_that_others_can_read_is_not_used(tmp_path: Path, mode: int) -> None:
    box = papers(tmp_path, "box")
    box.identity.key.chmod(mode)
    with pytest.raises(CredentialsError, match="chmod 600"):
        client_context(box.identity)
    with pytest.raises(CredentialsError, match="chmod 600"):
        server_context(box.identity, [box.pem])


def test_files_that_do_not_belong_together_are_named(tmp_path: Path) -> None:
    one, two = papers(tmp_path, "one"), papers(tmp_path, "two")
    with pytest.raises(CredentialsError, match=r"one\.pem and .*two\.key are no certificate with its key"):
        client_context(Identity(one.identity.certificate, two.identity.key))
    with pytest.raises(CredentialsError, match="cannot be read"):
        client_context(Identity(one.identity.certificate, tmp_path / "none.key"))


def test_only_tls_1_3_is_spoken(tmp_path: Path) -> None:
    box = papers(tmp_path, "box")
    for context in (client_context(box.identity), server_context(box.identity, [box.pem])):
        assert context.minimum_version == context.maximum_version == ssl.TLSVersion.TLSv1_3
    assert server_context(box.identity, [box.pem]).verify_mode is ssl.CERT_REQUIRED


@pytest.mark.parametrize(
    ("text", "address"),
    [("attic:4100", Address("attic", 4100)), ("[fd00::1]:4100", Address("fd00::1", 4100))],
)
def test_an_address_is_host_and_port(text: str, address: Address) -> None:
    assert Address.parse(text) == address


@pytest.mark.parametrize("text", ["", "attic", "attic:", ":1", "attic:0", "attic:65536", "attic:x"])
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(CredentialsError, match="HOST:PORT"):
        Address.parse(text)


@pytest.mark.parametrize("host", ["8.8.8.8", "2001:4860:4860::8888", "box.example.com", "attic.local.example.com"])
async def test_while_offline_nothing_beyond_this_network_is_dialled(tmp_path: Path, host: str) -> None:
    identity = papers(tmp_path, "box").identity
    client = PeerClient("attic", Address(host, 9), identity, _PIN, offline=lambda: True)
    with pytest.raises(ModelError) as caught:
        await client.info()
    assert caught.value.kind is FailureKind.OFFLINE


async def test_while_offline_a_box_of_this_network_is_dialled(tmp_path: Path) -> None:
    identity = papers(tmp_path, "box").identity
    client = PeerClient("attic", Address("127.0.0.1", 9), identity, _PIN, offline=lambda: True)
    with pytest.raises(ModelError) as caught:
        await client.info()
    assert caught.value.kind is FailureKind.UNAVAILABLE, "nobody listens at that port, but it was asked"
