"""Agents and models, as the configuration and the catalog have them."""

from __future__ import annotations

from pathlib import Path

from appliance.config.load import load_text
from appliance.config.schema import usable
from appliance.gateway.methods.facts import CatalogModels, agents_of
from appliance.gateway.methods.seams import AgentFacts
from appliance.generation import FailureKind, ModelError, ModelInfo
from appliance.providers.cooldown import Cooldowns
from tests.fakes.provider import ScriptedProvider


class Shelf:
    """A catalog of ready providers."""

    def __init__(self, *providers: ScriptedProvider) -> None:
        self._models = tuple(model for one in providers for model in one.models())
        self.aliases = {"quick": "fake/one"}

    def models(self) -> tuple[ModelInfo, ...]:
        return self._models

    def find(self, wanted: str) -> ModelInfo | None:
        ref = self.aliases.get(wanted, wanted)
        return next((one for one in self._models if one.ref == ref), None)


def agents(text: str) -> tuple[AgentFacts, ...]:
    loaded = load_text(text, {}, folder=Path("/nowhere"))
    return agents_of(usable(loaded.config.agents), Path("/ws"))


def models(cooldowns: Cooldowns | None = None, *, primary: str | None = None) -> CatalogModels:
    mini = ScriptedProvider("homarus", models=[ModelInfo("homarus", "mini", "Mini", local=True)])
    vectors = ScriptedProvider("vectors", models=[ModelInfo("vectors", "e", "E", embeds=True)])
    shelf = Shelf(mini, vectors, ScriptedProvider("fake"), ScriptedProvider("other"))
    who = AgentFacts("main", "Homarus", primary=primary, fallbacks=("homarus/mini",) if primary else ())
    return CatalogModels(
        shelf,  # type: ignore[arg-type]  # as much of a catalog as is asked
        cooldowns or Cooldowns(),
        lambda: [who],
        monotonic=lambda: 10.0,
        bare=frozenset({"homarus"}),
    )


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


def test_the_list_begins_with_what_is_asked_first() -> None:
    listed = models(primary="other/one").listed()
    assert [one.info.ref for one in listed] == ["other/one", "homarus/mini", "vectors/e", "fake/one"]
    assert [one.tags for one in listed] == [("default",), ("fallback",), (), ()]
    assert listed[3].alias == "quick"


def test_without_a_choice_the_first_is_more_than_the_embedded_one() -> None:
    found = models().primary("main")
    assert found is not None
    assert found.ref == "fake/one"


def test_a_resting_provider_is_not_available_and_says_why() -> None:
    cooldowns = Cooldowns()
    cooldowns.failed("fake", ModelError(FailureKind.AUTH, "no"), 5.0)
    cooldowns.failed("other", ModelError(FailureKind.RATE_LIMIT, "no"), 5.0)
    reasons = {one.info.ref: (one.available, one.reason) for one in models(cooldowns).listed()}
    assert reasons["fake/one"] == (False, "auth-failed")
    assert reasons["other/one"] == (False, "cooldown")
    assert reasons["homarus/mini"] == (True, None)
