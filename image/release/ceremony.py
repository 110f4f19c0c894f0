"""Making the keys of a maker of boxes. image/keys/README.md says where, by whom, and what goes where afterwards.

offline/   ca.key, ca.pem: the authority. Signs signers, nothing else; never on a machine with a network.
signing/   signer.key, signer.pem, channel.key, keyring.pem, channel.pub: what a release needs.
public/    keyring.pem, channel.pub: what boxes trust; the only part that `scripts/image --keys` wants.
"""

import os
import shutil
from pathlib import Path

from image.errors import ImageError
from image.keyring import EXTENSIONS
from image.release.files import public_line, run

_AUTHORITY_DAYS = 7300  # as long as a box may live: replacing it means a new image by hand
_SIGNER_DAYS = 1095  # replaced by the authority without touching a box
_CONFIGURATION = """\
[req]
distinguished_name = name
prompt = no
[name]
CN = {name}
"""


def make_keys(folder: Path, name: str) -> None:
    """Make all keys of a maker called `name` in three new folders."""
    offline, signing, public = (folder / each for each in ("offline", "signing", "public"))
    _empty(folder)
    for private in (offline, signing):
        private.mkdir(parents=True, mode=0o700)
    public.mkdir()
    conf = _configuration(offline, f"{name} update authority")
    _rsa(offline / "ca.key")
    extensions = ["-config", str(conf), "-extensions", "authority", "-days", str(_AUTHORITY_DAYS)]
    _openssl("req", "-x509", "-new", "-key", str(offline / "ca.key"), *extensions, "-out", str(offline / "ca.pem"))
    make_signer(offline, signing, name)
    make_channel_key(signing)
    for each in ("keyring.pem", "channel.pub"):
        shutil.copyfile(signing / each, public / each)


def make_signer(offline: Path, signing: Path, name: str) -> None:
    """Make a key that signs bundles and let the authority vouch for it; one that is there is kept as *.old."""
    signing.mkdir(parents=True, mode=0o700, exist_ok=True)
    for each in ("signer.key", "signer.pem"):
        if (signing / each).exists():
            (signing / each).rename(signing / f"{each}.old")
    conf = _configuration(signing, f"{name} signer")
    request = signing / "signer.csr"
    _rsa(signing / "signer.key")
    _openssl("req", "-new", "-key", str(signing / "signer.key"), "-config", str(conf), "-out", str(request))
    authority = ["-CA", str(offline / "ca.pem"), "-CAkey", str(offline / "ca.key"), "-set_serial", _serial()]
    extensions = ["-extfile", str(conf), "-extensions", "signer", "-days", str(_SIGNER_DAYS)]
    _openssl("x509", "-req", "-in", str(request), *authority, *extensions, "-out", str(signing / "signer.pem"))
    request.unlink()
    conf.unlink()
    shutil.copyfile(offline / "ca.pem", signing / "keyring.pem")


def make_channel_key(signing: Path) -> None:
    """Make the key of the update channel; a second one is added to channel.pub while boxes still know the first."""
    key = signing / "channel.key"
    before = (signing / "channel.pub").read_text() if key.exists() else ""
    if key.exists():
        key.rename(signing / "channel.key.old")
    with _private():
        _openssl("genpkey", "-algorithm", "ED25519", "-out", str(key))
    (signing / "channel.pub").write_text(before + public_line(key))


def _configuration(folder: Path, name: str) -> Path:
    path = folder / "openssl.cnf"
    path.write_text(_CONFIGURATION.format(name=name) + EXTENSIONS)
    return path


def _rsa(path: Path) -> None:
    with _private():
        _openssl("genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:3072", "-out", str(path))


class _private:
    """What is made inside can be read by its owner alone."""

    def __enter__(self) -> None:
        self._before = os.umask(0o077)

    def __exit__(self, *_: object) -> None:
        os.umask(self._before)


def _serial() -> str:
    return "0x" + os.urandom(15).hex()


def _openssl(*words: str) -> None:
    run(["openssl", *words])


def _empty(folder: Path) -> None:
    """Keys are made once: nothing that is there is written over."""
    if folder.exists() and any(folder.iterdir()):
        raise ImageError(f"{folder} is not empty: keys are made in a new folder")
    folder.mkdir(parents=True, exist_ok=True)
    inside = next((each for each in (folder.resolve(), *folder.resolve().parents) if (each / ".git").exists()), None)
    if inside is not None:
        raise ImageError(f"{folder} is inside the git checkout {inside}: keys never lie in a repository")
