"""A step as a person sees it: the words of their language around the facts. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from appliance.onboarding.flow import language_of
from appliance.onboarding.model import (
    KEEP,
    LANGUAGES,
    MINI,
    NO_CLOUD,
    SERVICES,
    Ask,
    Exposure,
    Facts,
    Offer,
    Option,
    State,
    StepName,
)
from appliance.onboarding.words import words

_MAX_OFFERS = 3


def shown(state: State, facts: Facts) -> Ask:
    """Return the current step."""
    say = words(language_of(state, facts))
    match state.step:
        case StepName.LANGUAGE:
            options = tuple(Option(code, name) for code, name in LANGUAGES.items())
            message = "\n".join((say["card.mistakes"], *facts.notices)) if facts.notices else ""
            return Ask(state.step, "select", say["language.title"], message, options=options, initial=facts.language)
        case StepName.NAME:
            return Ask(
                state.step,
                "text",
                say["name.title"],
                say["name.message"],
                initial=facts.name or "",
                placeholder=say["name.placeholder"],
            )
        case StepName.EXPOSURE:
            return _exposure(facts, say)
        case StepName.RESTART:
            return Ask(state.step, "progress", say["restart.title"], say["restart.message"])
        case StepName.MODEL:
            return _model(facts, say)
        case StepName.DOWNLOAD if facts.look is not None:
            return _download(facts, say)
        case StepName.CLOUD:
            return _cloud(facts, say)
        case StepName.KEY:
            title = say["key.title"].format(service=SERVICES.get(state.service or "", state.service))
            placeholder = say["key.placeholder"]
            return Ask(state.step, "text", title, say["key.message"], placeholder=placeholder, sensitive=True)
        case StepName.DEVICE:
            message = "failed" if facts.code is None else "near" if facts.code.near_only else "message"
            title = say["device.more" if facts.devices else "device.title"]
            return Ask(state.step, "note", title, say[f"device.{message}"], code=facts.code)
        case StepName.PAIRED:
            title = say["paired.title"].format(name=state.paired)
            return Ask(state.step, "note", title, say["paired.message"])
        case StepName.FETCHING if facts.fetch is not None:
            title = say["fetching.title"].format(file=facts.fetch.file)
            return Ask(state.step, "progress", title, say["fetching.message"], initial=facts.fetch.share)
    return Ask(state.step, "progress", say["restart.title"])


def code_words(language: str) -> str:
    """Return what stands above a setup code."""
    return words(language)["device.code"]


def _exposure(facts: Facts, say: Mapping[str, str]) -> Ask:
    kinds = [one for one in Exposure if one is not Exposure.TAILNET or facts.tailnet]
    options = tuple(Option(one, say[f"exposure.{one}"], say[f"exposure.{one}.hint"]) for one in kinds)
    # Somebody who opened the box to a tailnet before does not mean the whole house now.
    initial = Exposure.TAILNET if facts.bind == "tailnet" and facts.tailnet else Exposure.LAN
    title, message = say["exposure.title"], say["exposure.message"]
    return Ask(StepName.EXPOSURE, "select", title, message, options=options, initial=initial)


def _model(facts: Facts, say: Mapping[str, str]) -> Ask:
    if facts.offers is None:
        return Ask(StepName.MEASURE, "progress", say["measure.title"])
    if facts.answering:
        usual = Option(KEEP, say["model.keep"].format(name=facts.answering), say["model.keep.hint"])
    else:
        usual = Option(MINI, say["model.mini"], say["model.mini.hint"])
    offers = [
        _offer(one, say, best=index == 0 and one.comfortable) for index, one in enumerate(facts.offers[:_MAX_OFFERS])
    ]
    title, message = say["model.title"], say["model.message"]
    return Ask(StepName.MODEL, "select", title, message, options=(usual, *offers), initial=usual.value)


def _offer(offer: Offer, say: Mapping[str, str], *, best: bool) -> Option:
    languages = ", ".join(one for one in LANGUAGES if one in offer.languages) or ", ".join(offer.languages[:3])
    hint = say["model.hint"].format(
        size=amount(offer.size_bytes, say), seconds=round(offer.seconds), languages=languages
    )
    return Option(offer.name, offer.title, say["model.best"].format(hint=hint) if best else hint)


def _download(facts: Facts, say: Mapping[str, str]) -> Ask:
    look = facts.look
    if look is None:
        raise ValueError("nothing was looked at")
    title = say["download.title"].format(title=look.title)
    size = amount(look.size_bytes, say) if look.size_bytes is not None else "?"
    free = amount(look.free_bytes, say)
    message = say["download.message"].format(size=size, host=look.host, licence=look.licence or "?", free=free)
    return Ask(StepName.DOWNLOAD, "confirm", title, message, initial=True)


def _cloud(facts: Facts, say: Mapping[str, str]) -> Ask:
    options = [Option(NO_CLOUD, say["cloud.none"])]
    options += [Option(one, name, say["cloud.keyed"] if one in facts.keyed else "") for one, name in SERVICES.items()]
    initial = facts.keyed[0] if facts.keyed else NO_CLOUD
    title, message = say["cloud.title"], say["cloud.message"]
    return Ask(StepName.CLOUD, "select", title, message, options=tuple(options), initial=initial)


def amount(count: int, say: Mapping[str, str]) -> str:
    """Return a number of bytes as people say it."""
    if count >= 1e9:
        return say["amount.large"].format(count=f"{count / 1e9:.1f}".replace(".", say["amount.point"]))
    return say["amount.small"].format(count=max(1, round(count / 1e6)))
