"""`scripts/release`: keys, what is published of a build, and the channel that boxes follow."""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from image import board as boards
from image.board import REPOSITORY
from image.errors import ImageError
from image.release import bundle, ceremony, channel, imager
from image.release.files import checksums, compress, sign


def main(arguments: Sequence[str]) -> int:
    """Run the command line; 1 and a sentence if it cannot go on."""
    options = _parser().parse_args(arguments)
    try:
        options.act(options)
    except ImageError as error:
        print(f"release: {error}", file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="scripts/release", description="publish images and updates of Homarus")
    verbs = parser.add_subparsers(required=True, metavar="VERB")
    keys = verbs.add_parser("keys", help="make the keys of a maker in a new folder outside of any repository")
    keys.add_argument("folder", type=Path, metavar="DIR")
    keys.add_argument("--name", default="Homarus", help="who the certificates speak of")
    keys.set_defaults(act=_keys)
    signer = verbs.add_parser("signer", help="let the authority in DIR/offline vouch for a new signer")
    signer.add_argument("folder", type=Path, metavar="DIR")
    signer.add_argument("--name", default="Homarus")
    signer.set_defaults(
        act=lambda options: ceremony.make_signer(_in(options, "offline"), _in(options, "signing"), options.name)
    )

    make = verbs.add_parser(
        "make", help="bundle, compress, sum and sign what scripts/image built; offer it in a channel"
    )
    make.add_argument("boards", nargs="+", metavar="BOARD", help=f"of: {', '.join(boards.names())}")
    _common(make)
    make.add_argument("--notes", type=Path, required=True, help="JSON with what is new, in en, de and fr")
    make.add_argument("--base-url", required=True, help="where the folder will be served, https://…")
    make.add_argument("--min-version", help="oldest version that may go to this one in one step")
    make.add_argument("--build", type=Path, default=REPOSITORY / "build" / "image", help="where the builds are")
    make.add_argument("--no-images", action="store_true", help="bundles only: nothing for new boxes")
    _rollout(make)
    make.set_defaults(act=_make)

    change = verbs.add_parser("rollout", help="widen, pause or resume what a channel offers, and sign that")
    _common(change)
    _rollout(change)
    change.add_argument("--board", help="this board only")
    change.add_argument(
        "--reports", type=Path, help="answers of `homarus update status --json`: a failure pauses, nothing else changes"
    )
    change.add_argument("--allow", type=int, default=0, help="how many failures do not pause (0)")
    change.set_defaults(act=_change)

    refresh = verbs.add_parser("refresh", help="sign a channel anew before it expires")
    _common(refresh)
    refresh.set_defaults(act=lambda options: _publish(options, _load(options)))
    return parser


