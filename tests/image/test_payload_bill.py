"""The bill of materials and the licences of an image: valid, complete, the same bytes for the same tree."""

from __future__ import annotations

import gzip
import json
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator
from referencing import Registry, Resource

from image.payload import bill
from image.payload.bill import boot, debian, document, ours, python
from image.payload.bill.component import Component, Kind
from image.payload.environment import SITE, folder_of
from tests.image.kept import newest

_STATUS = """\
Package: zlib1g
Status: install ok installed
Architecture: amd64
Source: zlib (1:1.3-1)
Version: 1:1.3.dfsg+really1.3.1-1+b1

Package: gone
Status: deinstall ok config-files
Architecture: all
Version: 1

Package: libthing-dev
Status: install ok installed
Architecture: all
Version: 2.0
"""
_COPYRIGHT = """\
Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Files: *
Copyright: somebody
License: Zlib and GPL-2+ or MIT/X11
Files: debian/*
License: GPL-2+
 text
"""


def _put(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A small root: two packages, one of whose documents is a link to the other's, and one wheel."""
    _put(tmp_path / "var/lib/dpkg/status", _STATUS)
    _put(tmp_path / "usr/share/doc/zlib1g/copyright", _COPYRIGHT)
    (tmp_path / "usr/share/doc/libthing-dev").symlink_to("zlib1g")
    site = tmp_path / folder_of("gateway") / SITE
    _put(site / "thing-1.0.dist-info/METADATA", "Name: Some.Thing\nVersion: 1.0\nLicense-Expression: MIT\n\nWords\n")
    old = "Name: old\nVersion: 2\nLicense: A very\nClassifier: License :: OSI Approved :: BSD License\n"
    _put(site / "old-2.dist-info/METADATA", old.replace("A very", "A very long text " * 9))
    return tmp_path


def _components(tree: Path) -> list[Component]:
    model = Component("mini.gguf", "abc", "", "Models", licences=("ours",), kind=Kind.MODEL)
    lock = {"some-thing-1.0": "ab" * 32}
    return [model, *ours.web(), *python.components(tree, lock), *debian.components(tree, "trixie")]


def _validator() -> Draft7Validator:
    folder = resources.files("cyclonedx") / "schema" / "_res"
    schemas: dict[str, Any] = {
        name: json.loads((folder / f"{name}.SNAPSHOT.schema.json").read_text("utf-8"))
        for name in ("bom-1.6", "spdx", "jsf-0.82")
    }
    known = [(f"http://cyclonedx.org/schema/{name}.SNAPSHOT.schema.json", each) for name, each in schemas.items()]
    registry: Any = Registry().with_resources([(uri, Resource.from_contents(each)) for uri, each in known])
    return Draft7Validator(schemas["bom-1.6"], registry=registry)


def test_the_document_is_valid_cyclonedx(tree: Path) -> None:
    made = json.loads(document.cyclonedx("rpi", "1.0", _components(tree)))
    assert [error.message for error in _validator().iter_errors(made)] == []
    made["components"][0]["type"] = "no such kind"
    assert list(_validator().iter_errors(made))


def test_the_same_tree_gives_the_same_bytes(tree: Path) -> None:
    texts = [document.cyclonedx("rpi", "1.0", _components(tree)) for _ in range(2)]
    assert texts[0] == texts[1]
    assert document.cyclonedx("rpi", "1.1", _components(tree)) != texts[0]


def test_debian_packages_carry_their_source_and_the_names_of_their_licences(tree: Path) -> None:
    thing, zlib = debian.components(tree, "trixie")
    assert zlib.purl == (
        "pkg:deb/debian/zlib1g@1%3A1.3.dfsg%2Breally1.3.1-1%2Bb1?arch=amd64&distro=trixie&upstream=zlib"
    )
    assert zlib.licences == thing.licences == ("GPL-2+", "MITX11", "Zlib")
    assert thing.texts == "/usr/share/doc/libthing-dev/copyright"


def test_a_copyright_file_in_prose_names_the_common_licences() -> None:
    text = "It is free. See /usr/share/common-licenses/GPL-3. Or /usr/share/common-licenses/LGPL-2.1, as you like."
    assert debian.licence_names(text) == ("GPL-3", "LGPL-2.1")
    assert debian.licence_names("") == ()


def test_a_circle_of_links_ends(tmp_path: Path) -> None:
    documents = tmp_path / "usr/share/doc"
    documents.mkdir(parents=True)
    (documents / "a").symlink_to("b")
    (documents / "b").symlink_to("a")
    assert debian.copyright_of(tmp_path, "a") == ""


def test_a_boot_loader_that_is_only_unpacked_is_named_with_its_version(tmp_path: Path) -> None:
    documents = tmp_path / "usr/share/doc/shim-signed"
    documents.mkdir(parents=True)
    (documents / "changelog.gz").write_bytes(gzip.compress(b"shim-signed (1.51~1+deb13u1) trixie; urgency=medium\n"))
    assert boot.version_of(tmp_path, "shim-signed") == "1.51~1+deb13u1"
    assert boot.version_of(tmp_path, "other") == "unknown"


def test_wheels_are_named_as_the_index_names_them_and_have_their_hash(tree: Path) -> None:
    old, thing = python.components(tree, {"some-thing-1.0": "ab" * 32})
    assert (thing.name, thing.purl, thing.expression) == ("some-thing", "pkg:pypi/some-thing@1.0", "MIT")
    assert thing.hashes == (("SHA-256", "ab" * 32),)
    assert old.licences == ("BSD License",)  # the field was the text itself


def test_the_web_app_lists_what_is_in_it_and_not_what_built_it() -> None:
    names = {each.name for each in ours.web()}
    assert "preact" in names
    assert not any("esbuild" in name or "typescript" in name for name in names)


def test_the_list_for_people_ends_with_texts_that_stand_nowhere_else(tree: Path) -> None:
    text = document.licences("rpi", "1.0", _components(tree), [("llama.cpp", "You may.\n")])
    assert "some-thing 1.0: MIT  [/usr/lib/homarus/venv/lib/python3.13/site-packages/thing-1.0.dist-info]" in text
    assert text.endswith("Licence of llama.cpp\n--------------------\nYou may.\n\n")


@pytest.mark.image
def test_a_built_image_names_everything_that_is_in_it() -> None:
    base = newest("base-amd64")
    if base is None:
        pytest.skip("not built here: scripts/image makes it")
    found = list(debian.components(base, "trixie"))
    assert len(found) > 100
    made = json.loads(document.cyclonedx("qemu-amd64", "1.0", found))
    assert [error.message for error in _validator().iter_errors(made)] == []
    silent = [each.name for each in found if not each.licences]
    assert len(silent) < 10, silent  # a few refer to another file in words


def test_both_files_lie_where_the_owner_is_told() -> None:
    assert bill.SBOM == "usr/lib/homarus/sbom.cdx.json"
    assert bill.LICENCES == "usr/lib/homarus/licences.txt"
