"""What this gateway exposes, to whom, and what should be mended."""

from __future__ import annotations

from typing import Literal

from appliance.protocol.methods.base import UNSET, Empty, Result, Unset


class AuditParams(Empty, frozen=True):
    """Nothing to choose."""


class DoorRow(Result, frozen=True):
    """One place where somebody can come in. `who` can reach it; `needs` is what it asks for."""

    address: str
    who: str
    needs: str
    encrypted: bool


class FindingRow(Result, frozen=True):
    """Something to mend. `code` is stable; `fix` is a command or a sentence; `details` as in a condition."""

    code: str
    severity: Literal["critical", "warning"]
    summary: str
    fix: str
    details: dict[str, str | int] | Unset = UNSET


class AuditResult(Result, frozen=True):
    """`fingerprint`: SHA-256 of the TLS certificate; `authority_fingerprint`: of the authority that browsers may trust.

    `devices`, `owners`: paired devices, and those of them that may change everything. `waiting`: requests for
    approval. `codes`: setup codes that still open a door. `notes`: true, and nothing to do about.
    """

    doors: list[DoorRow]
    findings: list[FindingRow]
    notes: list[str]
    devices: int
    owners: int
    waiting: int
    codes: int
    fingerprint: str | Unset = UNSET
    authority_fingerprint: str | Unset = UNSET
    certificate_until_ms: int | Unset = UNSET
    trust_page: str | Unset = UNSET


class RenewResult(Result, frozen=True):
    """The certificate that is shown from now on."""

    fingerprint: str
    until_ms: int
