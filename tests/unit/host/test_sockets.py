"""Whose a connection is, asked of the real kernel."""

from __future__ import annotations

import os
import socket

import pytest

from appliance.host.sockets import owner_of


@pytest.mark.parametrize(("family", "host"), [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")])
def test_a_connection_of_this_process_is_of_its_user(family: int, host: str) -> None:
    try:
        server = socket.create_server((host, 0), family=family)
    except OSError:
        pytest.skip("no such address here")
    with server, socket.create_connection(server.getsockname()[:2]) as client:
        name, port = client.getsockname()[:2]
        assert owner_of(name, port) == os.getuid()
        assert owner_of(name, server.getsockname()[1] if port == 1 else 1) is None


@pytest.mark.parametrize("host", ["", "nonsense", "192.0.2.255"])
def test_what_is_no_connection_of_here_has_no_owner(host: str) -> None:
    assert owner_of(host, 9) is None
