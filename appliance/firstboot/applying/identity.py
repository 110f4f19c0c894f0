"""What makes a box one of its kind: a name and the keys of its SSH, made once and kept on the data partition."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Final

from appliance.firstboot.applying.files import Put, do
from appliance.firstboot.applying.plan import HOSTNAME

HOST_KEY: Final = "data/ssh/ssh_host_ed25519_key"
_MACHINE_ID: Final = "etc/machine-id"
_PREFIX: Final = "homarus"


def default_name(root: Path, draw: Callable[[], str]) -> str:
    """Return a host name with four digits of the machine's id; two boxes must not fight over one `.local` name.

    Where the machine has no id yet, `draw` gives the digits.
    """
    try:
        machine = (root / _MACHINE_ID).read_text("ascii").strip()
    except (OSError, UnicodeDecodeError):
        machine = ""
    tail = machine[-4:] if re.fullmatch(r"[0-9a-f]{32}", machine) else draw()[:4].lower()
    return f"{_PREFIX}-{tail}"


def named(root: Path, draw: Callable[[], str]) -> str:
    """Return the name of this box; the first time it is made and kept. Raises OSError."""
    try:
        kept = (root / HOSTNAME).read_text("ascii").strip()
    except (FileNotFoundError, UnicodeDecodeError):
        kept = ""
    if re.fullmatch(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?", kept):
        return kept
    name = default_name(root, draw)
    do(root, Put(HOSTNAME, f"{name}\n".encode()))
    return name


def host_key(root: Path, name: str) -> bool:
    """Make the key of the SSH server where there is none that can be read; tell whether one was made.

    A power cut may have left an empty file. Raises OSError.
    """
    from cryptography.hazmat.primitives import serialization  # at the first start of a box only
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    private, public = root / HOST_KEY, root / f"{HOST_KEY}.pub"
    encoding, form = serialization.Encoding, serialization.PublicFormat
    made = not _readable(private)
    if made:
        key = Ed25519PrivateKey.generate()
        text = key.private_bytes(encoding.PEM, serialization.PrivateFormat.OpenSSH, serialization.NoEncryption())
        do(root, Put(HOST_KEY, text, 0o600))
    if made or not public.exists():
        known = serialization.load_ssh_private_key(private.read_bytes(), None).public_key()
        line = known.public_bytes(encoding.OpenSSH, form.OpenSSH)
        do(root, Put(f"{HOST_KEY}.pub", line + f" {name}\n".encode()))
    return made


def _readable(path: Path) -> bool:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import serialization

    try:
        serialization.load_ssh_private_key(path.read_bytes(), None)
    except (FileNotFoundError, ValueError, UnsupportedAlgorithm):
        return False
    return True
