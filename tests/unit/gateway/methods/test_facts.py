"""Agents, as the configuration has them."""

from __future__ import annotations

from pathlib import Path

from appliance.config.load import load_text
from appliance.config.schema import usable
from appliance.gateway.methods.facts import agents_of
from appliance.gateway.methods.seams import AgentFacts


def agents(text: str) -> tuple[AgentFacts, ...]:
    loaded = load_text(text, {}, folder=Path("/nowhere"))
    return agents_of(usable(loaded.config.agents), Path("/ws"))


def test_without_a_word_in_the_file_there_is_one_agent() -> None:
    (agent,) = agents("")
    assert (agent.id, agent.name, agent.named_by, agent.workspace) == ("main", "Homarus", "default", "/ws/main")


def test_agents_take_the_defaults_and_their_own_words() -> None:
    text = """{agents: {
        defaults: {model: {primary: "a/x", fallbacks: ["b/y"]}},
        entries: {main: {}, desk: {default: true, name: "Desk", model: "c/z", identity: {emoji: "🗂"}}},
    }}"""
    desk, main = agents(text)
    assert (desk.id, desk.name, desk.named_by, desk.primary, desk.fallbacks, desk.emoji) == (
        "desk",
        "Desk",
        "config",
        "c/z",
        (),
        "🗂",
    )
    assert (main.primary, main.fallbacks) == ("a/x", ("b/y",))
