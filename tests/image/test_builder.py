"""The builder without building: sources of packages, boards, keys of stages, what a layout writes."""

from __future__ import annotations

import json
import os
import re
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from image import apt, board, cache, keyring, layouts, tools
from image.context import Context
from image.errors import ImageError
from image.layouts import uefi
from image.schema import mistakes
from image.stages import base, overlay, root, seal, times

_DEB822 = """\
Types: deb
# a comment
URIs: http://mirror.example/debian
Suites: bookworm bookworm-updates
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb-src
URIs: http://mirror.example/debian
Suites: bookworm
Components: main
"""


def _sources(folder: Path) -> list[apt.Source]:
    (folder / "sources.list.d").mkdir()
    (folder / "sources.list").write_text("deb [arch=amd64] http://mirror.example/sec bookworm-security main # x\n")
    (folder / "sources.list.d" / "debian.sources").write_text(_DEB822)
    (folder / "sources.list.d" / "other.list").write_text("deb http://other.example/apt tools-bookworm main\n")
    return apt.read_sources(folder)


def test_the_hosts_sources_are_read_in_both_forms_and_those_of_others_are_left_out(tmp_path: Path) -> None:
    found = apt.for_suite(_sources(tmp_path), "bookworm", "trixie", ("main", "non-free-firmware"))
    assert [each.suite for each in found] == ["trixie-security", "trixie", "trixie-updates"]
    signed = "[signed-by=/usr/share/keyrings/debian-archive-keyring.gpg]"
    assert found[1].line() == f"deb {signed} http://mirror.example/debian trixie main non-free-firmware"


def test_a_host_without_debians_sources_is_told_so(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="no apt sources for sid"):
        apt.for_suite(_sources(tmp_path), "sid")


@pytest.mark.parametrize("name", board.names())
def test_every_board_is_as_the_schema_says_and_named_like_its_folder(name: str) -> None:
    found = board.load(name)
    assert found.name == name
    assert found.compatible == f"homarus-{name}"


def _raw(name: str) -> dict[str, Any]:
    import tomllib

    return tomllib.loads((board.REPOSITORY / "firmware-config/boards" / name / "board.toml").read_text())


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        (("partitions", "root_mib"), 255, "partitions.root_mib must be from 256 to 8192"),
        (("partitions", "root_mib"), 8193, "partitions.root_mib must be from 256 to 8192"),
        (("partitions", "root_mib"), "768", "must be of type integer"),
        (("partitions", "root_mib"), True, "must be of type integer"),
        (("arch",), "riscv64", "arch must be one of"),
        (("kernel", "command_line"), ["quiet splash"], "must match"),
        (("kernel", "command_line"), ["a$(reboot)"], "must match"),
        (("console", "screen"), [], "console.screen is not known"),
        (("name",), "nuc", "name must be that of its folder"),
    ],
)
def test_a_mistake_in_a_board_is_named_with_its_place(path: tuple[str, ...], value: object, said: str) -> None:
    data = _raw("qemu-amd64")
    place = data
    for each in path[:-1]:
        place = place[each]
    place[path[-1]] = value
    with pytest.raises(ImageError, match=re.escape(said)):
        board.parse(data, "qemu-amd64")


@pytest.mark.parametrize("size", [256, 8192])
def test_sizes_at_the_limits_are_taken(size: int) -> None:
    data = _raw("qemu-amd64")
    data["partitions"]["root_mib"] = size
    assert board.parse(data, "qemu-amd64").partitions.root_mib == size


def test_a_board_that_is_not_there_is_answered_with_those_that_are() -> None:
    with pytest.raises(ImageError, match=r"there is no board toaster; there are .*nuc"):
        board.load("toaster")


def test_a_rule_of_the_schema_that_is_not_checked_is_refused() -> None:
    with pytest.raises(ImageError, match="oneOf"):
        list(mistakes(1, {"oneOf": []}))


