"""Who answers a run: the embedded model, then what the owner chose; a wrong choice never silences the others."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from appliance.daemon.models import EMBEDDED, Models
from appliance.generation import FailureKind, GenerateRequest, ModelInfo, TextDelta
from appliance.providers.errors import AllFailed
from appliance.providers.failover import CandidateChosen
from appliance.sessions.model import Inbound, Session, Source
from tests.fakes.provider import ScriptedProvider, fails, local, said
from tests.unit.daemon.live import Live

OWN = "own: {baseUrl: 'https://own.example/v1', api: 'openai-completions', apiKey: 'k', models: [{id: 'a'}, {id: 'b'}]}"


class Box:
    def __init__(self, live: Live, models: Models) -> None:
        self.live = live
        self.models = models
        self.embedded = local(ScriptedProvider(EMBEDDED, models=[ModelInfo(EMBEDDED, "mini", "Mini")]))
        self.engine = local(ScriptedProvider("local", models=[ModelInfo("local", "big", "Big")]))

    def order(self, *, session_model: str | None = None, agent: str = "main", **origin: Any) -> list[str]:
        """Return what a run would ask, in order."""
        chain = self.models.chain(_session(session_model), _inbound(agent, origin))
        return [candidate.ref for candidate in chain._candidates]

    async def answer(self, **origin: Any) -> tuple[str, str]:
        """Return who answered and what."""
        who = text = ""
        chain = self.models.chain(_session(None), _inbound("main", origin))
        async for item in chain.generate(lambda info: GenerateRequest(info.id, "", ())):
            match item:
                case CandidateChosen(info):
                    who = info.ref
                case TextDelta(delta):
                    text += delta
        return who, text


def _session(model: str | None) -> Session:
    unused: dict[str, Any] = {one.name: None for one in dataclasses.fields(Session)}
    return Session(**{**unused, "key": "agent:main:main", "settings": {"model": model} if model else {}})


def _inbound(agent: str, origin: dict[str, Any]) -> Inbound:
    return Inbound("r", f"agent:{agent}:main", agent, Source.MESSAGE, "hi", (), "r", "d", "main", 0, origin)


@asynccontextmanager
async def _box(folder: Path, text: str = "{}", **environ: str) -> AsyncIterator[Box]:
    live = Live(folder, text, **environ)
    models = Models(
        lambda: live.config.config,
        environ=environ,
        clock=live.clock,
        tracker=live.tracker,
        version=lambda: live.config.loaded.hash,
    )
    try:
        yield Box(live, models)
    finally:
        await models.aclose()


async def test_the_embedded_model_is_asked_first_then_this_box_then_the_services(tmp_path: Path) -> None:
    async with _box(tmp_path, f"{{models: {{providers: {{{OWN}}}}}}}") as box:
        box.models.add(box.engine)
        box.models.add(box.embedded)
        assert box.order() == ["homarus/mini", "local/big", "own/a", "own/b"]


async def test_a_choice_of_the_owner_follows_the_embedded_model(tmp_path: Path) -> None:
    chosen = "agents: {defaults: {model: {primary: 'own/b', fallbacks: ['local/big']}}}"
    async with _box(tmp_path, f"{{models: {{providers: {{{OWN}}}}}, {chosen}}}") as box:
        box.models.add(box.engine)
        box.models.add(box.embedded)
        assert box.order() == ["homarus/mini", "own/b", "local/big"]


async def test_an_agent_has_a_choice_of_its_own(tmp_path: Path) -> None:
    text = f"{{models: {{providers: {{{OWN}}}}}, agents: {{entries: {{main: {{}}, two: {{model: 'own/b'}}}}}}}}"
    async with _box(tmp_path, text) as box:
        assert box.order() == ["own/a", "own/b"]
        assert box.order(agent="two") == ["own/b"]


async def test_an_explicit_model_is_asked_alone(tmp_path: Path) -> None:
    async with _box(tmp_path, f"{{models: {{providers: {{{OWN}}}}}}}") as box:
        box.models.add(box.embedded)
        assert box.order(session_model="own/b") == ["own/b"]
        assert box.order(session_model="own/b", model="own/a") == ["own/a"]


async def test_a_model_that_is_chosen_for_a_run_and_does_not_exist_is_named(tmp_path: Path) -> None:
    async with _box(tmp_path) as box:
        box.models.add(box.embedded)
        with pytest.raises(AllFailed) as caught:
            await box.answer(model="nowhere/nothing")
        assert "nowhere/nothing" in str(caught.value)
        assert box.embedded.requests == []


async def test_a_primary_that_does_not_exist_silences_neither_the_embedded_model_nor_the_fallbacks(
    tmp_path: Path,
) -> None:
    # The file of the README while the local engine is absent.
    chosen = "agents: {defaults: {model: {primary: 'local/any', fallbacks: ['two/one']}}}"
    async with _box(tmp_path, f"{{{chosen}}}") as box:
        box.models.add(box.embedded)
        second = local(ScriptedProvider("two"))
        box.models.add(second)
        box.embedded.script(said("Timer set."), fails(FailureKind.ESCALATE), fails(FailureKind.ESCALATE))
        second.script(said("from two"), fails(FailureKind.AUTH))
        assert await box.answer() == ("homarus/mini", "Timer set.")
        assert await box.answer() == ("two/one", "from two")
        with pytest.raises(AllFailed) as caught:
            await box.answer()
        assert "homarus models pull" in str(caught.value)
        assert not caught.value.only_escalated


@pytest.mark.parametrize("chosen", ["{}", "{agents: {defaults: {model: {primary: 'local/any'}}}}"])
async def test_while_the_model_of_the_box_is_loaded_it_is_not_said_to_be_missing(tmp_path: Path, chosen: str) -> None:
    async with _box(tmp_path, chosen) as box:
        box.models.add(box.embedded)
        box.models.local_is_loading(True)
        box.embedded.script(fails(FailureKind.ESCALATE))
        with pytest.raises(AllFailed) as caught:
            await box.answer()
        assert "still being loaded" in str(caught.value)
        box.models.add(local(ScriptedProvider("local")))
        assert box.order()[-1].startswith("local/")


async def test_offline_never_asks_a_service_and_says_so(tmp_path: Path) -> None:
    chosen = "agents: {defaults: {model: {primary: 'own/a', fallbacks: ['local/big']}}}"
    async with _box(tmp_path, f"{{offline: true, models: {{providers: {{{OWN}}}}}, {chosen}}}") as box:
        box.models.add(box.engine)
        assert box.order() == ["local/big"]
        shown = {one.info.ref: (one.available, one.reason) for one in box.models.listed()}
        assert shown["own/a"] == (False, "offline")
        assert shown["local/big"] == (True, None)
        with pytest.raises(AllFailed) as caught:
            await box.answer(model="own/a")
        assert "offline" in str(caught.value)


async def test_an_unreadable_switch_means_offline(tmp_path: Path) -> None:
    async with _box(tmp_path, f"{{offline: 'perhaps', models: {{providers: {{{OWN}}}}}}}") as box:
        box.models.add(box.engine)
        assert box.order() == ["local/big"]


async def test_a_service_appears_with_its_section_and_goes_with_it(tmp_path: Path) -> None:
    async with _box(tmp_path) as box:
        box.models.add(box.engine)
        assert box.order() == ["local/big"]
        box.live.write(f"{{models: {{providers: {{{OWN}}}}}}}")
        box.live.config.reload()
        assert box.order() == ["local/big", "own/a", "own/b"]
        box.live.write("{}")
        box.live.config.reload()
        assert box.order() == ["local/big"]


async def test_a_section_that_cannot_be_used_is_a_condition_until_it_is_mended(tmp_path: Path) -> None:
    # Valid as text, unusable as a whole: nobody knows where this service is.
    async with _box(tmp_path, "{models: {providers: {own: {api: 'openai-completions'}}}}") as box:
        box.models.listed()
        before = {one for one in box.live.told() if one[1].startswith("models.providers.own")}
        assert before
        box.live.write(f"{{models: {{providers: {{{OWN}}}}}}}")
        box.live.config.reload()
        box.models.listed()
        assert not {one for one in box.live.told() if one[1].startswith("models.providers.own")}


async def test_a_model_that_left_the_box_is_forgotten(tmp_path: Path) -> None:
    async with _box(tmp_path) as box:
        box.models.add(box.engine)
        box.models.remove("local")
        assert box.order() == []
        box.models.remove("local")


async def test_a_key_in_the_environment_makes_a_service_usable(tmp_path: Path) -> None:
    async with _box(tmp_path, ANTHROPIC_API_KEY="k" * 20) as box:
        assert any(ref.startswith("anthropic/") for ref in box.order())


async def test_the_embedded_model_answers_no_question_that_brings_its_own_tools(tmp_path: Path) -> None:
    async with _box(tmp_path) as box:
        box.models.add(box.embedded)
        with pytest.raises(AllFailed):
            async for _ in box.models.generate("main", None, lambda info: GenerateRequest(info.id, "", ())):
                pass
        assert box.embedded.requests == []


async def test_the_list_begins_with_what_is_asked_first_and_says_what_each_is(tmp_path: Path) -> None:
    chosen = "agents: {defaults: {model: {primary: 'quick', fallbacks: ['own/a']}}}"
    text = f"{{models: {{providers: {{{OWN}}}, aliases: {{quick: 'own/b'}}}}, {chosen}}}"
    async with _box(tmp_path, text) as box:
        box.models.add(box.engine)
        shown = [(one.info.ref, one.alias, one.tags) for one in box.models.listed()]
        assert shown == [("own/b", "quick", ("default",)), ("own/a", None, ("fallback",)), ("local/big", None, ())]
        primary = box.models.primary("main")
        assert primary is not None
        assert primary.ref == "own/b"


async def test_a_resting_service_is_not_available_and_says_why(tmp_path: Path) -> None:
    async with _box(tmp_path) as box:
        box.models.add(box.engine)
        box.models.add(ScriptedProvider("two"))
        box.engine.script(fails(FailureKind.AUTH))
        assert await box.answer() == ("two/one", "ok")
        shown = {one.info.ref: (one.available, one.reason) for one in box.models.listed()}
        assert shown == {"local/big": (False, "auth-failed"), "two/one": (True, None)}


async def test_a_model_of_a_service_that_only_embeds_is_not_asked_to_talk(tmp_path: Path) -> None:
    own = "{baseUrl: 'https://own.example/v1', apiKey: 'k', models: [{id: 'e', embeds: true}]}"
    text = f"{{models: {{providers: {{own: {own}}}}}}}"
    async with _box(tmp_path, text) as box:
        assert box.order() == []
        box.models.add(local(ScriptedProvider("local", models=[ModelInfo("local", "big", "Big", embeds=True)])))
        assert box.order() == ["local/big"]
        embedded = await box.models.embed(None, ["abc"])
        assert embedded is not None
        assert (embedded.model, embedded.vectors) == ("local/big", [[3.0]])
