"""What people read about models: offers, advice, probes, files."""

from __future__ import annotations

from typing import Any

from appliance.cli.models import text

PROBE: dict[str, Any] = {
    "callsRight": 15, "calls": 20, "answersRight": 8, "answers": 10, "byTools": {"4": [4, 5], "3": [5, 5]},
    "toolsPerTurn": 4, "leastConfidence": 0.42, "prefillRate": 151.0, "decodeRate": 21.46, "seconds": 60.0, "atMs": 1,
}  # fmt: skip


def advice_row(**changes: Any) -> dict[str, Any]:
    row = {
        "name": "m1", "title": "M", "fits": True, "comfortable": True, "installed": False, "measured": False,
        "firstAnswerSeconds": 8.4, "nextAnswerSeconds": 4.2, "prefillRate": 100.0, "decodeRate": 20.0,
        "memoryBytes": 900_000_000, "sizeBytes": 491_000_000, "window": 4096, "languages": ["en", "de"],
        "licence": "mit", "licenceFree": True,
    }  # fmt: skip
    return row | changes


def test_an_offer_says_size_hash_and_licence_before_the_download() -> None:
    look = {
        "file": "m.gguf", "source": "hf:a/b/m.gguf@c0", "diskFreeBytes": 9_000_000_000, "sha256": "ab" * 32,
        "sizeBytes": 491_400_032, "catalogue": {"licence": "gemma", "licenceNote": "a list of prohibited uses"},
    }  # fmt: skip
    assert text.offer(look) == (
        "m.gguf from hf:a/b/m.gguf@c0\n"
        "  size     491.4 MB; 9.0 GB are free\n"
        f"  sha256   {'ab' * 32}\n"
        "  licence  gemma: a list of prohibited uses"
    )
    bare = text.offer({"file": "m.gguf", "source": "http://h/m.gguf", "diskFreeBytes": 1})
    assert bare.count("the server does not say") == 2


def test_probes_are_counts_and_what_follows_from_them() -> None:
    said = text.probed(PROBE)
    assert "15 of 20 right (5 of 5 with 3 tools, 4 of 5 with 4 tools)" in said
    assert "It sees 4 tools in a turn and hands over below a confidence of 0.42." in said
    assert "It reads 151 and writes 21.5 tokens a second here." in said
    never = text.probed({**PROBE, "leastConfidence": 0.0, "prefillRate": 0.0})
    assert "never hands over by itself" in never
    assert "tokens a second" not in never


def test_advice_names_the_first_command_and_why_others_do_not_fit() -> None:
    box = {
        "cores": 4, "threads": 3, "memoryTotalBytes": 4_000_000_000, "memoryAvailableBytes": 3_000_000_000,
        "diskFreeBytes": 20_000_000_000, "speeds": {}, "seconds": 2.4,
    }  # fmt: skip
    rows = [
        advice_row(measured=True, installed=True, languages=["en", "de", "fr", "es", "it"]),
        advice_row(name="m2", comfortable=False, reason="slow: more than 30 s for a first answer"),
        advice_row(name="m3", fits=False, reason="needs 5.0 GB of memory, 2.6 GB can be used here"),
    ]
    said = text.advice({"box": box, "models": rows})
    assert said.startswith("4 cores, 3.0 GB of 4.0 GB memory and 20.0 GB of disk to use; measured in 2.4 s.")
    assert "m1 (here)  =8 s" in said
    assert "en de fr es +1" in said
    assert "slow: more than 30 s" in said
    assert "`homarus models pull m1` fetches the first." in said
    assert said.endswith("m3            needs 5.0 GB of memory, 2.6 GB can be used here")
    assert "No model of the catalogue" in text.advice({"box": box, "models": []})


def test_the_list_marks_what_answers_and_says_what_is_wrong() -> None:
    files = [
        {"name": "m1", "file": "m1.gguf", "sizeBytes": 5_000_000, "active": True, "pinned": True, "sha256": "ab" * 32,
         "probe": PROBE},
        {"name": "bad.gguf", "file": "bad.gguf", "sizeBytes": 7, "active": False, "pinned": False, "problem": "cut"},
    ]  # fmt: skip
    answer = {"models": [{"provider": "local", "id": "m1", "contextWindow": 4096}]}
    said = text.listed(answer, {"models": files, "configured": "/x.gguf"})
    assert "local/m1  4096    yes" in said
    assert "*  m1           m1.gguf   5.0 MB  abababababab  calls 15/20, answers 8/10" in said
    assert said.count("cut") == 1
    assert "models.local.path names /x.gguf" in said
    catalogue = {
        "name": "m2", "parameters": 494_000_000, "approximateBytes": 491_000_000, "licence": "gemma",
        "licenceFree": False, "languages": ["en"],
    }  # fmt: skip
    shown = text.listed({"models": []}, {"models": [], "catalogue": [catalogue]})
    assert "m2         0.5B  about 491.0 MB  gemma *  en" in shown
