"""What is published of a build: keys, bundles, checksums, the list for Imager, and channels that a box believes."""

from __future__ import annotations

import base64
import json
import lzma
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from appliance.updates.channel.decide import BoxFacts, Offer, Wait, Why, decide
from appliance.updates.channel.manifest import Manifest, read
from appliance.updates.channel.signature import read_keys, verify
from appliance.updates.channel.versions import Version
from appliance.updates.channel.window import Window
from appliance.updates.errors import ManifestRefused
from image import board as boards
from image.cache import cache_folder
from image.errors import ImageError
from image.release import bundle, ceremony, channel, files, imager
from image.release.__main__ import main
from tests.fakes.update_channel import NOW_MS, moment

NOW = channel.moment("2026-11-18T11:06:40Z")
BOARD = boards.load("qemu-amd64")
_ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("keys") / "made"
    ceremony.make_keys(folder, "Test maker")
    return folder


def offered(version: str = "1.1.0", digest: str = "a" * 64) -> bundle.Bundle:
    return bundle.Bundle(Path(f"box-{version}.raucb"), version, BOARD.compatible, 1000, "c" * 64, digest)


def published(folder: Path, keys: Path, **facts: Any) -> Path:
    path = folder / "stable.json"
    about = {
        "notes": {"en": "Better."},
        "url": "box.raucb",
        "min_version": None,
        "rollout": channel.rollout(NOW),
        **facts,
    }
    manifest = channel.with_release(channel.load(path, "stable"), offered(), **about)
    channel.publish(path, manifest, [keys / "signing/channel.key"], NOW)
    return path


def believed(path: Path, keys: Path, *, seen: int = 0) -> Manifest:
    trusted = read_keys((keys / "public/channel.pub").read_text())
    signature = Path(f"{path}.sig").read_bytes()
    url = "https://u.example/stable.json"
    return read(path.read_bytes(), signature, trusted, url=url, channel="stable", seen=seen, now_ms=NOW_MS)


def test_the_ceremony_makes_an_authority_a_signer_and_a_channel_key(keys: Path) -> None:
    authority = x509.load_pem_x509_certificate((keys / "public/keyring.pem").read_bytes())
    signer = x509.load_pem_x509_certificate((keys / "signing/signer.pem").read_bytes())
    signer.verify_directly_issued_by(authority)
    usage = signer.extensions.get_extension_for_class(x509.KeyUsage).value
    assert usage.digital_signature
    assert not usage.key_cert_sign
    purposes = signer.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(purposes) == [ExtendedKeyUsageOID.CODE_SIGNING]
    assert authority.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    for private in ("offline/ca.key", "signing/signer.key", "signing/channel.key"):
        assert (keys / private).stat().st_mode & 0o777 == 0o600
    assert sorted(each.name for each in (keys / "public").iterdir()) == ["channel.pub", "keyring.pem"]


def test_keys_are_never_made_over_others_or_in_a_repository(keys: Path, tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="not empty"):
        ceremony.make_keys(keys, "Again")
    with pytest.raises(ImageError, match="never lie in a repository"):
        ceremony.make_keys(_ROOT / "build/keys-of-a-test", "Inside")
    (_ROOT / "build/keys-of-a-test").rmdir()


