"""Build llama-bench and llama-server from the archive of the engine: the peers that `scripts/bench engine` times.

They come from the same sources with the same flags as the engine's library and are kept beside it. The last line of
the output is the folder with the programs.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path

import build_llama as engine

_TARGETS = ("llama-bench", "llama-server")
_OTHER_FLAGS = {
    "-DLLAMA_BUILD_COMMON=OFF": "-DLLAMA_BUILD_COMMON=ON",
    "-DLLAMA_BUILD_TOOLS=OFF": "-DLLAMA_BUILD_TOOLS=ON",
    "-DLLAMA_BUILD_SERVER=OFF": "-DLLAMA_BUILD_SERVER=ON",
}
_MORE_FLAGS = ("-DLLAMA_BUILD_UI=OFF", "-DLLAMA_BUILD_WEBUI=OFF", "-DLLAMA_CURL=OFF")


def main() -> int:
    """Make the peers unless they are there; print where they are."""
    try:
        print(_peers(Path(sys.executable)))
    except (engine.BuildError, OSError) as error:
        print(f"peers: {error}", file=sys.stderr)
        return 1
    return 0


def _peers(python: Path) -> Path:
    version, sha256 = engine.pinned()
    features = engine.usable_features(Path("/proc/cpuinfo"))
    flags = (*(_OTHER_FLAGS.get(flag, flag) for flag in engine.FLAGS), *_MORE_FLAGS, *engine.arch_flags(features))
    target = engine.LLAMA / f"peers-{engine.build_key(version, sha256, flags, features)}"
    if all((target / name).exists() for name in _TARGETS):
        return target
    tools = engine.build_tools(python)
    with tempfile.TemporaryDirectory(dir=engine.CACHE, prefix="llama-") as scratch:
        source = engine.unpack(engine.fetch_archive(tools, Path(scratch)), Path(scratch))
        build = source.parent / "build"
        engine.say("building llama-bench and llama-server (some 15 CPU minutes; once, then cached)")
        failed = "the peers could not be built"
        engine.run(["cmake", "-S", str(source), "-B", str(build), "-G", "Ninja", *flags], failed, path=tools)
        parallel = ["--parallel", str(os.cpu_count() or 1)]
        engine.run(["cmake", "--build", str(build), "--target", *_TARGETS, *parallel], failed, path=tools)
        partial = target.with_name(target.name + ".partial")
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        for built in (*sorted(build.glob("bin/*.so*")), *(build / "bin" / name for name in _TARGETS)):
            shutil.copy2(built, partial / built.name, follow_symlinks=False)
        shutil.rmtree(target, ignore_errors=True)
        partial.rename(target)
    return target


if __name__ == "__main__":
    sys.exit(main())
