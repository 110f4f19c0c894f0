"""The tools tree: programs of the box's own suite, in a folder, entered by chroot in a private mount namespace.

Builders of the host are too old or missing, and what boots an image should not depend on the host either.

From Python: `tools.run(["genimage", …], binds=[folder])`, which waits, or `tools.command([…], binds)` for an argument
vector to start as a process: the process *is* the program in the end, so signals and standard streams reach it.
From a shell: `python3 -m image.tools run [--bind PATH]… -- qemu-system-x86_64 …` (add `--tree NAME` for another list of
packages, `image/packages/NAME.txt`); `python3 -m image.tools path` makes the tree and prints where it is.

Inside, these stand at the same paths as outside: this checkout, the cache folder, the current folder, /tmp, /dev,
/proc, /sys, and what `binds` names. The network is the host's. Firmware of machines is inside the tree:
/usr/share/OVMF/OVMF_CODE_4M.fd, /usr/share/AAVMF/AAVMF_CODE.no-secboot.fd.
"""

import argparse
import os
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from image.apt import Bootstrap, package_list
from image.cache import cache_folder, cached
from image.errors import ImageError

REPOSITORY = Path(__file__).resolve().parent.parent
_PACKAGES = REPOSITORY / "image" / "packages"
EPOCH = 1735689600  # 2025-01-01; only so that the tree does not change with the day it is made on

# Mounts into the tree and becomes the program; $1 is the tree, then paths to bind, then `--` and the command.
_ENTER = r"""
set -e
tree=$1; folder=$PWD; shift
mount --bind "$tree" "$tree"
mount -t proc proc "$tree/proc"
mount --rbind /sys "$tree/sys"
mount --rbind /dev "$tree/dev"
while [ "$1" != -- ]; do
    if [ -d "$1" ]; then mkdir -p "$tree$1"; else mkdir -p "$tree${1%/*}"; touch "$tree$1"; fi
    mount --rbind "$1" "$tree$1"
    shift
done
shift
for each in /etc/resolv.conf /etc/hosts; do
    if [ -e "$each" ] && [ -e "$tree$each" ]; then mount --bind "$each" "$tree$each"; fi
done
cd "$tree$folder" 2>/dev/null || folder=/
exec chroot "$tree" /usr/bin/env -C "$folder" "$@"
"""


def tree(name: str = "tools", *, arch: str | None = None) -> Path:
    """Return the folder of the tree made from `image/packages/NAME.txt`, building it if need be (needs root)."""
    arch = arch or host_arch()
    bootstrap = Bootstrap(package_list(_PACKAGES / f"{name}.txt"), arch)

    def make(target: Path) -> None:
        _say(f"making the {name} tree ({len(bootstrap.packages)} packages and what they need; a few minutes, kept)")
        quietly(bootstrap.command(target, EPOCH), target.parent / f"{name}.log")

    return cached(f"tree-{name}", bootstrap.key(EPOCH), make)


def host_arch() -> str:
    """Debian's name of this machine's architecture."""
    return subprocess.run(["dpkg", "--print-architecture"], capture_output=True, text=True, check=True).stdout.strip()


def command(
    arguments: Sequence[str | Path], binds: Iterable[Path] = (), *, name: str = "tools", root: Path | None = None
) -> list[str]:
    """The argument vector that runs a program of the tree (or of `root`) in the current folder."""
    _needs_root()
    places = _outermost([REPOSITORY, cache_folder(), Path.cwd(), Path("/tmp"), *binds])
    inside = root if root is not None else tree(name)
    namespace = ["unshare", "--mount", "--propagation", "private"]
    return [*namespace, "bash", "-c", _ENTER, "enter", str(inside), *places, "--", *map(str, arguments)]


def _outermost(paths: Iterable[Path]) -> list[str]:
    kept: list[Path] = []
    for path in sorted({each.resolve() for each in paths if each.exists()}):
        if path != Path("/") and not any(path.is_relative_to(each) for each in kept):
            kept.append(path)
    return [str(each) for each in kept]


def run(
    arguments: Sequence[str | Path],
    binds: Iterable[Path] = (),
    *,
    name: str = "tools",
    environment: Mapping[str, str] | None = None,
    log: Path | None = None,
) -> str:
    """Run a program of the tree to its end and return its standard output; raise ImageError with its last words."""
    words = [*(f"{key}={value}" for key, value in sorted((environment or {}).items())), *map(str, arguments)]
    done = subprocess.run(command(words, binds, name=name), capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if log is not None:
        log.write_text(done.stdout + done.stderr)
    if done.returncode != 0:
        raise ImageError(f"{arguments[0]} failed ({done.returncode}):\n{_tail(done.stdout + done.stderr)}")
    return done.stdout


def quietly(arguments: Sequence[str | Path], log: Path) -> None:
    """Run a long command of the host with its output in a file; raise ImageError with the end of it."""
    _needs_root()
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("w") as output:
        done = subprocess.run([str(each) for each in arguments], stdout=output, stderr=output, stdin=subprocess.DEVNULL)
    if done.returncode != 0:
        raise ImageError(f"{arguments[0]} failed ({done.returncode}); all of it is in {log}:\n{_tail(log.read_text())}")


def _tail(text: str, lines: int = 25) -> str:
    return "\n".join(text.strip().splitlines()[-lines:])


def _needs_root() -> None:
    if os.geteuid() != 0:
        raise ImageError("needs root: it makes Debian trees with their owners and changes root")


def _say(text: str) -> None:
    print(f"[image] {text}", file=sys.stderr, flush=True)


def main(arguments: Sequence[str]) -> int:
    """Run the command line described above."""
    parser = argparse.ArgumentParser(prog="python3 -m image.tools", description="programs of the tools tree")
    verbs = parser.add_subparsers(dest="verb", required=True)
    for verb in ("path", "run"):
        each = verbs.add_parser(verb)
        each.add_argument("--tree", default="tools", help="which list of image/packages (default: tools)")
        each.add_argument("--bind", type=Path, action="append", default=[], help="a path to have inside as well")
    own, program = _split(arguments)
    options = parser.parse_args(own)
    try:
        if options.verb == "path":
            print(tree(options.tree))
            return 0
        words = command(program, options.bind, name=options.tree)
    except ImageError as error:
        print(error, file=sys.stderr)
        return 1
    os.execvp(words[0], words)


def _split(arguments: Sequence[str]) -> tuple[list[str], list[str]]:
    if "--" not in arguments:
        return list(arguments), []
    at = list(arguments).index("--")
    return list(arguments[:at]), list(arguments[at + 1 :])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
