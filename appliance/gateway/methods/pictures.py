"""homarus.qr: a link as a QR code, so that the web app draws one without a library for it."""

from __future__ import annotations

from itertools import groupby
from typing import Final

from appliance.gateway.method import Call, Method
from appliance.protocol.methods.pictures import QrParams, QrResult
from appliance.protocol.roles import READ

_BORDER: Final = 4
"""Units of quiet around the code (ISO/IEC 18004, 6.3.8)."""


def qr(text: str) -> QrResult:
    """Return the QR code of a text, with the lowest error correction: a screen is clean and near."""
    import segno  # a picture is asked for once a month; the module stays out of a gateway that draws none

    code = segno.make(text, error="l", boost_error=False, micro=False)
    parts = list[str]()
    for y, row in enumerate(code.matrix):
        x = 0
        for dark, run in groupby(row):
            length = len(list(run))
            if dark:
                parts.append(f"M{x + _BORDER} {y + _BORDER}h{length}v1h-{length}z")
            x += length
    return QrResult(size=len(code.matrix) + 2 * _BORDER, path="".join(parts))


def methods() -> tuple[Method, ...]:
    """Return homarus.qr."""

    def draw(_: Call, params: QrParams) -> QrResult:
        return qr(params.text)

    return (Method("homarus.qr", READ, QrParams, draw, result=QrResult),)