def test_a_new_signer_and_a_new_channel_key_follow_the_old_ones(keys: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(keys, tmp_path / "keys")
    before = (folder / "signing/signer.pem").read_bytes()
    ceremony.make_signer(folder / "offline", folder / "signing", "Test maker")
    assert (folder / "signing/signer.pem").read_bytes() != before
    ceremony.make_channel_key(folder / "signing")
    both = [folder / "signing/channel.key", folder / "signing/channel.key.old"]
    assert len(read_keys((folder / "signing/channel.pub").read_text())) == 2
    path = tmp_path / "stable.json"
    channel.publish(path, channel.load(path, "stable"), both, NOW)
    assert believed(path, keys).sequence == 1  # a box that knows the old key alone


def test_a_box_believes_what_a_release_publishes(keys: Path, tmp_path: Path) -> None:
    path = published(tmp_path, keys, notes={"en": "Better.", "de": "Besser.", "fr": "Mieux."}, min_version="1.0.0")
    manifest = believed(path, keys)
    release = manifest.releases[BOARD.compatible]
    assert (manifest.sequence, release.version.text, release.notes.of("fr")) == (1, "1.1.0", "Mieux.")
    assert (release.url, release.manifest_hash) == ("https://u.example/box.raucb", "a" * 64)
    assert believed(published(tmp_path, keys), keys).sequence == 2
    with pytest.raises(ManifestRefused):
        believed(path, keys, seen=3)


def test_notes_need_english(keys: Path, tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="English"):
        published(tmp_path, keys, notes={"de": "Nur deutsch."})


def test_a_channel_of_another_name_or_format_is_not_written_over(tmp_path: Path) -> None:
    (tmp_path / "stable.json").write_text('{"format": 1, "channel": "beta"}')
    with pytest.raises(ImageError):
        channel.load(tmp_path / "stable.json", "stable")
    with pytest.raises(ImageError):
        channel.load(tmp_path / "x.json", "nightly")


def decided(path: Path, keys: Path, device: str = "d") -> object:
    box = BoxFacts(BOARD.compatible, Version("1.0.0"), device, ZoneInfo("UTC"), Window(0, 0))
    return decide(believed(path, keys), box, NOW_MS)


def changed(tmp_path: Path, keys: Path, *words: str) -> int:
    common = ["--keys", str(keys / "signing"), "--out", str(tmp_path), "--channel", "stable", "--now", moment(NOW_MS)]
    return main(["rollout", *common, *words])


def test_a_rollout_is_widened_paused_and_resumed(keys: Path, tmp_path: Path) -> None:
    path = published(tmp_path, keys, rollout=channel.rollout(NOW, ring="canary"))
    assert isinstance(decided(path, keys), Wait)
    assert changed(tmp_path, keys, "--percent", "50") == 0
    share = [isinstance(decided(path, keys, str(number)), Offer) for number in range(200)]
    assert 70 < sum(share) < 130
    assert changed(tmp_path, keys, "--pause", "Two boxes came back.") == 0
    paused = decided(path, keys)
    assert isinstance(paused, Wait)
    assert (paused.reason, paused.release.rollout.reason) == (Why.PAUSED, "Two boxes came back.")
    assert changed(tmp_path, keys) == 0
    assert isinstance(decided(path, keys), Offer)
    assert believed(path, keys).sequence == 4


def test_boxes_that_came_back_pause_a_rollout(keys: Path, tmp_path: Path) -> None:
    path = published(tmp_path, keys)
    reports = tmp_path / "reports"
    reports.mkdir()
    (reports / "a.json").write_text(json.dumps({"box": True, "version": "1.1.0"}))
    own_wish = {"version": "1.1.0", "kind": "rolled_back", "reason": "Somebody asked for it."}
    other = {"version": "1.0.9", "kind": "returned", "reason": "Long ago."}
    (reports / "b.json").write_text(json.dumps({"reports": [own_wish, other]}))
    assert changed(tmp_path, keys, "--percent", "100", "--reports", str(reports)) == 0
    assert isinstance(decided(path, keys), Offer)
    (reports / "c.json").write_text(json.dumps({"reports": [{"version": "1.1.0", "kind": "returned", "reason": "x"}]}))
    assert changed(tmp_path, keys, "--reports", str(reports), "--allow", "1") == 0
    assert isinstance(decided(path, keys), Offer)
    assert changed(tmp_path, keys, "--reports", str(reports)) == 0
    paused = decided(path, keys)
    assert isinstance(paused, Wait)
    assert paused.reason is Why.PAUSED
    (reports / "d.json").write_text("[]")
    assert changed(tmp_path, keys, "--reports", str(reports)) == 1


def rollout_of(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text())["releases"][BOARD.compatible]["rollout"]
    return found


@pytest.mark.parametrize("paused", [None, "Two boxes came back."])
def test_a_look_at_the_reports_widens_and_resumes_nothing(keys: Path, tmp_path: Path, paused: str | None) -> None:
    before = channel.rollout(NOW, ring="canary", percent=5, hours=48, paused=paused)
    path = published(tmp_path, keys, rollout=before)
    reports = tmp_path / "reports"
    reports.mkdir()
    later = ("--now", moment(NOW_MS + 3_600_000), "--reports", str(reports))
    assert changed(tmp_path, keys, *later) == 0
    assert rollout_of(path) == before
    (reports / "a.json").write_text(json.dumps({"reports": [{"version": "1.1.0", "kind": "returned", "reason": "x"}]}))
    for _ in range(2):
        assert changed(tmp_path, keys, *later) == 0
        reason = paused or "1 boxes came back from this version."
        assert rollout_of(path) == {**before, "paused": True, "reason": reason}
    assert changed(tmp_path, keys, *later, "--percent", "50") == 0, "it is not widened while boxes come back"
    assert rollout_of(path)["percent"] == 5
    assert changed(tmp_path, keys, *later, "--board", "nuc") == 1


@pytest.mark.parametrize("wrong", [{"percent": 101}, {"percent": float("nan")}, {"hours": -1}, {"ring": "friends"}])
def test_a_rollout_that_makes_no_sense_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ImageError):
        channel.rollout(NOW, **wrong)