def _common(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--keys", type=Path, required=True, help="the folder signing/ of the ceremony")
    parser.add_argument("--out", type=Path, required=True, help="the folder that is served")
    parser.add_argument("--channel", default="dev", choices=channel.CHANNELS)
    parser.add_argument("--days", type=int, default=channel.LIFE_DAYS, help="how long boxes believe the manifest")
    parser.add_argument("--now", help="the moment of signing (RFC 3339, UTC); for tests")


def _rollout(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--ring", choices=("canary", "everyone"), help="canary: volunteers only (everyone)")
    parser.add_argument("--percent", type=float, help="share of boxes that begins (100)")
    parser.add_argument("--hours", type=int, help="until the share has grown to everybody; 0: it stays (0)")
    parser.add_argument("--pause", metavar="REASON", help="stop it; the reason is shown to owners")


def _keys(options: argparse.Namespace) -> None:
    ceremony.make_keys(options.folder, options.name)
    print(f"Keys are in {options.folder}. Now take {options.folder}/offline off this machine: image/keys/README.md.")


def _in(options: argparse.Namespace, name: str) -> Path:
    return Path(options.folder) / name


def _make(options: argparse.Namespace) -> None:
    notes = json.loads(options.notes.read_text())
    out: Path = options.out
    out.mkdir(parents=True, exist_ok=True)
    signer = bundle.Signer.of(options.keys)
    manifest, entries, written = _load(options), list[dict[str, Any]](), list[str]()
    for name in options.boards:
        board, built = boards.load(name), options.build / name
        facts = json.loads((built / "manifest.json").read_text())
        _refuse_mixed(facts, options.keys)
        target = out / f"{board.compatible}-{facts['version']}.raucb"
        _say(f"{name}: bundle of {facts['version']}")
        made = bundle.make(
            target,
            built / "root.img",
            built / "boot.img",
            compatible=board.compatible,
            version=facts["version"],
            signer=signer,
            build=facts["build"],
        )
        written.append(target.name)
        manifest = channel.with_release(
            manifest,
            made,
            notes=notes,
            url=target.name,
            min_version=options.min_version,
            rollout=_asked(options),
        )
        if not options.no_images:
            entries.append(_image(options, board, built, facts, written))
    if entries:
        listed = out / "os_list.json"
        _merge(listed, entries)
        written.append(listed.name)
    sums = checksums(
        out, [each.name for each in out.iterdir() if each.suffix in (".raucb", ".xz", ".json") and not _moves(each)]
    )
    sign(sums, [options.keys / "channel.key"])
    _publish(options, manifest)


def _moves(path: Path) -> bool:
    """Manifests change while the files of a release stay, and have signatures of their own."""
    return path.stem in channel.CHANNELS


def _image(
    options: argparse.Namespace, board: boards.Board, built: Path, facts: Mapping[str, Any], written: list[str]
) -> dict[str, Any]:
    image = built / f"homarus-{board.name}-{facts['version']}.img"
    target = options.out / f"{image.name}.xz"
    _say(f"{board.name}: compressing {image.name}")
    compress(image, target)
    written.append(target.name)
    for extra in ("sbom.cdx.json", "licences.txt"):
        if (built / extra).is_file():
            name = f"homarus-{board.name}-{facts['version']}.{extra}"
            (options.out / name).write_bytes((built / extra).read_bytes())
    download = imager.Download(board, facts["version"], image, target)
    return imager.entry(download, options.base_url, channel.moment(options.now))


def _merge(path: Path, entries: list[dict[str, Any]]) -> None:
    """Put entries into the list that is there, in place of those of the same name."""
    before = json.loads(path.read_text())["os_list"] if path.exists() else []
    names = {each["name"] for each in entries}
    kept = [each for each in before if each["name"] not in names]
    path.write_text(json.dumps(imager.os_list([*entries, *kept]), indent=1, ensure_ascii=False) + "\n")


def _refuse_mixed(facts: Mapping[str, Any], keys: Path) -> None:
    """A box with development keys could not install this bundle, nor a released box one of development."""
    development = "development" in _subject(keys / "keyring.pem")
    if (facts["keys"] == "development") != development:
        raise ImageError(f"the image trusts {facts['keys']} keys; {keys} holds others: build it with --keys DIR/public")


def _subject(certificate: Path) -> str:
    from image.release.files import run

    return run(["openssl", "x509", "-in", str(certificate), "-noout", "-subject"]).decode()


def _change(options: argparse.Namespace) -> None:
    manifest, compatible = _load(options), boards.load(options.board).compatible if options.board else None
    if options.reports is not None and not options.pause:
        found = [
            why
            for release in channel.releases(manifest, compatible).values()
            for why in channel.failures(options.reports, release["version"])
        ]
        if len(found) > options.allow:
            _say(f"paused: {len(found)} boxes came back\n" + "\n".join(found))
            reason = f"{len(found)} boxes came back from this version."
            _publish(options, channel.with_pause(manifest, compatible, reason))
            return
        if options.ring is None and options.percent is None and options.hours is None:
            _say("nothing to pause for: the channel stays as it is")
            return
    _publish(options, channel.with_rollout(manifest, compatible, _asked(options)))


def _asked(options: argparse.Namespace) -> dict[str, Any]:
    return channel.rollout(
        channel.moment(options.now),
        ring=options.ring or "everyone",
        percent=100 if options.percent is None else options.percent,
        hours=options.hours or 0,
        paused=options.pause,
    )


def _load(options: argparse.Namespace) -> dict[str, Any]:
    return channel.load(options.out / f"{options.channel}.json", options.channel)


def _publish(options: argparse.Namespace, manifest: Mapping[str, Any]) -> None:
    path = options.out / f"{options.channel}.json"
    keys = [each for each in (options.keys / "channel.key", options.keys / "channel.key.old") if each.exists()]
    channel.publish(path, manifest, keys, channel.moment(options.now), days=options.days)
    _say(f"{path.name}: number {int(manifest['sequence']) + 1}")


def _say(text: str) -> None:
    print(f"[release] {text}", flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
