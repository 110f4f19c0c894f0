"""Make the engine's environment: bindings in .venv-engine, llama.cpp in .cache/llama/<key>/lib, then a smoke test.

Called by scripts/engine with the standard library only. It must not know the gateway: its whole result is the file
.venv-engine/engine.json ("ok" with paths, or "failed" with a reason), which `appliance.engine.locate` reads.

Why not plain `pip install llama-cpp-python`: its default build uses every instruction that the building machine
has, which crashes with some compilers (AMX), and it compiles twice what is needed. Here the bindings come alone
(3 CPU seconds) and llama.cpp is built from the same archive with instructions that are checked before use.
"""

from __future__ import annotations

import argparse
import fcntl
import hashlib
import json
import os
import platform
import re
import shutil
import signal
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[1]
CACHE = Path(os.environ.get("HOMARUS_CACHE") or _ROOT / ".cache")  # builds may be shared between checkouts
LLAMA = CACHE / "llama"
_TOOLS = CACHE / "build-tools"
_SMOKE_TIMEOUT_S = 120  # a slow board loads the tiny model in under 2 s; this only ends a hang
_OUTPUT_LINES_KEPT = 25

# Written into the key of the cache: another flag is another build.
FLAGS: tuple[str, ...] = (
    "-DCMAKE_BUILD_TYPE=Release",
    "-DBUILD_SHARED_LIBS=ON",
    "-DGGML_NATIVE=OFF",  # with it, gcc 12 makes AMX code that dies at the first prompt of two tokens
    "-DGGML_CCACHE=OFF",
    "-DLLAMA_BUILD_COMMON=OFF",
    "-DLLAMA_BUILD_TESTS=OFF",
    "-DLLAMA_BUILD_TOOLS=OFF",
    "-DLLAMA_BUILD_EXAMPLES=OFF",
    "-DLLAMA_BUILD_SERVER=OFF",
    "-DLLAMA_BUILD_APP=OFF",
    "-DLLAMA_OPENSSL=OFF",
    "-DCMAKE_INSTALL_RPATH=$ORIGIN",
    "-DCMAKE_BUILD_WITH_INSTALL_RPATH=ON",
)
# What GGML_NATIVE=OFF means per architecture; `flags` of /proc/cpuinfo must hold these before the first decode.
_X86_FEATURES = ("avx2", "bmi2", "f16c", "fma")
_ARM_BASE_FEATURES = ("asimd",)
_ARM_DOTPROD_FEATURES = ("asimd", "asimddp", "asimdhp")  # Raspberry Pi 5 and newer: several times faster kernels


class BuildError(Exception):
    """Set-up of the engine failed; the text is for the person at the terminal and for the health report."""


