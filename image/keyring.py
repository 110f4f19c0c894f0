"""Keys that a box trusts: RAUC's certificate authority for bundles, and the key of the update channel.

A release is built with `--keys DIR`, public parts only. Without it development keys are made once in the cache folder,
and the box says in box.json, on its console and in `homarus doctor` that it trusts them.
"""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from image import tools
from image.cache import cache_folder
from image.errors import ImageError

_AUTHORITY = """\
[req]
distinguished_name = name
prompt = no
x509_extensions = authority
[name]
CN = Homarus development authority
"""
EXTENSIONS = """\
[authority]
basicConstraints = critical,CA:TRUE,pathlen:0
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash
[signer]
basicConstraints = critical,CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = codeSigning
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
"""
_DAYS = "7300"
_MAX_URL = 1000  # a box reads 1024 characters
# A box whose clock is at 1970 must not refuse its own keys; RAUC is told not to check the time of certificates.


@dataclass(frozen=True, slots=True)
class Trust:
    """What goes onto a box: `kind` is "development" or "release"; `url` holds the address of the channel, if any."""

    kind: str
    keyring: Path
    channel: Path
    url: Path | None = None

    @property
    def files(self) -> list[Path]:
        """Everything of it that reaches the box."""
        return [each for each in (self.keyring, self.channel, self.url) if each is not None]


def trust(folder: Path | None) -> Trust:
    """The keys in `folder`, or development keys."""
    kind = "release" if folder else "development"
    place = folder or development()
    url = place / "channel.url"
    found = Trust(kind, place / "keyring.pem", place / "channel.pub", _checked(url, kind) if url.is_file() else None)
    for each in (found.keyring, found.channel):
        if not each.is_file():
            raise ImageError(f"{place} lacks {each.name}: --keys names a folder with keyring.pem and channel.pub")
    return found


def _checked(url: Path, kind: str) -> Path:
    """An address that boxes would refuse, or not read, is better seen here than on all of them."""
    words = url.read_text("utf-8").split()
    schemes = ("https://",) if kind == "release" else ("https://", "http://")
    if len(words) != 1 or not words[0].isascii() or not words[0].startswith(schemes) or len(words[0]) > _MAX_URL:
        raise ImageError(f"{url} must be one line, the {schemes[0]} address of the folder with the manifests")
    return url


def development() -> Path:
    """Return the folder of the development keys, made if need be.

    ca.key, ca.pem (also as keyring.pem), signer.key, signer.pem for bundles; channel.key (Ed25519, PEM) and channel.pub
    (its 32 bytes in base64, one line) for manifests.
    """
    folder = cache_folder() / "keys"
    if (folder / "channel.pub").is_file():
        return folder
    draft = folder.with_name("keys.part")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    os.chmod(draft, 0o700)
    try:
        _make(draft)
    except ImageError:
        shutil.rmtree(draft, ignore_errors=True)
        raise
    shutil.rmtree(folder, ignore_errors=True)
    draft.rename(folder)
    return folder


def _make(folder: Path) -> None:
    def openssl(*words: str) -> None:
        tools.run(["env", "-C", str(folder), "openssl", *words], [folder])

    (folder / "ca.cnf").write_text(_AUTHORITY + EXTENSIONS)
    openssl("genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:3072", "-out", "ca.key")
    openssl("req", "-x509", "-new", "-key", "ca.key", "-config", "ca.cnf", "-days", _DAYS, "-out", "ca.pem")
    openssl("genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:3072", "-out", "signer.key")
    subject = ["-subj", "/CN=Homarus development signer"]
    openssl("req", "-new", "-key", "signer.key", "-config", "ca.cnf", *subject, "-out", "signer.csr")
    authority = ["-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-extfile", "ca.cnf", "-extensions", "signer"]
    openssl("x509", "-req", "-in", "signer.csr", *authority, "-days", _DAYS, "-out", "signer.pem")
    openssl("genpkey", "-algorithm", "ED25519", "-out", "channel.key")
    shutil.copy(folder / "ca.pem", folder / "keyring.pem")
    # The last 32 bytes of the DER form are the key itself.
    words = "openssl pkey -in channel.key -pubout -outform DER | tail -c 32 | base64 > channel.pub"
    tools.run(["env", "-C", str(folder), "sh", "-c", words], [folder])
