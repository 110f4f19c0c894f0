"""What is neither Debian's nor Python's: llama.cpp, the libraries inside the web app, our own program and models."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import tarfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

from image.cache import cached, key_of
from image.payload import bindings
from image.payload.bill.component import Component, Kind
from image.payload.environment import HOME
from image.payload.llama import FOLDER
from image.tools import REPOSITORY

_MODELS = f"{HOME}/app/appliance/understanding/weights"
_MODEL_FILES = ("*.gguf", "*.bin")
_BUILDS = "esbuild"  # makes the web app and is not in it
_OWN = "the licence of Homarus"


def llama(tree: Path) -> Component:
    """llama.cpp with ggml, as compiled; the version is that of the archive which carries it, llama-cpp-python's."""
    version, sha256 = bindings.version()
    libraries = sorted(each for each in (tree / FOLDER).glob("*.so*") if not each.is_symlink())
    joined = hashlib.sha256(b"".join(hashlib.sha256(each.read_bytes()).digest() for each in libraries)).hexdigest()
    return Component(
        "llama.cpp",
        version,
        f"pkg:generic/llama.cpp@{version}?checksum=sha256:{sha256}",
        "Compiled for the box",
        expression="MIT",
        hashes=(("SHA-256", joined),),  # of the hashes of its libraries, by name
        texts="below",
    )


def models(tree: Path) -> Iterator[Component]:
    """Yield the models that the program carries."""
    folder = tree / _MODELS
    for path in sorted(each for pattern in _MODEL_FILES for each in folder.glob(pattern)):
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        yield Component(
            path.name,
            digest[:12],
            "",
            "Models",
            licences=(_OWN,),
            hashes=(("SHA-256", digest),),
            kind=Kind.MODEL,
        )


def web() -> Iterator[Component]:
    """Yield the libraries inside the web app, from npm's lock."""
    lock = json.loads((REPOSITORY / "web" / "package-lock.json").read_text("utf-8"))
    for path, entry in sorted(lock["packages"].items()):
        name = path.rpartition("node_modules/")[2]
        if not path or entry.get("dev") or entry.get("optional") or name == _BUILDS:
            continue
        yield Component(
            name,
            entry["version"],
            f"pkg:npm/{quote(name, safe='/')}@{entry['version']}",
            "Libraries inside the web app",
            expression=str(entry.get("license", "")),
            hashes=_integrity(entry.get("integrity", "")),
            texts="below",
        )


def _integrity(text: str) -> tuple[tuple[str, str], ...]:
    found = re.match(r"sha512-(\S+)", text)
    return (("SHA-512", base64.b64decode(found[1]).hex()),) if found else ()


def texts() -> Iterator[tuple[str, str]]:
    """Yield name and licence text of what has no file of its own in the image."""
    yield "llama.cpp", _llama_licence()
    modules = REPOSITORY / "web" / "node_modules"
    for component in web():
        for path in sorted((modules / component.name).glob("LICENSE*")):
            yield component.name, path.read_text("utf-8")


def _llama_licence() -> str:
    def take(target: Path) -> None:
        with tarfile.open(bindings.archive()) as tar:
            for member in tar:  # in order, to the first: the archive is large
                if member.name.endswith("/vendor/llama.cpp/LICENSE"):
                    content = tar.extractfile(member)
                    target.write_bytes(content.read() if content else b"")
                    return
        raise FileNotFoundError("the archive of llama.cpp holds no licence")

    return cached("llama-licence", key_of(bindings.version()), take).read_text("utf-8")
