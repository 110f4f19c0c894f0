"""What the image's builder has made before and kept: tests use it, and do not make it themselves."""

from __future__ import annotations

import os
from pathlib import Path

from image import tools
from image.apt import Bootstrap, package_list
from image.cache import cache_folder
from image.errors import ImageError


def kept_tree(name: str) -> Path | None:
    """Return the tree of `image/packages/NAME.txt` if it is there and can be entered, else None."""
    try:
        bootstrap = Bootstrap(package_list(tools.REPOSITORY / "image" / "packages" / f"{name}.txt"), tools.host_arch())
        place = cache_folder() / f"tree-{name}" / bootstrap.key(tools.EPOCH)
    except (ImageError, OSError):
        return None
    return place if place.is_dir() and os.geteuid() == 0 else None


def kept_firmware() -> Path | None:
    """Return Debian's kernel, device trees and firmware for the Pi as the builder unpacked them last, None if never."""
    found = (cache_folder() / "unpacked").glob("*/usr/lib/raspi-firmware/start4.elf")
    roots = [each.parents[3] for each in found if ".part" not in str(each)]
    whole = [each for each in roots if list(each.glob("boot/vmlinuz-*-arm64"))]
    return max(whole, key=lambda each: each.stat().st_mtime, default=None)


def newest(stage: str) -> Path | None:
    """Return the newest result of a stage, None where there is none."""
    folder = cache_folder() / stage
    # Not what a build is making now: that has another suffix, or a name that begins with a dot.
    found = [each for each in folder.glob("[!.]*") if each.suffix != ".part" and each.is_dir()]
    return max(found, key=lambda each: each.stat().st_mtime, default=None)
