"""Bech32 (BIP 173), as keys of age are written; without the limit of 90 characters, which age does not have."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

_LETTERS: Final = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_GENERATOR: Final = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
_SUM: Final = 6
_MAX: Final = 512


def encode(prefix: str, content: bytes) -> str:
    """Return `content` as text in lower case: prefix, 1, letters, check sum."""
    words = _regroup(content, 8, 5, pad=True)
    found = _polymod([*_expanded(prefix), *words, *[0] * _SUM]) ^ 1
    words += [(found >> (5 * (5 - place))) & 31 for place in range(_SUM)]
    return f"{prefix}1{''.join(_LETTERS[word] for word in words)}"


def decode(text: str) -> tuple[str, bytes]:
    """Return prefix and content. Raises ValueError: mixed case, a foreign letter, a wrong check sum."""
    if len(text) > _MAX or text not in (text.lower(), text.upper()):
        raise ValueError("letters of both cases, or too long")
    prefix, mark, rest = text.lower().rpartition("1")
    if not mark or not prefix or len(rest) < _SUM or not all(33 <= ord(one) <= 126 for one in prefix):
        raise ValueError("no prefix")
    words = [_LETTERS.find(one) for one in rest]
    if -1 in words or _polymod([*_expanded(prefix), *words]) != 1:
        raise ValueError("a letter is wrong")
    return prefix, bytes(_regroup(words[:-_SUM], 5, 8, pad=False))


def _polymod(words: Iterable[int]) -> int:
    sum_ = 1
    for word in words:
        top = sum_ >> 25
        sum_ = (sum_ & 0x1FFFFFF) << 5 ^ word
        for place, generator in enumerate(_GENERATOR):
            sum_ ^= generator if (top >> place) & 1 else 0
    return sum_


def _expanded(prefix: str) -> list[int]:
    return [*(ord(one) >> 5 for one in prefix), 0, *(ord(one) & 31 for one in prefix)]


def _regroup(words: Sequence[int] | bytes, before: int, after: int, *, pad: bool) -> list[int]:
    held = bits = 0
    made = []
    for word in words:
        held = held << before | word
        bits += before
        while bits >= after:
            bits -= after
            made.append(held >> bits & ((1 << after) - 1))
    rest = held & ((1 << bits) - 1)
    if pad and bits:
        made.append(rest << (after - bits))
    elif not pad and (bits >= before or rest):
        raise ValueError("bits are left over")
    return made
