"""An update channel on loopback: bundles of other versions, signed with the development keys, served in ranges."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from image import keyring
from image.release import bundle, channel
from tests.image import tools
from tests.image.ranges import Served
from tests.image.story import Built
from tests.image.variants import Variant, root_image

HOST = "10.0.2.2"  # this machine, as QEMU's own network shows it to the box
NAME = "dev"
_TAMPERED_FROM, _TAMPERED_EVERY = 1 << 16, 1 << 15  # bytes: behind the superblock, in every block of the payload


class Channel:
    """What a web server shows; `offer` makes a version the newest one."""

    def __init__(self, built: Built, folder: Path) -> None:
        self.built = built
        self.folder = folder
        folder.mkdir()
        self._keys = keyring.development()
        self._manifest: dict[str, Any] = channel.load(folder / f"{NAME}.json", NAME)
        self.served = Served(folder, folder.with_suffix(".log"))

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.served.port}/"

    def offer(self, variant: Variant) -> bundle.Bundle:
        """Make the bundle of a variant and sign a manifest that offers it to everybody."""
        made = self.bundle(variant.version, root_image(self.built.root, variant), bundle.Signer.of(self._keys))
        self._manifest = channel.with_release(
            self._manifest,
            made,
            notes={"en": f"Version {variant.version}."},
            url=made.path.name,
            min_version=None,
            rollout=channel.rollout(datetime.now(UTC)),
        )
        self._publish()
        return made

    def bundle(self, version: str, root: Path, signer: bundle.Signer) -> bundle.Bundle:
        """Make a bundle in the folder that is served."""
        return bundle.make(
            self.folder / f"{version}.raucb",
            root,
            self.built.boot,
            compatible=str(self.built.facts["compatible"]),
            version=version,
            signer=signer,
            build=f"{self.built.facts['build']}-{version}",
            quick=True,
        )

    def tampered(self, source: Path, name: str) -> str:
        """Serve a copy of a bundle whose signature is good and whose content is not; return its address.

        All over the content: a box fetches only the blocks that it lacks, and a change elsewhere never reaches it.
        """
        target = self.folder / name
        subprocess.run(["cp", "--reflink=auto", source, target], check=True)
        with target.open("r+b") as file:
            for place in range(_TAMPERED_FROM, int(target.stat().st_size * 0.9), _TAMPERED_EVERY):
                file.seek(place)
                old = file.read(1)
                file.seek(place)
                file.write(bytes([old[0] ^ 0xFF]))
        return self.url + name

    def unsigned(self, source: Path, name: str) -> str:
        """Serve the content of a bundle without its signature, which stands behind it; return its address."""
        target = self.folder / name
        content = source.read_bytes()
        size = int.from_bytes(content[-8:], "big")  # RAUC writes the size of the signature last
        target.write_bytes(content[: -8 - size])
        return self.url + name

    def signed_by_a_stranger(self, name: str) -> str:
        """Serve a bundle whose signer belongs to another authority; return its address."""
        folder = self.folder.parent / "stranger"
        folder.mkdir()
        words = ["req", "-x509", "-newkey", "rsa:3072", "-nodes", "-days", "30", "-subj", "/CN=A stranger"]
        more = ["-addext", "keyUsage=digitalSignature", "-addext", "extendedKeyUsage=codeSigning"]
        tools.run("openssl", *words, *more, "-keyout", str(folder / "signer.key"), "-out", str(folder / "signer.pem"))
        (folder / "keyring.pem").write_bytes((folder / "signer.pem").read_bytes())
        root = folder / "root"
        root.write_bytes(bytes(10 * 4096))
        self.bundle(name, root, bundle.Signer.of(folder))
        return f"{self.url}{name}.raucb"

    def spoil_signature(self) -> None:
        """Change the manifest behind its signature."""
        path = self.folder / f"{NAME}.json"
        path.write_text(path.read_text().replace("Version ", "version "))

    def mend_signature(self) -> None:
        self._publish()

    def close(self) -> None:
        self.served.close()

    def _publish(self) -> None:
        path = self.folder / f"{NAME}.json"
        channel.publish(path, self._manifest, [self._keys / "channel.key"], datetime.now(UTC))
        self._manifest = channel.load(path, NAME)
