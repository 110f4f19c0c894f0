"""The order of the set-up, what each answer leads to, and that nothing is lost or done without a yes."""

from __future__ import annotations

import dataclasses
from string import Formatter

import pytest

from appliance.onboarding import flow
from appliance.onboarding.model import (
    MAX_KEY_CHARS,
    MAX_NAME_CHARS,
    AnswerError,
    Code,
    Configure,
    Expose,
    Exposure,
    Facts,
    Fetch,
    FetchModel,
    Look,
    LookAt,
    MakeCode,
    Measure,
    Offer,
    State,
    Status,
    StepName,
    TryKey,
)
from appliance.onboarding.show import amount, shown
from appliance.onboarding.words import de, en, fr

_OFFER = Offer("small-1b", "Small 1B", 1_100_000_000, 12.4, ("en", "de"))
_LOOK = Look("small-1b", "hf:a/b/c.gguf", "Small 1B", "hub.example", "apache-2.0", 1_100_000_000, 9_000_000_000, "ab")
_FACTS = Facts(offers=(_OFFER,), code=Code("abc", "https://box/#bootstrapToken=x", 10))


def _at(step: StepName, **more: object) -> State:
    return State(session="s", step=step, **more)  # type: ignore[arg-type]  # the fields of a State


def _go(state: State, value: object = None, facts: Facts = _FACTS) -> flow.Move:
    return flow.answered(state, facts, state.step, value)


def test_the_usual_answers_lead_to_the_end_without_a_download_or_a_cloud() -> None:
    state, acts, steps = State(session="s"), [], []
    for _ in range(20):
        state = flow.settled(state, _FACTS)
        if state.status is not Status.RUNNING:
            break
        steps.append(state.step)
        move = _go(state)
        state = move.state
        acts.append(move.act)
    assert state.status is Status.DONE
    assert steps == ["language", "name", "exposure", "model", "cloud", "device"]
    assert Expose(Exposure.LAN) in acts
    assert not [one for one in acts if isinstance(one, FetchModel | TryKey | LookAt)]


def test_each_language_asks_in_its_words_from_its_answer_on() -> None:
    move = _go(State(session="s"), "de")
    assert move == flow.Move(State(session="s", step=StepName.NAME, language="de"), Configure({"locale": "de"}))
    assert shown(move.state, _FACTS).title == de.WORDS["name.title"]


@pytest.mark.parametrize("words", [de.WORDS, fr.WORDS], ids=["de", "fr"])
def test_every_language_says_everything_with_the_same_places_for_facts(words: dict[str, str]) -> None:
    def places(text: str) -> set[str | None]:
        return {name for _, name, _, _ in Formatter().parse(text) if name}

    assert words.keys() == en.WORDS.keys()
    assert {key: places(text) for key, text in words.items()} == {key: places(text) for key, text in en.WORDS.items()}


def test_a_name_is_trimmed_and_may_be_left_out() -> None:
    assert _go(_at(StepName.NAME), "  Ada \t Lovelace ").act == Configure({"owner": {"name": "Ada Lovelace"}})
    assert _go(_at(StepName.NAME), "").act == Configure({"owner": {"name": None}})


def test_a_name_has_a_bound() -> None:
    assert _go(_at(StepName.NAME), "n" * MAX_NAME_CHARS).state.name == "n" * MAX_NAME_CHARS
    with pytest.raises(AnswerError, match="at most 64"):
        _go(_at(StepName.NAME), "n" * (MAX_NAME_CHARS + 1))


def test_a_choice_outside_the_options_is_refused_and_says_which_there_are() -> None:
    with pytest.raises(AnswerError, match="lan, loopback"):
        _go(_at(StepName.EXPOSURE), "tailnet")
    assert _go(_at(StepName.EXPOSURE), "tailnet", dataclasses.replace(_FACTS, tailnet=True)).act == Expose(
        Exposure.TAILNET
    )


def test_the_gateway_starts_again_only_where_it_listens_elsewhere() -> None:
    assert _go(_at(StepName.EXPOSURE), "lan").state.step is StepName.RESTART
    assert _go(_at(StepName.EXPOSURE), "loopback").state.step is StepName.MODEL


