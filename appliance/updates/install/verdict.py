"""What RAUC's own sentences mean: a code, and with it what the owner can do."""

from __future__ import annotations

from typing import Final

from appliance.updates.errors import UpdateError

# In this order: the first mark that is in the sentence decides. Sentences of RAUC 1.13 and of what it calls.
_MARKS: Final = (
    ("device_mapper", ("failed to load dm table", "failed to create dm device", "failed to resume dm device")),
    ("wrong_compatible", ("compatible mismatch",)),
    ("wrong_bundle", ("invalid bundle format", "is not a multiple of 4kib")),
    ("downgrade", ("min-bundle-version", "version limit", "older than the minimum")),
    ("signature_refused", ("signature", "certificate", "verify error", "x509", "bundle format", "not trusted")),
    ("boot_loader", ("failed marking slot", "custom backend", "grub-editenv", "bootloader", "boot loader")),
    ("no_space", ("no space left", "too large", "too small", "not enough space", "larger than")),
    (
        "network",
        (
            "streaming",
            "nbd",
            "http",
            "range",
            "resolve",
            "connect to",
            "connection",
            "timed out",
            "timeout",
            "network",
            "remote server",
            "host",
        ),
    ),
    ("rauc_busy", ("already processing", "busy")),
    ("io_error", ("input/output error", "read-only file system", "failed to write", "failed to open slot")),
)
_LENGTH: Final = 500


def code_of(said: str) -> str:
    """Return the code of a sentence of RAUC."""
    lower = said.lower()
    return next((code for code, marks in _MARKS if any(mark in lower for mark in marks)), "update_failed")


def failure(said: str) -> UpdateError:
    """Return the error for a sentence of RAUC."""
    text = " ".join(said.split())[:_LENGTH].rstrip(".")
    return UpdateError(f"RAUC refused it: {text}." if text else "RAUC gave up without a word.", code=code_of(said))
