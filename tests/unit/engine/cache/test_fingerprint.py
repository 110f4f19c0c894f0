from __future__ import annotations

import hashlib
import os
from pathlib import Path

import msgspec
import pytest

from appliance.engine.cache.fingerprint import Facts, Fingerprint, Hashes, Identity, library_hash

FACTS = Facts(
    build="b", architecture="llama", layers=2, width_k=32, width_v=32, type_k=1, type_v=1, flash_attention=0,
    rope={"freq_base": 1e4}, rotation="", window=0, whole_window=True, recurrent=False, vocabulary=263,
)  # fmt: skip


def _changed(name: str) -> Facts:
    value = getattr(FACTS, name)
    other: object = {"freq_base": 2e4} if isinstance(value, dict) else value + "x" if isinstance(value, str) else None
    return msgspec.structs.replace(
        FACTS, **{name: (not value if isinstance(value, bool) else value + 1) if other is None else other}
    )


@pytest.mark.parametrize("name", Facts.__struct_fields__)
def test_every_fact_changes_the_digest(name: str) -> None:
    plain = Fingerprint(facts=FACTS, weights="w")
    assert Fingerprint(facts=_changed(name), weights="w").digest() != plain.digest()


def test_weights_adapters_scales_and_their_order_change_the_digest() -> None:
    made = [
        Fingerprint(facts=FACTS, weights=weights, adapters=adapters).digest()
        for weights in ("w", "v")
        for adapters in ((), (("a", 1.0),), (("a", 0.5),), (("a", 1.0), ("b", 1.0)), (("b", 1.0), ("a", 1.0)))
    ]
    assert len(set(made)) == len(made)
    assert len(made[0]) == 32


def test_the_digest_does_not_depend_on_the_order_in_which_overrides_were_named() -> None:
    left = msgspec.structs.replace(FACTS, rope={"a": 1.0, "b": 2.0})
    right = msgspec.structs.replace(FACTS, rope={"b": 2.0, "a": 1.0})
    assert Fingerprint(facts=left, weights="w").digest() == Fingerprint(facts=right, weights="w").digest()


def test_a_hash_is_remembered_over_a_restart_until_the_file_changes(tmp_path: Path) -> None:
    model = tmp_path / "model.gguf"
    model.write_bytes(b"weights")
    hashes = Hashes(tmp_path / "hashes.json")
    assert hashes.known(model) is None
    expected = hashlib.sha256(b"weights").hexdigest()
    assert hashes.compute(model) == expected
    again = Hashes(tmp_path / "hashes.json")
    assert again.known(model) == expected
    for change in (_append, _touch, _replace):
        change(model)
        assert again.known(model) is None, change.__name__
        assert again.compute(model) == hashlib.sha256(model.read_bytes()).hexdigest()


def _append(model: Path) -> None:
    with model.open("ab") as file:
        file.write(b"!")


def _touch(model: Path) -> None:
    os.utime(model, ns=(0, 12345))


def _replace(model: Path) -> None:
    """Put another file of the same size and time in its place."""
    status = model.stat()
    other = model.with_suffix(".other")
    other.write_bytes(b"x" * status.st_size)
    os.utime(other, ns=(status.st_atime_ns, status.st_mtime_ns))
    other.replace(model)


@pytest.mark.parametrize("content", [b"", b"no json", b"[]", b'{"/x": 1}', b"x" * 70_000])
def test_a_damaged_memory_of_hashes_is_an_empty_one(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "hashes.json"
    path.write_bytes(content)
    model = tmp_path / "model.gguf"
    model.write_bytes(b"weights")
    assert Hashes(path).known(model) is None
    assert Hashes(path).compute(model)
    assert Hashes(path).known(model)


def test_at_most_64_hashes_are_remembered(tmp_path: Path) -> None:
    hashes = Hashes(tmp_path / "hashes.json")
    models = [tmp_path / f"{number}.gguf" for number in range(65)]
    for model in models:
        model.write_bytes(b"w")
        hashes.compute(model)
    assert [hashes.known(model) is not None for model in models] == [False] + [True] * 64


def test_hashing_ends_when_it_is_told_to(tmp_path: Path) -> None:
    model = tmp_path / "model.gguf"
    model.write_bytes(b"weights")
    identity = Identity(model=model, facts=FACTS)
    assert identity.compute(Hashes(tmp_path / "h"), stop=lambda: True) is None
    assert not (tmp_path / "h").exists()


def test_an_identity_is_known_when_model_and_adapters_are(tmp_path: Path) -> None:
    model, adapter = tmp_path / "model.gguf", tmp_path / "lora.gguf"
    model.write_bytes(b"weights")
    adapter.write_bytes(b"adapter")
    hashes = Hashes(tmp_path / "hashes.json")
    identity = Identity(model=model, facts=FACTS, adapters=((adapter, 0.5),))
    hashes.compute(model)
    assert identity.known(hashes) is None
    found = identity.compute(hashes, stop=lambda: False)
    assert found is not None
    assert found.adapters == ((hashlib.sha256(b"adapter").hexdigest(), 0.5),)
    assert identity.known(hashes) == found
    assert Identity(model=tmp_path / "none.gguf", facts=FACTS).known(hashes) is None


def test_the_build_is_the_content_of_the_libraries(tmp_path: Path) -> None:
    (tmp_path / "libllama.so.1").write_bytes(b"one")
    (tmp_path / "libllama.so").symlink_to("libllama.so.1")
    (tmp_path / "notes.txt").write_bytes(b"notes")
    first = library_hash(tmp_path)
    (tmp_path / "notes.txt").write_bytes(b"other notes")
    (tmp_path / "libllama.so").unlink()
    assert library_hash(tmp_path) == first
    (tmp_path / "libllama.so.1").write_bytes(b"two")
    assert library_hash(tmp_path) != first
