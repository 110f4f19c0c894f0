"""The values of a set-up: its steps, what was answered, what is known of the box, and what is to be done."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

import msgspec

from appliance.foundation.errors import ApplianceError

LANGUAGES: Final = {"en": "English", "de": "Deutsch", "fr": "Français"}
SERVICES: Final = {
    "anthropic": "Anthropic (Claude)",
    "openai": "OpenAI (GPT)",
    "google": "Google (Gemini)",
    "openrouter": "OpenRouter",
}
MINI: Final = "mini"
KEEP: Final = "keep"
NO_CLOUD: Final = "none"
MAX_NAME_CHARS: Final = 64
MAX_KEY_CHARS: Final = 512


class StepName(enum.StrEnum):
    """The steps in their order; the value is the `id` on the wire and the name of an answer in scripts."""

    LANGUAGE = "language"
    NAME = "name"
    EXPOSURE = "exposure"
    RESTART = "restart"
    MEASURE = "measure"  # what MODEL shows while it has nothing to offer; an answer to it is none to MODEL
    MODEL = "model"
    DOWNLOAD = "download"
    CLOUD = "cloud"
    KEY = "key"
    DEVICE = "device"
    PAIRED = "paired"
    FETCHING = "fetching"
    END = "end"


class Status(enum.StrEnum):
    """Where a set-up stands."""

    RUNNING = "running"
    DONE = "done"
    CANCELLED = "cancelled"


class Exposure(enum.StrEnum):
    """Who reaches the box; the value is that of `gateway.bind`."""

    LAN = "lan"
    LOOPBACK = "loopback"
    TAILNET = "tailnet"


class AnswerError(ApplianceError):
    """An answer that does not fit its step; the text says what would."""

    code = "wizard_answer"


class State(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """What is kept between two starts. `fetching` is the source of a model on its way; `error` why a step failed."""

    session: str
    status: Status = Status.RUNNING
    step: StepName = StepName.LANGUAGE
    language: str | None = None
    name: str | None = None
    exposure: Exposure | None = None
    model: str | None = None
    service: str | None = None
    fetching: str | None = None
    paired: str | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Offer:
    """A model that fits the box. `seconds`: until a first answer is complete; `comfortable`: that is soon enough."""

    name: str
    title: str
    size_bytes: int
    seconds: float
    languages: tuple[str, ...]
    comfortable: bool = True


@dataclass(frozen=True, slots=True)
class Look:
    """What a server has: shown before anything is fetched."""

    name: str
    source: str
    title: str
    host: str
    licence: str
    size_bytes: int | None
    free_bytes: int
    sha256: str | None = None


@dataclass(frozen=True, slots=True)
class Fetch:
    """How far a download is; `share` from 0 to 1."""

    file: str
    state: Literal["running", "done", "failed"]
    share: float
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Code:
    """A setup code that is shown now."""

    code: str
    link: str | None
    minutes: int
    near_only: bool = False


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of the box at this moment.

    `offers` is None until it was measured; `answering` the model file that answers; `restarted`: this process started
    after the step that asked for it. `notices`: what of the settings on the card was not taken.
    """

    language: str = "en"
    name: str | None = None
    bind: str = "loopback"
    tailnet: bool = False
    offline: bool = False
    offers: tuple[Offer, ...] | None = None
    answering: str | None = None
    keyed: tuple[str, ...] = ()
    look: Look | None = None
    fetch: Fetch | None = None
    code: Code | None = None
    paired: str | None = None
    devices: int = 0
    restarted: bool = True
    notices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Configure:
    """Merge `patch` into the configuration."""

    patch: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Expose:
    """Let these reach the box; the gateway starts again where that is needed."""

    exposure: Exposure


@dataclass(frozen=True, slots=True)
class Measure:
    """Find out which models suit the box. Takes seconds; nothing waits for it."""


@dataclass(frozen=True, slots=True)
class LookAt:
    """Ask a server what it has under a name."""

    name: str


@dataclass(frozen=True, slots=True)
class FetchModel:
    """Download a model and let it answer. Nothing waits for it."""

    source: str


@dataclass(frozen=True, slots=True)
class TryKey:
    """Ask a service whether it takes a key, and keep it when it does."""

    service: str
    key: str

    def __repr__(self) -> str:
        return f"TryKey({self.service!r}, ***)"


@dataclass(frozen=True, slots=True)
class MakeCode:
    """Make a setup code."""


Act: TypeAlias = Configure | Expose | Measure | LookAt | FetchModel | TryKey | MakeCode


@dataclass(frozen=True, slots=True)
class Option:
    """One of several answers."""

    value: str
    label: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Ask:
    """A step as it is shown (WizardStep of the protocol). `initial` of a progress is its share, 0 to 1."""

    id: StepName
    kind: Literal["note", "select", "text", "confirm", "progress"]
    title: str
    message: str = ""
    options: tuple[Option, ...] = ()
    initial: str | bool | float | None = None
    placeholder: str = ""
    sensitive: bool = False
    code: Code | None = None