def test_the_restart_is_over_when_a_process_answers_that_began_after_it() -> None:
    waiting = dataclasses.replace(_FACTS, restarted=False)
    assert flow.settled(_at(StepName.RESTART), waiting).step is StepName.RESTART
    assert shown(_at(StepName.RESTART), waiting).kind == "progress"
    assert flow.settled(_at(StepName.RESTART), _FACTS).step is StepName.MODEL


def test_the_box_is_measured_before_models_are_offered() -> None:
    unknown = dataclasses.replace(_FACTS, offers=None)
    assert flow.wanted(_at(StepName.MODEL), unknown) == Measure()
    measuring = shown(_at(StepName.MODEL), unknown)
    assert (measuring.kind, measuring.id) == ("progress", "measure")
    assert flow.answered(_at(StepName.MODEL), _FACTS, measuring.id, None).state.step is StepName.MODEL
    ask = shown(_at(StepName.MODEL), _FACTS)
    assert (ask.initial, [one.value for one in ask.options]) == ("mini", ["mini", "small-1b"])
    assert ask.options[1].hint == "recommended, 1.1 GB, about 12 s for an answer, en, de"


def test_a_model_that_answers_already_is_the_usual_answer() -> None:
    facts = dataclasses.replace(_FACTS, answering="old-2b")
    assert shown(_at(StepName.MODEL), facts).initial == "keep"
    assert _go(_at(StepName.MODEL), None, facts).state.step is StepName.CLOUD


def test_nothing_is_downloaded_without_a_yes() -> None:
    move = _go(_at(StepName.MODEL), "small-1b")
    assert (move.state.step, move.act) == (StepName.DOWNLOAD, LookAt("small-1b"))
    facts = dataclasses.replace(_FACTS, look=_LOOK)
    for answer in (None, False, "true", 1):
        refused = _go(move.state, answer, facts)
        assert (refused.state.step, refused.act) == (StepName.MODEL, None), answer
    agreed = _go(move.state, True, facts)
    assert (agreed.state.step, agreed.act) == (StepName.CLOUD, FetchModel(_LOOK.source))
    assert agreed.state.fetching == _LOOK.source


def test_a_look_that_is_gone_after_a_restart_leads_back_to_the_models() -> None:
    assert flow.settled(_at(StepName.DOWNLOAD), _FACTS).step is StepName.MODEL


def test_offline_no_cloud_is_asked_for() -> None:
    assert flow.settled(_at(StepName.CLOUD), dataclasses.replace(_FACTS, offline=True)).step is StepName.DEVICE


def test_a_key_is_tried_and_an_empty_one_skips_the_cloud() -> None:
    asked = _go(_at(StepName.CLOUD), "openai").state
    assert (asked.step, asked.service) == (StepName.KEY, "openai")
    assert shown(asked, _FACTS).sensitive
    assert _go(asked, " sk-1 ").act == TryKey("openai", "sk-1")
    skipped = _go(asked, "")
    assert (skipped.state.step, skipped.state.service, skipped.act) == (StepName.DEVICE, None, None)


def test_a_key_is_one_word_of_bounded_length_and_never_shown() -> None:
    asked = _at(StepName.KEY, service="openai")
    assert isinstance(_go(asked, "k" * MAX_KEY_CHARS).act, TryKey)
    for wrong in ("k" * (MAX_KEY_CHARS + 1), "two words", "line\nbreak", "schlüssel"):
        with pytest.raises(AnswerError) as refused:
            _go(asked, wrong)
        assert wrong not in str(refused.value)
    assert "secret" not in repr(TryKey("openai", "secret"))


def test_a_key_that_is_there_already_is_not_asked_for() -> None:
    facts = dataclasses.replace(_FACTS, keyed=("google",))
    assert shown(_at(StepName.CLOUD), facts).initial == "google"
    assert _go(_at(StepName.CLOUD), None, facts).state.step is StepName.DEVICE


def test_a_step_that_fails_is_asked_again_and_says_why() -> None:
    state = flow.failed(_at(StepName.KEY, service="openai"), "no such key")
    assert (state.step, state.error) == (StepName.KEY, "no such key")
    assert flow.failed(_at(StepName.DOWNLOAD), "no network").step is StepName.MODEL
    assert _go(state, "").state.error is None