def test_checksums_are_those_of_sha256sum_and_signed(keys: Path, tmp_path: Path) -> None:
    (tmp_path / "b.xz").write_bytes(b"two")
    (tmp_path / "a.raucb").write_bytes(b"one")
    sums = files.checksums(tmp_path, ["b.xz", "a.raucb"])
    subprocess.run(["sha256sum", "--check", "--strict", "--quiet", sums.name], cwd=tmp_path, check=True)
    signature = files.sign(sums, [keys / "signing/channel.key"])
    verify(sums.read_bytes(), signature.read_bytes(), read_keys((keys / "public/channel.pub").read_text()))
    raw = base64.b64decode(signature.read_text())
    assert len(raw) == 64


def test_compression_is_the_same_each_time_and_whole(tmp_path: Path) -> None:
    (tmp_path / "a.img").write_bytes(os.urandom(1000) * 500)
    for name in ("one.xz", "two.xz"):
        files.compress(tmp_path / "a.img", tmp_path / name, level=1)
    assert (tmp_path / "one.xz").read_bytes() == (tmp_path / "two.xz").read_bytes()
    assert lzma.decompress((tmp_path / "one.xz").read_bytes()) == (tmp_path / "a.img").read_bytes()


@pytest.mark.parametrize("name", boards.names())
def test_every_board_has_an_entry_that_imager_reads(name: str, tmp_path: Path) -> None:
    image, packed = tmp_path / "x.img", tmp_path / "x.img.xz"
    image.write_bytes(b"image")
    packed.write_bytes(b"im")
    board = boards.load(name)
    found = imager.entry(imager.Download(board, "1.1.0", image, packed), "https://u.example/f/", NOW)
    assert found["url"] == "https://u.example/f/x.img.xz"
    assert (found["extract_size"], found["image_download_size"]) == (5, 2)
    assert found["extract_sha256"] == files.sha256(image)
    assert (found["release_date"], found["init_format"]) == ("2026-11-18", "rpi-preseed")
    assert bool(found["devices"]) is (name == "rpi")
    assert found.get("architecture") == ("armv8" if board.arch == "arm64" else None)


def build_of(folder: Path, *, keys: str = "release", version: str = "1.1.0") -> Path:
    built = folder / "build/qemu-amd64"
    built.mkdir(parents=True)
    (built / "root.img").write_bytes(os.urandom(1 << 20))
    (built / "boot.img").write_bytes(os.urandom(1 << 18))
    (built / f"homarus-qemu-amd64-{version}.img").write_bytes(b"image")
    about = {"board": "qemu-amd64", "version": version, "build": "abc", "keys": keys}
    (built / "manifest.json").write_text(json.dumps(about))
    (folder / "notes.json").write_text('{"en": "Better."}')
    return folder


def make(folder: Path, keys: Path) -> int:
    return main(
        [
            "make", "qemu-amd64", "--keys", str(keys / "signing"), "--out", str(folder / "out"), "--channel", "stable",
            "--base-url", "https://u.example", "--notes", str(folder / "notes.json"), "--build", str(folder / "build"),
            "--now", moment(NOW_MS),
        ]
    )  # fmt: skip


def test_an_image_with_other_keys_is_not_released(
    keys: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert make(build_of(tmp_path, keys="development"), keys) == 1
    assert "build it with --keys" in capsys.readouterr().err


def tools_tree() -> bool:
    return os.geteuid() == 0 and any((cache_folder() / "tree-tools").glob("*/usr/bin/rauc"))


@pytest.mark.image
def test_a_release_is_made_with_rauc_itself_and_others_keys_do_not_open_it(keys: Path, tmp_path: Path) -> None:
    if not tools_tree():
        pytest.skip("the tools tree is not there: run scripts/image once")
    assert make(build_of(tmp_path), keys) == 0
    out = tmp_path / "out"
    release = believed(out / "stable.json", keys).releases[BOARD.compatible]
    path = out / "homarus-qemu-amd64-1.1.0.raucb"
    assert (release.size, release.sha256) == (path.stat().st_size, files.sha256(path))
    made = bundle.inspect(path, bundle.Signer.of(keys / "signing"), compatible=BOARD.compatible)
    assert (made.version, made.manifest_hash) == ("1.1.0", release.manifest_hash)
    listed = {line.split()[1] for line in (out / "SHA256SUMS").read_text().splitlines()}
    assert listed == {path.name, "homarus-qemu-amd64-1.1.0.img.xz", "os_list.json"}
    assert not list(out.glob("bundle.*"))
    ceremony.make_keys(tmp_path / "others", "Somebody else")
    with pytest.raises(ImageError, match="signature verification failed"):
        bundle.inspect(path, bundle.Signer.of(tmp_path / "others/signing"), compatible=BOARD.compatible)


def test_the_script_says_what_it_does() -> None:
    done = subprocess.run([str(_ROOT / "scripts/release"), "--help"], capture_output=True, text=True, check=True)
    assert "scripts/release keys DIR" in done.stdout
    none = subprocess.run([sys.executable, "-m", "image.release"], cwd=_ROOT, capture_output=True, text=True)
    assert none.returncode == 2
