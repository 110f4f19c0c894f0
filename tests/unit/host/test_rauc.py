"""Asking RAUC over a real D-Bus, of which only RAUC itself is a double."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.host.rauc import Rauc, RaucAbsent, RaucError, Slot
from tests.fakes.bus import message_bus
from tests.fakes.rauc import HASH, FakeRauc


@pytest.fixture
def bus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    with message_bus(tmp_path) as address:
        monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", address)
        yield address


@pytest.fixture
def fake(bus: str) -> Iterator[FakeRauc]:
    with FakeRauc().on(bus) as one:
        yield one


def test_properties_are_read(fake: FakeRauc) -> None:
    rauc = Rauc()
    assert (rauc.operation, rauc.last_error, rauc.compatible, rauc.boot_slot) == ("idle", "", "homarus-test", "A")
    assert rauc.progress.message == "Copying image to rootfs.1"


def test_an_installation_begins_goes_on_and_ends(fake: FakeRauc) -> None:
    rauc = Rauc()
    rauc.install("https://u.example/box.raucb")
    assert rauc.operation == "installing"
    assert rauc.operation == "idle"
    assert fake.installed == ["https://u.example/box.raucb"]
    assert rauc.primary() == "rootfs.0", "it only writes; what starts next is said by a mark"
    assert rauc.slots()[1] == Slot("rootfs.1", "inactive", "B", "good", "1.1.0", HASH)


def test_a_bundle_says_what_it_is(fake: FakeRauc) -> None:
    info = Rauc().inspect("https://u.example/box.raucb")
    assert (info.compatible, info.version, info.hash) == ("homarus-test", "1.1.0", HASH)


def test_a_refusal_is_an_error_with_the_words_of_rauc(fake: FakeRauc) -> None:
    fake.refuses = ["signature verification failed: Verify error: self-signed certificate"]
    with pytest.raises(RaucError, match="self-signed certificate"):
        Rauc().inspect("box.raucb")


def test_slots_are_marked(fake: FakeRauc) -> None:
    assert Rauc().mark("active", "other") == "rootfs.1"
    assert fake.marks == [("active", "rootfs.1")]
    assert fake.primary == "rootfs.1"


def test_a_machine_without_rauc_says_so(bus: str) -> None:
    with pytest.raises(RaucAbsent):
        Rauc().operation  # noqa: B018 - the question is what counts
    with pytest.raises(RaucAbsent, match="busctl"):
        Rauc(busctl="/nonexistent/busctl").primary()