def test_a_code_is_made_for_the_first_device_and_its_name_is_told() -> None:
    state = _at(StepName.DEVICE)
    assert flow.wanted(state, dataclasses.replace(_FACTS, code=None)) == MakeCode()
    assert flow.wanted(state, _FACTS) is None
    paired = flow.settled(state, dataclasses.replace(_FACTS, paired="Kitchen tablet"))
    assert (paired.step, shown(paired, _FACTS).title) == (StepName.PAIRED, "paired: Kitchen tablet")
    assert flow.settled(_go(paired).state, _FACTS).status is Status.DONE


def test_who_has_a_device_already_is_asked_about_another_one() -> None:
    assert shown(_at(StepName.DEVICE), _FACTS).title == "Your first device"
    assert shown(_at(StepName.DEVICE), dataclasses.replace(_FACTS, devices=1)).title == "Another device?"


def test_where_no_code_can_be_made_it_goes_on_without() -> None:
    state = flow.failed(_at(StepName.DEVICE), "no address")
    nothing = dataclasses.replace(_FACTS, code=None)
    assert flow.wanted(state, nothing) is None
    assert "homarus pair" in shown(state, nothing).message
    assert flow.settled(_go(state, None, nothing).state, nothing).status is Status.DONE


def test_a_download_that_runs_is_shown_at_the_end_and_may_be_left_to_itself() -> None:
    state = _go(_at(StepName.DEVICE, fetching="hf:x")).state
    running = dataclasses.replace(_FACTS, fetch=Fetch("x.gguf", "running", 0.25))
    assert flow.settled(state, running).step is StepName.FETCHING
    assert (shown(state, running).kind, shown(state, running).initial) == ("progress", 0.25)
    assert _go(state, None, running).state == state
    assert flow.settled(_go(state, True, running).state, running).status is Status.DONE
    done = dataclasses.replace(running, fetch=Fetch("x.gguf", "done", 1.0))
    assert flow.settled(state, done).status is Status.DONE
    broken = dataclasses.replace(running, fetch=Fetch("x.gguf", "failed", 0.5, "the disk is full"))
    assert flow.settled(state, broken).error == "the disk is full"


def test_a_download_goes_on_after_a_restart_came_between() -> None:
    assert flow.wanted(_at(StepName.FETCHING, fetching="hf:x"), _FACTS) == FetchModel("hf:x")


def test_an_answer_to_another_step_changes_nothing() -> None:
    state = _at(StepName.CLOUD, error="kept")
    assert flow.answered(state, _FACTS, "name", "Ada") == flow.Move(state)


def test_who_leaves_finds_everything_again_and_who_is_done_begins_anew() -> None:
    left = flow.cancelled(_at(StepName.CLOUD, name="Ada"))
    assert (left.status, flow.answered(left, _FACTS, "cloud", "none").state) == (Status.CANCELLED, left)
    again = flow.resumed(left, "t")
    assert (again.session, again.status, again.step, again.name) == ("t", Status.RUNNING, StepName.CLOUD, "Ada")
    assert flow.resumed(_at(StepName.END, status=Status.DONE), "t") == State(session="t")


def test_a_tag_of_a_language_means_one_of_ours_or_english() -> None:
    tags = ["de-AT", "fr_FR.UTF-8", "C", "C.UTF-8", "pl_PL", "EN", ""]
    assert [flow.known_language(tag) for tag in tags] == ["de", "fr", "en", "en", "en", "en", "en"]


def test_sizes_are_said_as_people_say_them() -> None:
    sizes = (1_149_000_000, 386_000_000, 10)
    assert [amount(one, en.WORDS) for one in sizes] == ["1.1 GB", "386 MB", "1 MB"]
    assert [amount(one, fr.WORDS) for one in sizes] == ["1,1 Go", "386 Mo", "1 Mo"]


def test_what_of_the_card_was_not_taken_stands_before_the_first_question() -> None:
    facts = dataclasses.replace(_FACTS, notices=('homarus.toml: time_zone = "Mars": is no time zone.',))
    said = shown(State(session="s", language="de"), facts).message
    assert said.startswith("Einige Einstellungen auf der Karte")
    assert "Mars" in said
    assert shown(State(session="s"), _FACTS).message == ""
