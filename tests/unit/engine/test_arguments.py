"""What the arguments of the engine process mean; no native code is needed for that."""

from __future__ import annotations

from pathlib import Path

import pytest

from appliance.engine.__main__ import _adapter, _options

_LEAST = ["--socket", "s", "--model", "m.gguf"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a.gguf", (Path("a.gguf"), 1.0)),
        ("a.gguf:0.5", (Path("a.gguf"), 0.5)),
        ("a:b.gguf", (Path("a:b.gguf"), 1.0)),
        ("a:b.gguf:-2", (Path("a:b.gguf"), -2.0)),
    ],
)
def test_an_adapter_may_have_a_scale_behind_it(text: str, expected: tuple[Path, float]) -> None:
    assert _options().parse_args([*_LEAST, "--lora", text]).lora == [expected]
    assert _adapter(text) == expected


def test_several_adapters_are_taken_in_their_order() -> None:
    options = _options().parse_args([*_LEAST, "--lora", "a:2", "--lora", "b"])
    assert options.lora == [(Path("a"), 2.0), (Path("b"), 1.0)]


def test_nothing_is_kept_and_nothing_drafted_unless_it_is_asked_for() -> None:
    options = _options().parse_args(_LEAST)
    assert (options.state, options.draft, options.profile, options.lora) == (None, None, None, [])
    assert (options.ram_bytes, options.disk_bytes) == (0, 0)
