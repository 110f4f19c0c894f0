"""What the builder put together for a box: compiled for good, nothing of the building machine, nothing unused."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from image import payload
from image.cache import cache_folder
from image.payload import environment, llama
from image.tools import REPOSITORY
from tests.image.kept import newest

pytestmark = pytest.mark.image

_PARTS = [
    "application",
    *(f"environment-{name}-{arch}" for name in ("gateway", "engine") for arch in ("amd64", "arm64")),
    *(f"llama-{arch}" for arch in ("amd64", "arm64")),
]
_MAGIC_313 = (3571).to_bytes(2, "little") + b"\r\n"
_UNCHECKED = 1  # PEP 552: made from a hash, and the source is not compared
_HEADER = 16
_ELF_MACHINES = {"amd64": 62, "arm64": 183}


def _part(name: str) -> Path:
    found = newest(name)
    if found is None:
        pytest.skip("not built here: scripts/image makes it")
    return found


def _files(folder: Path) -> Iterator[Path]:
    return (each for each in folder.rglob("*") if each.is_file() and not each.is_symlink())


@pytest.mark.parametrize("name", [each for each in _PARTS if not each.startswith("llama")])
def test_every_module_is_compiled_for_the_boxs_python_and_never_compared(name: str) -> None:
    part = _part(name)
    modules = {each for each in _files(part) if each.suffix == ".py"}
    compiled = {each for each in _files(part) if each.suffix == ".pyc"}
    assert {f"{each.parent.parent}/{each.name.partition('.')[0]}.py" for each in compiled} == set(map(str, modules))
    heads = {each: each.read_bytes()[:8] for each in compiled}
    assert set(heads.values()) == {_MAGIC_313 + _UNCHECKED.to_bytes(4, "little")}


@pytest.mark.parametrize("name", _PARTS)
def test_nothing_names_the_building_machine(name: str) -> None:
    part = _part(name)
    paths = [os.fsencode(each) for each in (REPOSITORY, cache_folder())]
    assert [each for each in _files(part) if any(path in each.read_bytes() for path in paths)] == []


@pytest.mark.parametrize("name", _PARTS)
def test_links_lead_to_places_on_the_box(name: str) -> None:
    part = _part(name)
    links = {str(each.relative_to(part)): os.readlink(each) for each in part.rglob("*") if each.is_symlink()}
    outside = {aim for aim in links.values() if aim.startswith("/")}
    assert outside <= {"/usr/bin/python3", "/usr/lib/python3/dist-packages/systemd"}
    assert not [aim for aim in links.values() if ".." in aim]


@pytest.mark.parametrize("arch", ["amd64", "arm64"])
@pytest.mark.parametrize("name", ["gateway", "engine"])
def test_an_environment_holds_packages_of_its_machine_and_no_installer(name: str, arch: str) -> None:
    home = _part(f"environment-{name}-{arch}") / environment.folder_of(name)
    site = home / environment.SITE
    assert {each.name for each in (home / "bin").iterdir()} == {"python", "python3"}
    assert (home / "pyvenv.cfg").read_text().startswith("home = /usr/bin\n")
    assert not [each for each in ("pip", "setuptools", "bin") if (site / each).exists()]
    assert not list(site.rglob("tests"))
    application = (site / "homarus.pth").read_text().strip()
    assert os.path.normpath(site / application) == str(home.parent / "app")
    heads = [each.read_bytes()[:20] for each in _files(site) if ".so" in each.suffixes]
    assert {int.from_bytes(head[18:20], "little") for head in heads} == {_ELF_MACHINES[arch]}


def test_the_command_of_the_box_runs_in_its_own_environment() -> None:
    command = _part("application") / "usr/bin/homarus"
    assert command.read_text().startswith("#!/usr/lib/homarus/venv/bin/python3 -P\n")
    assert command.stat().st_mode & 0o777 == 0o755


def test_the_application_is_there_with_its_web_app_and_its_models() -> None:
    home = _part("application") / environment.HOME / "app"
    assert {each.name for each in home.iterdir()} <= {"appliance", "systemd", "firmware-config"}
    assert (home / "appliance/webui/index.html").is_file()
    assert list((home / "appliance/understanding/weights").glob("*.gguf"))
    assert not list(home.rglob(".stamp"))


@pytest.mark.parametrize("arch", ["amd64", "arm64"])
def test_the_parts_of_an_architecture_do_not_overlap(arch: str) -> None:
    names = ["application", f"environment-gateway-{arch}", f"environment-engine-{arch}", f"llama-{arch}"]
    found = [{each.relative_to(part) for each in _files(part)} for part in map(_part, names)]
    assert sum(map(len, found)) == len(set().union(*found))
    assert payload.bill.SBOM not in {str(each) for each in found[0]}
    assert any(str(each).startswith(llama.FOLDER) for each in found[3])


def test_a_traceback_on_the_box_names_the_files_of_the_box() -> None:
    part = _part("application")
    path = next(part.rglob("__main__.cpython-313.pyc"))
    assert b"/usr/lib/homarus/app/appliance/" in path.read_bytes()[_HEADER:]