def main() -> int:
    """Make the environment unless it is there; 0 when the engine works, 1 when it does not (engine.json says why)."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--python", required=True, help="the Python that makes .venv-engine")
    parser.add_argument("--stamp", required=True, help="what this environment is made from; stored in engine.json")
    options = parser.parse_args()
    target = _ROOT / ".venv-engine"
    LLAMA.mkdir(parents=True, exist_ok=True)
    with open(LLAMA / "lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # a second set-up of this checkout waits and then finds the work done
        if _recorded(target).get("stamp") == options.stamp and _recorded(target).get("state") == "ok":
            return 0
        record: dict[str, str] = {"stamp": options.stamp}
        try:
            record |= _make(Path(options.python), target)
        except (BuildError, OSError, tarfile.TarError) as error:
            record |= {"state": "failed", "reason": str(error)}
            say(f"FAILED: {error}")
        target.mkdir(exist_ok=True)
        _write_json(target / "engine.json", record)
    return 0 if record["state"] == "ok" else 1


def _make(python: Path, target: Path) -> dict[str, str]:
    interpreter = _environment(python, target)
    version, sha256 = pinned()
    features = usable_features(Path("/proc/cpuinfo"))
    flags = (*FLAGS, *arch_flags(features))
    key = build_key(version, sha256, flags, features)
    library = LLAMA / key / "lib"
    if not _has_bindings(interpreter, version) or not (library / "libllama.so").exists():
        tools = build_tools(python)
        with tempfile.TemporaryDirectory(dir=CACHE, prefix="llama-") as scratch:
            archive = fetch_archive(tools, Path(scratch))
            if not _has_bindings(interpreter, version):
                _bindings(interpreter, tools, archive)
            if not (library / "libllama.so").exists():
                _build(tools, unpack(archive, Path(scratch)), library, flags, features)
    _smoke_test(interpreter, library)
    return {"python": str(interpreter), "libraries": str(library), "state": "ok", "reason": "", "key": key}


# -- the parts ---------------------------------------------------------------------------------------------------


def _environment(python: Path, target: Path) -> Path:
    interpreter = target / "bin" / "python"
    if not _same_python(python, interpreter):
        say(f"making .venv-engine with {python}")
        shutil.rmtree(target, ignore_errors=True)
        run([str(python), "-m", "venv", str(target)], "could not make .venv-engine (is python3-venv installed?)")
    say("installing numpy, gguf and msgspec into .venv-engine")
    _pip(interpreter, ["install", "--require-hashes", "-r", str(_ROOT / "requirements" / "engine.txt")])
    return interpreter


def _same_python(python: Path, interpreter: Path) -> bool:
    """True when the environment exists, runs, and was made by the Python that is asked for."""
    if not interpreter.exists():
        return False
    code = "import sys; print(sys.version)"
    versions = [
        subprocess.run([str(each), "-c", code], capture_output=True, text=True, check=False).stdout
        for each in (python, interpreter)
    ]
    return bool(versions[0]) and versions[0] == versions[1]


def build_tools(python: Path) -> Path:
    """Return the bin folder of an environment with cmake, ninja and scikit-build-core, made on first need."""
    lock = _ROOT / "requirements" / "build.txt"
    stamp = hashlib.sha256(lock.read_bytes() + str(python).encode()).hexdigest()
    marker = _TOOLS / "stamp"
    if not (marker.exists() and marker.read_text("ascii") == stamp):
        say("installing the build tools (cmake, ninja) into .cache/build-tools")
        shutil.rmtree(_TOOLS, ignore_errors=True)
        run([str(python), "-m", "venv", str(_TOOLS)], "could not make .cache/build-tools")
        _pip(_TOOLS / "bin" / "python", ["install", "--require-hashes", "-r", str(lock)])
        marker.write_text(stamp, "ascii")
    return _TOOLS / "bin"


def fetch_archive(tools: Path, folder: Path) -> Path:
    """Fetch the source archive; pip checks its SHA-256 against requirements/llama.txt."""
    say("fetching the sources of llama.cpp (77 MB, hash-checked)")
    lock = _ROOT / "requirements" / "llama.txt"
    arguments = ["download", "--no-deps", "--no-binary", ":all:", "--no-build-isolation", "--require-hashes"]
    _pip(tools / "python", [*arguments, "-d", str(folder), "-r", str(lock)], path=tools)
    (archive,) = folder.glob("*.tar.gz")
    return archive


def unpack(archive: Path, folder: Path) -> Path:
    """Unpack only the vendored llama.cpp (the archive also carries a whole git history)."""
    with tarfile.open(archive) as tar:
        wanted = [member for member in tar.getmembers() if "/vendor/llama.cpp/" in member.name]
        if hasattr(tarfile, "data_filter"):  # the Python of Debian 12 is older than this protection
            tar.extraction_filter = tarfile.data_filter
        tar.extractall(folder, members=wanted)  # its hash was checked
    (source,) = folder.glob("*/vendor/llama.cpp")
    return source


def _has_bindings(interpreter: Path, version: str) -> bool:
    code = "import importlib.metadata as m; print(m.version('llama-cpp-python'))"
    found = subprocess.run([str(interpreter), "-c", code], capture_output=True, text=True, check=False)
    return found.stdout.strip() == version


def _bindings(interpreter: Path, tools: Path, archive: Path) -> None:
    say("installing the bindings")
    options = [f"--config-settings=cmake.define.{name}=OFF" for name in ("LLAMA_BUILD", "LLAVA_BUILD")]
    # pip's wheel cache ignores the options above, so a build with other options could come back from it.
    folder = archive.parent / "wheel"
    arguments = ["wheel", "--no-deps", "--no-cache-dir", "--no-build-isolation", *options, "-w", str(folder)]
    _pip(tools / "python", [*arguments, str(archive)], path=tools)
    (wheel,) = folder.glob("*.whl")
    _pip(interpreter, ["install", "--no-deps", "--no-index", str(wheel)])


def _build(tools: Path, source: Path, library: Path, flags: Sequence[str], features: Sequence[str]) -> None:
    cores = os.cpu_count() or 1
    say(f"building llama.cpp on {cores} cores (about 150 CPU seconds on a PC; once, then cached)")
    build = source.parent / "build"
    failed = "llama.cpp could not be built"
    configure = ["cmake", "-S", str(source), "-B", str(build), "-G", "Ninja", *flags]
    run(configure, failed, path=tools)
    run(["cmake", "--build", str(build), "--target", "llama", "--parallel", str(cores)], failed, path=tools)
    partial = library.parent.with_name(library.parent.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    (partial / "lib").mkdir(parents=True)
    for built in sorted(build.glob("bin/*.so*")):
        shutil.copy2(built, partial / "lib" / built.name, follow_symlinks=False)
    _write_json(partial / "lib" / "requires.json", {"cpu": list(features)})
    shutil.rmtree(library.parent, ignore_errors=True)
    partial.rename(library.parent)


def _smoke_test(interpreter: Path, library: Path) -> None:
    """Run the self-test as its own process: what it looks for can kill the process that tries it."""
    say("testing the engine with a small model made on the spot")
    environ = dict(os.environ, LLAMA_CPP_LIB_PATH=str(library), GGML_NO_BACKTRACE="1", PYTHONPATH=str(_ROOT))
    command = [str(interpreter), "-m", "appliance.engine.selftest"]
    try:
        done = subprocess.run(
            command, env=environ, cwd=_ROOT, capture_output=True, text=True, timeout=_SMOKE_TIMEOUT_S, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise BuildError(f"the engine's self-test did not end within {_SMOKE_TIMEOUT_S} s") from error
    if done.returncode != 0:
        raise BuildError(f"the engine's self-test failed: {_ending(done.returncode, done.stderr)}")
    say(done.stdout.strip())


def _ending(returncode: int, errors: str) -> str:
    lines = errors.strip().splitlines() or ["it said nothing"]
    if returncode < 0:
        return f"killed by {signal.Signals(-returncode).name}; last words: {lines[-1]}"
    return lines[-1]


# -- facts -------------------------------------------------------------------------------------------------------


def pinned() -> tuple[str, str]:
    """Return version and SHA-256 of the archive from the lock. Raises BuildError."""
    return read_pin(_ROOT / "requirements" / "llama.txt")


def read_pin(lock: Path) -> tuple[str, str]:
    """Return what a lock says of llama-cpp-python. Raises BuildError."""
    text = lock.read_text("utf-8")
    found = re.search(r"llama-cpp-python==(\S+).*?sha256:([0-9a-f]{64})", text, re.DOTALL)
    if found is None:
        raise BuildError(f"{lock} names no version and hash of llama-cpp-python: run scripts/lock")
    return found[1], found[2]


def usable_features(cpuinfo: Path) -> tuple[str, ...]:
    """Choose which instructions the build may use: a fixed floor, plus dot products where an ARM processor has them."""
    machine = platform.machine()
    if machine in ("x86_64", "amd64"):
        return _X86_FEATURES
    if machine in ("aarch64", "arm64"):
        found = re.search(r"^Features\s*:(.*)$", cpuinfo.read_text("utf-8"), re.MULTILINE)
        present = set(found[1].split()) if found else set()
        return _ARM_DOTPROD_FEATURES if present.issuperset(_ARM_DOTPROD_FEATURES) else _ARM_BASE_FEATURES
    return ()


def arch_flags(features: Sequence[str]) -> tuple[str, ...]:
    if features == _ARM_DOTPROD_FEATURES:
        return ("-DGGML_CPU_ARM_ARCH=armv8.2-a+dotprod+fp16",)
    if features == _ARM_BASE_FEATURES:
        return ("-DGGML_CPU_ARM_ARCH=armv8-a",)
    return ()


def build_key(version: str, sha256: str, flags: Sequence[str], features: Sequence[str]) -> str:
    """Name a build by everything that changes it: version, flags, architecture, compiler."""
    compiler = os.environ.get("CXX", "c++")
    try:
        shown = subprocess.run([compiler, "--version"], capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        raise BuildError(f"there is no C++ compiler ({compiler}): install g++") from error
    words = [version, sha256, *flags, *features, platform.machine(), shown.splitlines()[0]]
    return f"{version}-{hashlib.sha256(chr(10).join(words).encode()).hexdigest()[:16]}"


# -- running and saying ------------------------------------------------------------------------------------------


def _pip(interpreter: Path, arguments: Sequence[str], path: Path | None = None) -> None:
    quiet = ["--disable-pip-version-check", "--no-input", "--quiet"]
    command = [str(interpreter), "-m", "pip", arguments[0], *quiet, *arguments[1:]]
    run(command, f"pip {arguments[0]} failed", path=path)


def run(command: Sequence[str], failed: str, path: Path | None = None) -> None:
    """Run `command`, show ninja's counter as progress, and raise BuildError with the last lines if it fails."""
    environ: Mapping[str, str] = os.environ
    if path is not None:
        environ = dict(os.environ, PATH=f"{path}{os.pathsep}{os.environ['PATH']}")
    kept: list[str] = []
    shown = -1
    with subprocess.Popen(
        command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            kept = [*kept, line.rstrip()][-_OUTPUT_LINES_KEPT:]
            if counter := re.match(r"\[(\d+)/(\d+)\]", line):
                shown = _progress(int(counter[1]), int(counter[2]), shown)
    if process.returncode != 0:
        print("\n".join(kept), file=sys.stderr)
        problem = next((line for line in reversed(kept) if "error" in line.lower()), kept[-1] if kept else "")
        raise BuildError(f"{failed}: {problem.strip()}")


def _progress(done: int, total: int, shown: int) -> int:
    """Show how far the build is: in place on a terminal, every tenth part in a log."""
    percent = done * 100 // total
    if sys.stdout.isatty():
        end = "\n" if done == total else ""
        print(f"\r[engine] building {percent:3d} % ({done}/{total})", end=end, flush=True)
    elif percent // 10 > shown // 10:
        say(f"building {percent} %")
    return percent


def _recorded(target: Path) -> dict[str, str]:
    try:
        found: dict[str, str] = json.loads((target / "engine.json").read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return found


def _write_json(path: Path, value: Mapping[str, object]) -> None:
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps(value, indent=1) + "\n", "utf-8")
    partial.rename(path)


def say(text: str) -> None:
    print(f"[engine] {text}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
