"""The account of the owner: kept in one file, made known to the system at each boot (nss-systemd(8), drop-ins).

/etc is read-only and has no such user. Keys alone open SSH. Who has a password hash from the flash tool may use it at
the screen and is asked for it by sudo; with keys alone sudo asks for nothing, as there would be nothing to type.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Final

from appliance.config.values import Secret
from appliance.firstboot.applying.files import Act, Link, Put, Remove
from appliance.firstboot.values import Login

FILE: Final = "data/system/owner.json"
KEYS: Final = "data/ssh/authorized_keys"
HOME: Final = "/data/home"
GROUP: Final = "homarus-admin"
UID: Final = 1000
_USERDB: Final = "run/userdb"
SUDOERS: Final = "run/homarus-owner/sudoers.d/owner"


def keeping(login: Login, before: Login | None) -> Iterator[Act]:
    """Yield what keeps an account on the data partition, in place of the one before."""
    if before is not None and before.name != login.name:
        yield Remove(f"{KEYS}/{before.name}")
    if login.keys:
        yield Put(f"{KEYS}/{login.name}", "".join(f"{key}\n" for key in login.keys).encode())
    else:
        yield Remove(f"{KEYS}/{login.name}")
    yield Put(FILE, _encode(login), 0o600)


def _encode(login: Login) -> bytes:
    kept: dict[str, object] = {"name": login.name, "keys": len(login.keys)}
    if login.password_hash is not None:
        kept["hash"] = login.password_hash.reveal()
    if login.free_sudo is not None:
        kept["freeSudo"] = login.free_sudo
    return json.dumps(kept).encode()


def decode(content: bytes) -> Login | None:
    """Return the account of a file, without its keys; None for a file that makes no sense."""
    try:
        kept = json.loads(content)
        hashed = kept.get("hash")
        free = kept.get("freeSudo")
        return Login(
            str(kept["name"]),
            password_hash=Secret(hashed) if isinstance(hashed, str) else None,
            free_sudo=free if isinstance(free, bool) else None,
        )
    except (ValueError, KeyError, AttributeError, TypeError):
        return None


def at_boot(login: Login, admin_gid: int | None) -> Iterator[Act]:
    """Yield the records of the account for this boot: user, group, membership, and what sudo may do.

    nss-systemd finds memberships only for groups that it knows itself, so that of the admins is told again.
    """
    name = login.name
    user = {
        "userName": name,
        "realName": "Owner of this box",
        "uid": UID,
        "gid": UID,
        "homeDirectory": f"{HOME}/{name}",
        "shell": "/bin/bash",
        "disposition": "regular",
    }
    yield _record(f"{name}.user", user)
    yield Link(f"{_USERDB}/{UID}.user", f"{name}.user")
    yield _record(f"{name}.group", {"groupName": name, "gid": UID, "disposition": "regular"})
    yield Link(f"{_USERDB}/{UID}.group", f"{name}.group")
    if admin_gid is not None:
        yield _record(f"{GROUP}.group", {"groupName": GROUP, "gid": admin_gid, "disposition": "system"})
        yield Link(f"{_USERDB}/{admin_gid}.group", f"{GROUP}.group")
        yield Put(f"{_USERDB}/{name}:{GROUP}.membership", b"{}\n")
    if login.password_hash is not None:
        hidden = {"privileged": {"hashedPassword": [login.password_hash.reveal()]}}
        yield _record(f"{name}.user-privileged", hidden, 0o600)
        yield Link(f"{_USERDB}/{UID}.user-privileged", f"{name}.user-privileged")
    asks = login.password_hash is not None and login.free_sudo is not True
    yield Put(SUDOERS, f"{name} ALL=(ALL:ALL) {'' if asks else 'NOPASSWD: '}ALL\n".encode(), 0o440)


def _record(name: str, record: object, mode: int = 0o644) -> Put:
    return Put(f"{_USERDB}/{name}", json.dumps(record).encode() + b"\n", mode)
