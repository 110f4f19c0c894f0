"""The order of the steps and what follows from an answer. Pure: everything it decides by is an argument."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from msgspec.structs import replace

from appliance.onboarding.model import (
    KEEP,
    LANGUAGES,
    MAX_KEY_CHARS,
    MAX_NAME_CHARS,
    MINI,
    NO_CLOUD,
    SERVICES,
    Act,
    AnswerError,
    Configure,
    Expose,
    Exposure,
    Facts,
    FetchModel,
    LookAt,
    MakeCode,
    Measure,
    State,
    Status,
    StepName,
    TryKey,
)
from appliance.onboarding.words import words

_BACK: Final = {
    StepName.RESTART: StepName.EXPOSURE,
    StepName.DOWNLOAD: StepName.MODEL,
    StepName.FETCHING: StepName.END,
}
"""Where a failure leads that the person cannot mend by answering the same step again."""


@dataclass(frozen=True, slots=True)
class Move:
    """What an answer leads to: the next state once `act` is done; without one, at once."""

    state: State
    act: Act | None = None


def known_language(tag: str) -> str:
    """Return which of our languages a tag means, of the kind `de-AT`, `fr_FR.UTF-8` or `C`; else English."""
    code = tag.replace("_", "-").replace(".", "-").split("-")[0].lower()
    return code if code in LANGUAGES else "en"


def language_of(state: State, facts: Facts) -> str:
    """Return the language in which to ask."""
    return state.language or facts.language


def resumed(state: State, session: str) -> State:
    """Return a state that goes on where it was left, under a session of its own; a finished one begins anew."""
    if state.status is Status.DONE:
        return State(session=session)
    return replace(state, session=session, status=Status.RUNNING)


def settled(state: State, facts: Facts) -> State:
    """Return the state after everything that needs no answer: what is over is left behind."""
    while state.status is Status.RUNNING and (after := _left(state, facts)) is not state:
        state = after
    return state


def wanted(state: State, facts: Facts) -> Act | None:
    """Return what must be done before the current step can be shown."""
    if state.status is not Status.RUNNING:
        return None
    if state.step is StepName.MODEL and facts.offers is None:
        return Measure()
    if state.step is StepName.DEVICE and facts.code is None and state.error is None:
        return MakeCode()
    if state.step is StepName.FETCHING and facts.fetch is None and state.fetching:
        return FetchModel(state.fetching)  # a start of the gateway came between; it goes on where it stopped
    return None


def answered(state: State, facts: Facts, step: str, value: object) -> Move:
    """Return what an answer leads to. An answer to another step than the current one changes nothing.

    Raises AnswerError.
    """
    if state.status is not Status.RUNNING or step != state.step:
        return Move(state)
    return _ANSWERS.get(state.step, _stays)(replace(state, error=None), facts, value)


def failed(state: State, text: str) -> State:
    """Return the state after what an answer asked for did not work: the step is asked again and says why."""
    return replace(state, step=_BACK.get(state.step, state.step), error=text)


def cancelled(state: State) -> State:
    """Return the state after the person left; what was answered stays."""
    return replace(state, status=Status.CANCELLED) if state.status is Status.RUNNING else state


def _left(state: State, facts: Facts) -> State:
    """Return the state one step further, or the same one."""
    match state.step:
        case StepName.RESTART if facts.restarted:
            return replace(state, step=StepName.MODEL)
        case StepName.DOWNLOAD if facts.look is None:
            return replace(state, step=StepName.MODEL)
        case StepName.CLOUD if facts.offline:
            return replace(state, step=StepName.DEVICE)
        case StepName.DEVICE if facts.paired is not None:
            return replace(state, step=StepName.PAIRED, paired=facts.paired, error=None)
        case StepName.FETCHING if state.fetching is None:
            return replace(state, step=StepName.END)
        case StepName.FETCHING if facts.fetch is not None and facts.fetch.state == "done":
            return replace(state, step=StepName.END, fetching=None)
        case StepName.FETCHING if facts.fetch is not None and facts.fetch.state == "failed":
            return replace(state, step=StepName.END, fetching=None, error=facts.fetch.error)
        case StepName.END:
            return replace(state, status=Status.DONE)
    return state


def _language(state: State, facts: Facts, value: object) -> Move:
    chosen = _one_of(value, LANGUAGES, facts.language, state, facts)
    return Move(replace(state, language=chosen, step=StepName.NAME), Configure({"locale": chosen}))


def _name(state: State, facts: Facts, value: object) -> Move:
    name = " ".join(_text(value, facts.name or "", state, facts).split())
    if len(name) > MAX_NAME_CHARS or not name.isprintable():
        raise AnswerError(words(language_of(state, facts))["name.wrong"].format(most=MAX_NAME_CHARS))
    after = replace(state, name=name or None, step=StepName.EXPOSURE)
    return Move(after, Configure({"owner": {"name": name or None}}))


def _exposure(state: State, facts: Facts, value: object) -> Move:
    allowed = [one for one in Exposure if one is not Exposure.TAILNET or facts.tailnet]
    chosen = Exposure(_one_of(value, allowed, Exposure.LAN, state, facts))
    step = StepName.MODEL if chosen == facts.bind else StepName.RESTART
    return Move(replace(state, exposure=chosen, step=step), Expose(chosen))


def _model(state: State, facts: Facts, value: object) -> Move:
    usual = KEEP if facts.answering else MINI
    allowed = [usual, *(one.name for one in facts.offers or ())]
    chosen = _one_of(value, allowed, usual, state, facts)
    after = replace(state, model=chosen, step=StepName.CLOUD if chosen == usual else StepName.DOWNLOAD)
    return Move(after, None if chosen == usual else LookAt(chosen))


def _download(state: State, facts: Facts, value: object) -> Move:
    if value is not True or facts.look is None:  # nothing is downloaded without a yes
        return Move(replace(state, model=None, step=StepName.MODEL))
    source = facts.look.source
    return Move(replace(state, step=StepName.CLOUD, fetching=source), FetchModel(source))


def _cloud(state: State, facts: Facts, value: object) -> Move:
    usual = facts.keyed[0] if facts.keyed else NO_CLOUD
    chosen = _one_of(value, (NO_CLOUD, *SERVICES), usual, state, facts)
    if chosen == NO_CLOUD or chosen in facts.keyed:
        return Move(replace(state, service=None if chosen == NO_CLOUD else chosen, step=StepName.DEVICE))
    return Move(replace(state, service=chosen, step=StepName.KEY))


def _key(state: State, facts: Facts, value: object) -> Move:
    key = _text(value, "", state, facts).strip()
    if not key or state.service is None:
        return Move(replace(state, service=None, step=StepName.DEVICE))
    if len(key) > MAX_KEY_CHARS or not key.isascii() or not key.isprintable() or " " in key:
        raise AnswerError(words(language_of(state, facts))["key.wrong"])
    return Move(replace(state, step=StepName.DEVICE), TryKey(state.service, key))


def _device(state: State, facts: Facts, value: object) -> Move:
    return Move(replace(state, step=StepName.FETCHING))


def _stays(state: State, facts: Facts, value: object) -> Move:
    """Nothing can be answered while the box works; a download may be left to itself."""
    return Move(replace(state, step=StepName.END)) if state.step is StepName.FETCHING and value is True else Move(state)


_ANSWERS: Final = {
    StepName.LANGUAGE: _language,
    StepName.NAME: _name,
    StepName.EXPOSURE: _exposure,
    StepName.MODEL: _model,
    StepName.DOWNLOAD: _download,
    StepName.CLOUD: _cloud,
    StepName.KEY: _key,
    StepName.DEVICE: _device,
    StepName.PAIRED: _device,
}


def _one_of(value: object, allowed: Collection[str], usual: str, state: State, facts: Facts) -> str:
    """Return an answer that is allowed; none at all means the usual one. Raises AnswerError."""
    chosen = usual if value is None else value
    if not isinstance(chosen, str) or chosen not in allowed:
        raise AnswerError(words(language_of(state, facts))["choice.wrong"].format(allowed=", ".join(allowed)))
    return chosen


def _text(value: object, usual: str, state: State, facts: Facts) -> str:
    if value is None:
        return usual
    if not isinstance(value, str):
        raise AnswerError(words(language_of(state, facts))["text.wrong"])
    return value
