"""What the box itself says when no model can answer: what was tried, why not, what would help, in three languages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from appliance.agent.courtesy import Courtesy, answered, courtesy_in
from appliance.generation import EMBEDDED_PROVIDER, FailureKind, ModelError

DEFAULT = "en"
_PULL = "homarus models recommend"  # it names those that suit the box, and how to fetch one
_KEY = "homarus config set models.providers.anthropic.apiKey KEY"
_ONLINE = "homarus config set offline false"

_TEXTS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "abilities": "I can tell times and dates, set timers, alarms and reminders, keep notes and lists, do sums, "
        "convert units and tell how the box is doing.",
        "alone": "That is more than this box can do on its own at the moment.",
        "more": f"For everything else give me a larger model (`{_PULL}`) or the key of a cloud model (`{_KEY}`).",
        "away": "I cannot answer that without a connection. I tried: {tried}.",
        "help_switch": f"It would help to let me out of the house (`offline` is true now; `{_ONLINE}`), "
        f"or a larger model on this box (`{_PULL}`).",
        "help_network": f"It would help to bring the connection back, or a larger model on this box (`{_PULL}`).",
        FailureKind.OFFLINE: "{ref} (not asked, because `offline` is true)",
        FailureKind.NETWORK: "{ref} (cannot be reached from here)",
        FailureKind.ESCALATE: "{ref} (this is too much for it)",
        FailureKind.NOT_FOUND: "{ref} (not on this box)",
    },
    "de": {
        "abilities": "Ich kann Uhrzeit und Datum sagen, Timer, Wecker und Erinnerungen stellen, Notizen und Listen "
        "führen, rechnen, Einheiten umrechnen und sagen, wie es der Box geht.",
        "alone": "Das ist mehr, als diese Box im Moment allein kann.",
        "more": f"Für alles andere gib mir ein größeres Modell (`{_PULL}`) oder den Schlüssel eines Modells in der "
        f"Cloud (`{_KEY}`).",
        "away": "Das kann ich ohne Verbindung nicht beantworten. Versucht habe ich: {tried}.",
        "help_switch": f"Es hilft, mich hinauszulassen (`offline` steht auf true; `{_ONLINE}`), oder ein größeres "
        f"Modell auf dieser Box (`{_PULL}`).",
        "help_network": f"Es hilft, wenn die Verbindung wieder da ist, oder ein größeres Modell auf dieser Box "
        f"(`{_PULL}`).",
        FailureKind.OFFLINE: "{ref} (nicht gefragt, weil `offline` auf true steht)",
        FailureKind.NETWORK: "{ref} (von hier aus nicht zu erreichen)",
        FailureKind.ESCALATE: "{ref} (das ist ihm zu viel)",
        FailureKind.NOT_FOUND: "{ref} (nicht auf dieser Box)",
    },
    "fr": {
        "abilities": "Je peux dire l'heure et la date, régler des minuteurs, des alarmes et des rappels, tenir des "
        "notes et des listes, calculer, convertir des unités et dire comment va la box.",
        "alone": "C'est plus que ce que cette box peut faire seule en ce moment.",
        "more": f"Pour tout le reste, donne-moi un plus grand modèle (`{_PULL}`) ou la clé d'un modèle dans le "
        f"nuage (`{_KEY}`).",
        "away": "Je ne peux pas répondre à cela sans connexion. J'ai essayé : {tried}.",
        "help_switch": f"Il faudrait me laisser sortir (`offline` vaut true ; `{_ONLINE}`), ou un plus grand modèle "
        f"sur cette box (`{_PULL}`).",
        "help_network": f"Il faudrait que la connexion revienne, ou un plus grand modèle sur cette box (`{_PULL}`).",
        FailureKind.OFFLINE: "{ref} (pas interrogé, car `offline` vaut true)",
        FailureKind.NETWORK: "{ref} (injoignable d'ici)",
        FailureKind.ESCALATE: "{ref} (c'est trop pour lui)",
        FailureKind.NOT_FOUND: "{ref} (absent de cette box)",
    },
}
_AWAY = frozenset({FailureKind.OFFLINE, FailureKind.NETWORK})


def polite(message: str, attempts: Sequence[tuple[str, ModelError]]) -> str | None:
    """Return the answer to a message of mere manners, where models only handed over or stand outside; else None."""
    said = courtesy_in(message)
    if said is None or not all(_explains(ref, error) for ref, error in attempts):
        return None
    courtesy, language = said
    texts, words = _TEXTS[language], answered(courtesy, language)
    if courtesy in (Courtesy.THANKS, Courtesy.BYE):
        return words
    more = texts["more"] if courtesy is Courtesy.ABILITIES else ""
    return f"{words} {texts['abilities']} {more}".strip()


def guidance(attempts: Sequence[tuple[str, ModelError]], language: str | None, *, instead: str = "") -> str | None:
    """Return the answer to a request that nobody could take; None when something is broken that a person must see.

    `instead` says what will become of the request, in place of what would help without a connection. Nothing is broken
    where models only handed over, or stand outside while there is no way out.
    """
    tag = (language or DEFAULT).replace("_", "-").partition("-")[0].lower()
    texts = _TEXTS.get(tag, _TEXTS[DEFAULT])
    kinds = {error.kind for _, error in attempts}
    if kinds <= {FailureKind.ESCALATE}:
        return f"{texts['alone']} {texts['abilities']} {texts['more']}"
    if not kinds & _AWAY or not all(_explains(ref, error) for ref, error in attempts):
        return None
    # The embedded model hands over whatever it has no tool for: that is no news.
    tried = [(ref, error) for ref, error in attempts if not ref.startswith(f"{EMBEDDED_PROVIDER}/")]
    told = "; ".join(texts[error.kind].format(ref=ref) for ref, error in tried)
    away = texts["away"].format(tried=told)
    if instead:
        return f"{away} {instead}"
    helps = "help_switch" if FailureKind.OFFLINE in kinds else "help_network"
    return f"{away} {texts[helps]} {texts['abilities']}"


def _explains(ref: str, error: ModelError) -> bool:
    if error.kind is FailureKind.NOT_FOUND:
        return ref.startswith("local/")  # no engine on this box; elsewhere it is a wrong name
    return error.kind in _AWAY or error.kind is FailureKind.ESCALATE