def test_our_checker_agrees_with_the_published_one() -> None:
    jsonschema = pytest.importorskip("jsonschema")
    schema = json.loads((board.REPOSITORY / "firmware-config/schema/board.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    for name in board.names():
        jsonschema.validate(_raw(name), schema)
        broken = {**_raw(name), "layout": "floppy", "more": 1}
        theirs = list(jsonschema.Draft202012Validator(schema).iter_errors(broken))
        assert len(list(mistakes(broken, schema))) == len(theirs) == 2


def test_the_base_is_made_anew_for_a_package_and_not_for_a_partition() -> None:
    found = board.load("qemu-amd64")
    own = base.key(found, 1)
    assert base.key(replace(found, partitions=replace(found.partitions, root_mib=1024)), 1) == own
    assert base.key(replace(found, packages=("iw",)), 1) != own
    assert base.key(replace(found, kernel=replace(found.kernel, modules=("nvme",))), 1) != own


def test_a_result_is_made_once_and_a_failed_one_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOMARUS_IMAGE_CACHE", str(tmp_path))
    made: list[Path] = []

    def make(path: Path) -> None:
        made.append(path)
        path.write_text("done")

    def fail(path: Path) -> None:
        path.write_text("half")
        raise ImageError("no")

    first = cache.cached("stage", "a", make)
    assert cache.cached("stage", "a", make) == first == tmp_path / "stage" / "a"
    assert len(made) == 1
    assert first.read_text() == "done"
    with pytest.raises(ImageError):
        cache.cached("stage", "b", fail)
    assert not (tmp_path / "stage" / "b").exists()
    assert cache.cached("stage", "b", make).read_text() == "done"


def test_the_results_that_nobody_asked_for_longest_go_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOMARUS_IMAGE_CACHE", str(tmp_path))
    for number in range(6):
        path = cache.cached("stage", str(number), lambda path: path.mkdir())
        os.utime(path, (number, number))
    assert cache.cached("stage", "0", lambda path: path.mkdir()).is_dir()
    cache.cached("stage", "6", lambda path: path.mkdir())
    kept = sorted(each.name for each in (tmp_path / "stage").iterdir() if each.is_dir())
    assert kept == ["0", "2", "3", "4", "5", "6"]


def test_a_hash_sees_names_contents_and_what_may_be_run(tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_text("x")
    seen = {cache.hash_files([tmp_path], tmp_path)}
    file.chmod(0o755)
    seen.add(cache.hash_files([tmp_path], tmp_path))
    file.rename(tmp_path / "b")
    seen.add(cache.hash_files([tmp_path], tmp_path))
    (tmp_path / "b").write_text("y")
    seen.add(cache.hash_files([tmp_path], tmp_path))
    assert len(seen) == 4


def test_a_new_box_starts_slot_a_and_knows_that_b_is_empty() -> None:
    block = uefi.environment_block()
    assert len(block) == 1024
    assert block.startswith(b"# GRUB Environment Block\n")
    assert b"\nORDER=A B\nA_OK=1\nA_TRY=0\nB_OK=0\nB_TRY=0\n#" in block


def test_grub_reads_only_its_own_variables_and_its_own_disk() -> None:
    text = uefi.grub_configuration(board.load("qemu-amd64"))
    assert "@" not in text.replace("@example", "")
    assert "load_env --file ${prefix}/grubenv ORDER A_OK A_TRY B_OK B_TRY HOMARUS_COMMITTED MACHINE_ID\n" in text
    assert "search" not in re.sub(r"(?m)^#.*", "", text)
    assert "rauc.slot=$1" in text


def test_the_first_boot_makes_what_the_image_lacks_and_the_data_partition_takes_the_rest() -> None:
    made = uefi.LAYOUT.files(board.load("nuc"))
    assert [each.rpartition("/")[2] for each in sorted(made)] == [
        "10-setup.conf", "20-boot-a.conf", "30-boot-b.conf", "40-root-a.conf", "50-root-b.conf", "60-data.conf",
    ]  # fmt: skip
    assert "SizeMinBytes=2048M\nSizeMaxBytes=2048M" in made["usr/lib/repart.d/50-root-b.conf"]
    assert "SizeMaxBytes" not in made["usr/lib/repart.d/60-data.conf"]


def test_the_shipped_disk_ends_with_root_slot_a_so_that_it_can_grow() -> None:
    paths = [Path(f"/x/{each}") for each in ("setup", "boot", "empty", "root")]
    text = uefi.configuration(board.load("qemu-amd64"), "disk.img", *paths)
    assert re.findall(r"partition (\w+)", text.replace("partition-", "")) == ["esp", "boot_a", "boot_b", "root_a"]
    assert "/x/empty" in text


@pytest.mark.parametrize("name", ["qemu-amd64", "rpi"])
def test_rauc_lets_nothing_start_by_itself_and_takes_no_bundle_without_verity(name: str, tmp_path: Path) -> None:
    made = Context(board.load(name), "1.0.0", 0, keyring.trust(_public_keys(tmp_path / "keys")), tmp_path)
    system = overlay._rauc(made).partition("\n[keyring]")[0].splitlines()
    assert {"activate-installed=false", "bundle-formats=-plain"} <= set(system)


def _public_keys(folder: Path) -> Path:
    folder.mkdir()
    (folder / "keyring.pem").write_text("authority\n")
    (folder / "channel.pub").write_text("key\n")
    return folder


@pytest.mark.parametrize("url", [None, "https://updates.example/boxes\n"])
def test_the_address_beside_the_channels_key_goes_onto_the_box(url: str | None, tmp_path: Path) -> None:
    keys, root = _public_keys(tmp_path / "keys"), tmp_path / "root"
    if url is not None:
        (keys / "channel.url").write_text(url)
    for name in ("etc/rauc", "usr/lib/homarus"):
        (root / name).mkdir(parents=True)
    (root / "usr/lib/os-release").write_text("ID=debian\n")
    (root / "usr/lib/homarus/os-release.extra").write_text("IMAGE_ID=homarus\n")
    context = Context(board.load("nuc"), "1.0.0", 0, keyring.trust(keys), tmp_path)
    overlay._install_trust(root, context)
    place = root / "usr/lib/homarus/keys"
    assert sorted(each.name for each in place.iterdir()) == sorted(each.name for each in keys.glob("channel.*"))
    assert (place / "channel.pub").read_text() == "key\n"
    if url is not None:
        assert (place / "channel.url").read_text() == url
        assert keys / "channel.url" in context.trust.files


@pytest.mark.parametrize(
    "text", ["", "http://updates.example", "https://a.example https://b.example", f"https://{'x' * 993}"]
)
def test_an_address_that_boxes_would_refuse_is_not_built_in(text: str, tmp_path: Path) -> None:
    keys = _public_keys(tmp_path / "keys")
    (keys / "channel.url").write_text(text)
    with pytest.raises(ImageError, match=r"channel\.url must be one line"):
        keyring.trust(keys)
    (keys / "channel.url").write_text(f"https://{'x' * 992}")
    keyring.trust(keys)


def test_an_account_with_a_password_is_never_shipped(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    for name in ("var/tmp",):
        (tmp_path / name).mkdir(parents=True)
    shadow = tmp_path / "etc" / "shadow"
    shadow.write_text("root:*:1::::::\nhomarus:!*:1::::::\n")
    seal.clean(tmp_path)
    for password in ("", "$y$j9T$abc"):
        shadow.write_text(f"root:*:1::::::\nowner:{password}:1::::::\n")
        with pytest.raises(ImageError, match="owner"):
            seal.clean(tmp_path)


def test_ids_and_keys_of_the_building_machine_are_removed(tmp_path: Path) -> None:
    lost = ["etc/ssh/ssh_host_ed25519_key", "var/lib/dbus/machine-id", "var/lib/systemd/random-seed", "var/log/apt.log"]
    for name in [*lost, "etc/shadow", "etc/machine-id", "etc/ssh/sshd_config"]:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("" if name == "etc/shadow" else "of the builder")
    seal.clean(tmp_path)
    assert not [name for name in lost if (tmp_path / name).exists()]
    assert (tmp_path / "etc/machine-id").read_text() == ""
    assert (tmp_path / "etc/ssh/sshd_config").exists()


def test_younger_files_get_the_time_of_the_build_and_older_ones_keep_theirs(tmp_path: Path) -> None:
    (tmp_path / "old").write_text("")
    (tmp_path / "new").write_text("")
    (tmp_path / "link").symlink_to("nowhere")
    os.utime(tmp_path / "old", (1000, 1000))
    times.bound(tmp_path, 5000)
    found = {name: (tmp_path / name).lstat().st_mtime for name in ("old", "new", "link", ".")}
    times.fix(tmp_path, tmp_path, 7)
    assert (tmp_path / "old").stat().st_mtime == (tmp_path / "link").lstat().st_mtime == 7
    assert found == {"old": 1000, "new": 5000, "link": 5000, ".": 5000}


def test_what_can_run_from_our_root_files_is_marked_so_and_begins_with_a_shell() -> None:
    for path in (overlay.ROOTFS / "usr/lib/homarus").iterdir():
        if path.is_file():
            assert path.stat().st_mode & 0o111, path
            assert path.read_text().startswith("#!/bin/sh\n"), path


def test_nothing_of_ours_has_a_password_or_names_a_host() -> None:
    for path in overlay.ROOTFS.rglob("*"):
        if path.is_file() and not path.is_symlink():
            text = path.read_text()
            assert not re.search(r"https?://(?!0pointer|www\.freedesktop\.org/standards/)", text), path
            assert "PasswordAuthentication yes" not in text, path


def test_programs_of_the_tools_tree_are_started_in_a_private_namespace(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tools, "_needs_root", lambda: None)
    words = tools.command(["true", Path("/x y")], [tmp_path], root=tmp_path / "tree")
    assert words[:4] == ["unshare", "--mount", "--propagation", "private"]
    assert words[-2:] == ["true", "/x y"]
    assert any(tools.REPOSITORY.is_relative_to(word) for word in words if word.startswith("/") and word != "/")


def test_our_scripts_are_shell_that_parses() -> None:
    for path in [*(overlay.ROOTFS / "usr/lib/homarus").iterdir(), board.REPOSITORY / "scripts/image"]:
        subprocess.run(["sh" if path.parent.name == "homarus" else "bash", "-n", str(path)], check=True)


def test_programs_lose_the_right_to_be_somebody_else_but_for_a_few(tmp_path: Path) -> None:
    names = ("usr/bin/sudo", "usr/bin/chsh", "usr/bin/plain", "etc/shadow")
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
        (tmp_path / name).chmod(0o4755 if name.startswith("usr") else 0o640)
    (tmp_path / "usr/bin/plain").chmod(0o2755)
    seal.clean(tmp_path)
    modes = [oct((tmp_path / name).stat().st_mode & 0o7777) for name in names]
    assert modes == ["0o4755", "0o755", "0o755", "0o640"]


def test_a_pi_takes_kernel_and_firmware_from_its_maker_where_the_build_is_told_of_the_archive(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = layouts.configured(board.load("rpi"))
    assert plain.kernel.source == "debian"
    assert base.bootstrap(plain).more_sources == ()
    (tmp_path / "key.gpg").write_text("")
    monkeypatch.setenv("HOMARUS_MAKER_ARCHIVE", "http://maker.example/debian")
    monkeypatch.setenv("HOMARUS_MAKER_KEY", str(tmp_path / "key.gpg"))
    found = layouts.configured(board.load("rpi"))
    wanted = base.bootstrap(found)
    assert found.tryboot
    assert found.kernel.package in wanted.packages
    assert "linux-image-arm64" not in wanted.packages
    assert [each.uri for each in wanted.more_sources] == ["http://maker.example/debian"]
    assert base.key(found, 1) != base.key(plain, 1)


def test_what_the_firmware_reads_goes_to_the_boot_slot_and_leaves_the_root(tmp_path: Path) -> None:
    root = tmp_path / "root"
    for name in (
        "usr/lib/modules/6.12-x/a",
        "boot/vmlinuz-6.12-x",
        "boot/initrd.img-6.12-x",
        "usr/lib/raspi-firmware/s",
    ):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("")
    assert seal.take_kernel(root, tmp_path / "kernel") == "6.12-x"
    found = sorted(str(each.relative_to(tmp_path / "kernel")) for each in (tmp_path / "kernel").rglob("*"))
    assert found == ["initrd.img", "raspi-firmware", "raspi-firmware/s", "vmlinuz"]
    assert not (root / "usr/lib/raspi-firmware").exists()


def test_what_the_owner_may_set_lies_on_the_set_up_partition(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uefi.base, "unpacked", lambda *_, **__: tmp_path)
    files = uefi._setup_files(board.load("nuc"), tmp_path)
    assert files["homarus.toml.example"].read_text().startswith("# Settings for a new Homarus box.")


@pytest.mark.parametrize("name", board.names())
def test_a_fresh_build_fetches_boot_loaders_and_firmware_anew_before_it_lists_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("HOMARUS_IMAGE_CACHE", str(tmp_path))
    monkeypatch.setattr(apt.Bootstrap, "command", lambda *_: [])
    fetched: list[str] = []

    def fetch(_: object, log: Path) -> None:
        fetched.append(log.parent.name)
        (log.parent / f"{made[0]}.part").mkdir()

    made = [apt.Bootstrap((), "amd64").key(0)]
    monkeypatch.setattr(base.tools, "quietly", fetch)
    monkeypatch.setattr(base.Bootstrap, "key", lambda *_: made[0])
    found = board.load(name)
    (once,) = layouts.of(found).firmware(found)
    assert layouts.of(found).firmware(found) == [once]
    assert fetched == ["unpacked"]
    context = Context(found, "1", 0, keyring.Trust("development", tmp_path, tmp_path), tmp_path, fresh=True)
    monkeypatch.setattr(root.base, "make", lambda *_, **__: tmp_path)
    monkeypatch.setattr(root.payload, "parts", lambda _: pytest.fail(f"{len(fetched)} fetched"))
    with pytest.raises(pytest.fail.Exception, match="2 fetched"):
        root.make(context)
