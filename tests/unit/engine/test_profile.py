"""The tuning profile: read, checked, refused with the way out."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from appliance.engine.profile import EngineProfile, ProfileError, checked, read_profile


def test_a_profile_file_says_what_differs_from_the_defaults(tmp_path: Path) -> None:
    path = tmp_path / "profile.json"
    path.write_text('{"threads": 3, "flash_attention": true, "type_v": "q8_0", "later": "unknown"}')
    profile = read_profile(path)
    assert profile == EngineProfile(threads=3, flash_attention=True, type_v="q8_0")


@pytest.mark.parametrize(
    "values",
    [
        {"threads": -1},
        {"threads_batch": 513},
        {"type_k": "q9_9"},
        {"type_v": "q8_0"},
        {"chunk_shared": 0},
        {"chunk_shared": 129},
        {"chunk_alone": 257},
        {"batch": 4097, "chunk_alone": 4097},
    ],
)
def test_values_that_cannot_run_are_refused(values: dict[str, object]) -> None:
    with pytest.raises(ProfileError, match="homarus models tune"):
        checked(msgspec.convert(values, EngineProfile))


def test_the_limits_themselves_are_taken() -> None:
    checked(EngineProfile(threads=512, threads_batch=512, chunk_shared=256, chunk_alone=256))
    checked(EngineProfile(batch=4096, chunk_alone=4096))


@pytest.mark.parametrize("text", ["", "{", '{"threads": "many"}', "[]", '{"type_k": "\udce4"}'])
def test_a_broken_file_is_an_error_of_the_profile(tmp_path: Path, text: str) -> None:
    path = tmp_path / "profile.json"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(ProfileError):
        read_profile(path)


def test_a_missing_file_is_an_error_of_the_profile(tmp_path: Path) -> None:
    with pytest.raises(ProfileError):
        read_profile(tmp_path / "none.json")
