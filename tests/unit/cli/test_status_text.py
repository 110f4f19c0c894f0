"""What `homarus status` says of a model on this box that does not answer now."""

from __future__ import annotations

import pytest

from appliance.cli.commands.status import _alone, _away


@pytest.mark.parametrize(
    ("state", "reason", "told"),
    [
        ("loading", "", "on this box: m.gguf is being loaded; who asks waits for it a moment"),
        ("restarting", "killed by SIGKILL", "on this box: m.gguf ended (killed by SIGKILL) and is started again"),
        (
            "failed",
            "exit status 1",
            "on this box: m.gguf does not stay alive (exit status 1); it is tried again later: `homarus doctor`",
        ),
        ("ready", "", "on this box: m.gguf runs, but does not say how it is; it is started anew if it stays so"),
        ("absent", "run scripts/engine", "on this box: no model can run here (run scripts/engine)"),
    ],
)
def test_it_says_what_the_model_does_and_why(state: str, reason: str, told: str) -> None:
    assert _away({"state": state, "file": "m.gguf", "reason": reason}) == [told]


def test_a_box_without_a_model_of_its_own_says_nothing_of_one() -> None:
    assert _away({"state": "none", "file": "", "reason": ""}) == []


def test_the_embedded_model_is_alone_only_where_no_other_is_on_its_way() -> None:
    assert _alone("none") == "the embedded one alone"
    assert _alone("loading") == "the embedded one, until the one on this box is loaded"
