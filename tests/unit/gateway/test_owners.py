"""Who administers through the control socket, as the kernel says it."""

from __future__ import annotations

import grp
import os
import socket
import warnings
from typing import NoReturn

import pytest

from appliance.gateway.transport.owners import Owners

ROOT_ONLY = pytest.mark.skipif(os.getuid() != 0, reason="only root can become somebody else")
NOBODY = 65534


def asked_as(owners: Owners, user: int, group: int, groups: list[int]) -> bool:
    """Let a process of `user` connect to a real Unix socket and return the answer about it."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as server:
        server.bind("")  # a name of the kernel's choice, outside the file system: no folder is in the way
        server.listen()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # the child makes system calls only
            child = os.fork()
        if child == 0:
            _connect_as(server.getsockname(), user, group, groups)
        server.settimeout(20)
        connection, _ = server.accept()
        with connection:
            answer = owners.may(connection)
        os.waitpid(child, 0)
    return answer


def _connect_as(address: bytes, user: int, group: int, groups: list[int]) -> NoReturn:
    try:
        os.setgroups(groups)
        os.setresgid(group, group, group)
        os.setresuid(user, user, user)
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
            client.connect(address)
            client.recv(1)  # until the other side has looked
    finally:
        os._exit(0)


def a_group() -> grp.struct_group:
    return next(one for one in grp.getgrall() if one.gr_gid not in (0, NOBODY))


def test_the_own_user_may_and_a_closed_socket_may_not() -> None:
    left, right = socket.socketpair()
    with left, right:
        assert Owners().may(left)
    assert not Owners().may(None)


def test_a_group_that_is_not_there_has_no_members() -> None:
    assert Owners("no-such-group-here").group_id is None
    assert Owners("").group_id is None


@ROOT_ONLY
def test_a_stranger_may_not_and_a_member_may() -> None:
    group = a_group()
    owners = Owners(group.gr_name)
    assert not asked_as(owners, NOBODY, NOBODY, [])
    assert asked_as(owners, NOBODY, NOBODY, [group.gr_gid])  # a supplementary group
    assert asked_as(owners, NOBODY, group.gr_gid, [])  # the primary one
    assert not asked_as(Owners(), NOBODY, group.gr_gid, [group.gr_gid])
