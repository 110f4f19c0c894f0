"""What root believes of a channel, and what it says when it cannot look."""

from __future__ import annotations

import json
from typing import Any

import pytest

from appliance.updates.records.model import Action
from tests.fakes.update_channel import COMPATIBLE, Maker, release
from tests.fakes.update_site import TestBox, write
from tests.unit.updates.install.told import code


def test_a_manifest_of_a_stranger_is_refused_and_the_last_good_one_still_counts(here: TestBox) -> None:
    here.service().run(Action.CHECK)
    here.site.publish(Maker(), sequence=9, releases={COMPATIBLE: release("9.0.0")})
    assert not here.service().run(Action.CHECK)
    assert code(here) == "manifest_signature"
    known = here.records.channel()
    assert known.offered is not None
    assert (known.offered.version, known.sequences) == ("1.1.0", {"stable": 7})
    assert known.fault is not None


def test_an_older_manifest_is_refused_also_after_a_restart(here: TestBox) -> None:
    here.service().run(Action.CHECK)
    here.site.publish(here.maker, sequence=6)
    assert not here.service().run(Action.CHECK)
    assert code(here) == "manifest_replayed"


def test_each_channel_counts_for_itself(here: TestBox) -> None:
    here.service().run(Action.CHECK)
    here.configure(channel="beta")
    here.site.publish(here.maker, "beta", sequence=2)
    assert here.service().run(Action.CHECK)
    assert here.records.channel().sequences == {"stable": 7, "beta": 2}


def test_a_manifest_that_changed_between_it_and_its_signature_is_fetched_again(here: TestBox) -> None:
    content, signature = here.maker.manifest(sequence=8)
    old, turns = here.site.files["/stable.json"], iter([0])

    class Files(dict[str, Any]):
        def get(self, key: str, default: Any = None) -> Any:
            if key == "/stable.json" and next(turns, None) is not None:
                return old
            return {"/stable.json": content, "/stable.json.sig": signature}.get(key, default)

    here.site.files = Files()
    assert here.service().run(Action.CHECK)
    assert here.records.channel().sequences == {"stable": 8}


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"/stable.json": 500}, "network"),
        ({"/stable.json.sig": 404}, "network"),
        ({"/stable.json": "ftp://127.0.0.1/x"}, "network"),
        ({"/stable.json": "/stable.json"}, "network"),
        ({"/stable.json": b"x" * 300_000}, "network"),
        ({"/stable.json": b"{}"}, "manifest_signature"),
    ],
)
def test_a_server_that_misbehaves_is_a_typed_error(here: TestBox, files: dict[str, Any], expected: str) -> None:
    here.site.files |= files
    assert not here.service().run(Action.CHECK)
    assert code(here) == expected


def test_a_server_that_is_not_there_is_a_typed_error(here: TestBox) -> None:
    here.configure(url="http://127.0.0.1:9")
    assert not here.service().run(Action.CHECK)
    assert code(here) == "network"


def test_a_box_that_is_offline_never_dials(here: TestBox) -> None:
    here.configure(offline=True)
    assert not here.service().run(Action.CHECK)
    assert code(here) == "offline"
    assert here.service().run(Action.AUTO)
    assert here.site.asked == []


def test_a_release_box_wants_https(here: TestBox) -> None:
    about = json.loads((here.root / "usr/lib/homarus/box.json").read_text())
    write(here.root, "usr/lib/homarus/box.json", json.dumps({**about, "keys": "release"}))
    assert not here.service().run(Action.CHECK)
    assert code(here) == "insecure_url"
    assert here.site.asked == []


def test_without_an_address_the_image_names_one_or_nothing_happens(here: TestBox) -> None:
    here.configure(url=None)
    assert not here.service().run(Action.CHECK)
    assert code(here) == "no_source"
    write(here.root, "usr/lib/homarus/keys/channel.url", f"{here.site.url}\n")
    assert here.service().run(Action.CHECK)


@pytest.mark.parametrize("text", ["{", '{"updates": {"window": "always"}}', '{"updates": 1}', "\x00"])
def test_a_configuration_that_is_refused_installs_nothing(here: TestBox, text: str) -> None:
    write(here.root, "var/lib/homarus/homarus.json5", text)
    assert not here.service().run(Action.APPLY)
    assert code(here) == "config_refused"


def test_what_else_is_wrong_in_the_configuration_does_not_stop_updates(here: TestBox) -> None:
    text = json.dumps({"gateway": {"port": "x", "auth": {"token": {"file": "/dev/zero"}}}, "updates": {}})
    write(here.root, "var/lib/homarus/homarus.json5", text)
    write(here.root, "usr/lib/homarus/keys/channel.url", here.site.url)
    assert here.service().run(Action.CHECK)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"sequences": 1}', "\xff"])
def test_a_record_that_cannot_be_read_is_not_there(here: TestBox, text: str) -> None:
    here.service().run(Action.CHECK)
    (here.root / "data/system/updates/channel.json").write_text(text)
    assert here.records.channel().sequences == {}
    assert here.service().run(Action.CHECK)
