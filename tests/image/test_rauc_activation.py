"""The real RAUC of the box: what it writes does not start before somebody says so."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from image import board as boards
from image import tools
from image.context import Context
from image.keyring import Trust
from image.layouts import pi as layout
from image.layouts import uefi
from image.stages import overlay
from tests.image.test_grub_block import EDITOR
from tests.image.test_rpi_rauc import Board, board

pytestmark = pytest.mark.image
__all__ = ["board"]

_MANIFEST = """\
[update]
compatible=homarus-rpi
version=1

[bundle]
format=plain

[image.rootfs]
filename=root.img
"""


def _configured(board: Board) -> None:
    """Give RAUC the configuration of the box, with files for what only a box has, and another kind of bundle."""
    conf = board.folder / "system.conf"
    (backend,) = re.findall(r"(?m)^bootloader-custom-backend=(.*)$", conf.read_text())
    trust = Trust("development", board.folder / "none.pem", board.folder / "channel.pub")
    text = overlay._rauc(Context(boards.load("rpi"), "1", 0, trust, board.folder))
    here = {
        "bundle-formats=-plain\n": "",  # what needs the kernel's device mapper is not made here
        "/data/system/rauc": f"{board.folder}/data",
        "/run/rauc/mnt": f"{board.folder}/mnt",
        "/etc/rauc/keyring.pem": f"{board.folder}/none.pem",
        layout.BACKEND: backend,
        **{
            f"/dev/disk/by-slot/{name}_{letter}": f"{board.folder}/{kind}.{number}"
            for name, kind in (("root", "rootfs"), ("boot", "boot"))
            for number, letter in enumerate("ab")
        },
    }
    for of_the_box, ours in here.items():
        assert of_the_box in text, of_the_box
        text = text.replace(of_the_box, ours)
    conf.write_text(text)


def _bundle(board: Board) -> str:
    """Make a bundle that needs nothing of the kernel but a loop device; the box takes others (bundle-formats)."""
    key, cert = board.folder / "key.pem", board.folder / "none.pem"
    words = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    words += ["-addext", "extendedKeyUsage=codeSigning"]
    tools.run([*words, "-subj", "/CN=test", "-keyout", str(key), "-out", str(cert)], [board.folder])
    content = board.folder / "content"
    content.mkdir()
    (content / "root.img").write_bytes(b"n" * 4096)
    (content / "manifest.raucm").write_text(_MANIFEST)
    made = board.folder / "box.raucb"
    code, said = board.rauc(f"--cert={cert}", f"--key={key}", "bundle", str(content), str(made))
    assert code == 0, said
    return str(made)


@pytest.mark.skipif(not Path("/dev/loop-control").exists(), reason="needs loop devices")
def test_an_installed_bundle_is_not_started_until_it_is_marked(board: Board) -> None:
    _configured(board)
    made = _bundle(board)
    with board.service():
        code, said = board.rauc("install", made)
        assert code == 0, said
        assert (board.folder / "rootfs.1").read_bytes().startswith(b"nnn")
        assert board.status() == ("A", "rootfs.0", {"A": "good", "B": "bad"})
        assert board.rauc("status", "mark-active", "other")[0] == 0
        assert board.status() == ("A", "rootfs.1", {"A": "good", "B": "good"})


def test_rauc_cannot_be_told_which_manifest_a_bundle_must_have(board: Board) -> None:
    """Why the updater looks at the slot: where this fails, RAUC has learnt it, and should be told."""
    call = ["busctl", "--system", "call", "de.pengutronix.rauc", "/", "de.pengutronix.rauc.Installer", "InstallBundle"]
    with board.service():
        done = subprocess.run(
            [*call, "sa{sv}", "/nonexistent.raucb", "1", "require-manifest-hash", "s", "a" * 64],
            env={"PATH": "/usr/bin:/bin", "DBUS_SYSTEM_BUS_ADDRESS": board.address},
            capture_output=True,
            text=True,
            check=False,
        )
    assert "Unsupported key: require-manifest-hash" in done.stderr


def test_rauc_marks_slots_for_grub_through_our_editor(board: Board) -> None:
    """Both are written; Debian's own program knows no copy."""
    conf, block = board.folder / "system.conf", board.folder / "grubenv"
    block.write_bytes(uefi.environment_block())
    text = re.sub(
        r"(?ms)^bootloader=custom.*?(?=^\[keyring\])", f"bootloader=grub\ngrubenv={block}\n", conf.read_text()
    )
    conf.write_text(text)
    path = f"PATH={EDITOR.parent}:/usr/sbin:/usr/bin"
    with board.service(path, f"TMPDIR={board.folder}", slot="A"):
        assert board.status() == ("A", "rootfs.0", {"A": "good", "B": "bad"})
        assert board.rauc("status", "mark-active", "other")[0] == 0
        assert board.status() == ("A", "rootfs.1", {"A": "good", "B": "good"})
    assert b"\nORDER=B A\n" in block.read_bytes()
    assert block.read_bytes() == block.with_name("grubenv.copy").read_bytes()
