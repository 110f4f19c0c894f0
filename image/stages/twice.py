"""Is a root slot the same, byte for byte, when it is built a second time from the same inputs?

The second build makes Debian's packages, the Python environments and the slot anew in a cache of its own. Only tools,
downloads, keys and the compiled llama.cpp are shared: they are inputs.
"""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from image import tools
from image.board import REPOSITORY
from image.cache import cache_folder, hash_files, remove
from image.context import Context
from image.stages import root

_SHARED = ("tree-*", "keys", "llama-*", "wheels-*", "unpacked", "payload")
_SHOWN = 20


def check(context: Context, say: Callable[[str], None]) -> list[str]:
    """Build the root slot again and return what differs from the first, empty if nothing does."""
    made = root.make(context)
    first = made / "root.img"
    ours = cache_folder()
    with tempfile.TemporaryDirectory(dir=ours.parent, prefix="homarus-twice-") as scratch:
        second_cache = Path(scratch)
        for pattern in _SHARED:
            for each in ours.glob(pattern):
                (second_cache / each.name).symlink_to(each)
        os.environ["HOMARUS_IMAGE_CACHE"] = str(second_cache)
        try:
            say("building it again from nothing")
            again = root.make(context)
            second = again / "root.img"
            if _whole(made) == _whole(again):
                return []
            say("they differ; looking for where")
            return list(_differences(first, second, second_cache))[:_SHOWN] or ["kernel, or the layout inside"]
        finally:
            os.environ["HOMARUS_IMAGE_CACHE"] = str(ours)
            for each in second_cache.iterdir():
                if not each.is_symlink():
                    remove(each)


def _whole(made: Path) -> str:
    return hash_files([made / "root.img", made / "kernel"], made)


def _differences(first: Path, second: Path, scratch: Path) -> Iterator[str]:
    trees = []
    for name, image in (("one", first), ("two", second)):
        tree = scratch / name
        tools.run(["fsck.erofs", f"--extract={tree}", "--preserve", image], [image.parent, scratch, REPOSITORY])
        trees.append(tree)
    one, two = ({str(path.relative_to(tree)): path for path in tree.rglob("*")} for tree in trees)
    for name in sorted(set(one) | set(two)):
        if name not in one or name not in two:
            yield f"{name}: only in one of them"
        elif _facts(one[name]) != _facts(two[name]):
            yield f"{name}: {_facts(one[name])} and {_facts(two[name])}"
    for tree in trees:
        shutil.rmtree(tree)


def _facts(path: Path) -> tuple[object, ...]:
    state = path.lstat()
    content = os.readlink(path) if path.is_symlink() else hash_files([path], path.parent) if path.is_file() else ""
    return oct(state.st_mode), state.st_uid, state.st_gid, int(state.st_mtime), content
