"""Which models may answer this request, and in which order: pure decisions over what is known of them."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from appliance.generation import FailureKind, ModelError, ModelInfo
from appliance.providers.errors import Origin, failure

# Room for the answer that a window must leave; less is not worth asking for.
_LEAST_OUTPUT_TOKENS = 64


class Order(enum.StrEnum):
    """How a chain is put in order; inside each half the order of the configuration stays."""

    AS_LISTED = "as-listed"
    LOCAL_FIRST = "local-first"
    CLOUD_FIRST = "cloud-first"


@dataclass(frozen=True, slots=True)
class Need:
    """What a request asks of a model: `tokens` of prompt (0 is unknown), and whether it must see images."""

    tokens: int = 0
    images: bool = False


class HasModel(Protocol):
    """Anything that stands for one model."""

    @property
    def model(self) -> ModelInfo: ...


_C = TypeVar("_C", bound=HasModel)


@dataclass(frozen=True, slots=True)
class Route(Generic[_C]):
    """The candidates in the order to ask, and those that cannot serve, with the reason."""

    chosen: tuple[_C, ...]
    rejected: tuple[tuple[_C, ModelError], ...]


_ANYTHING = Need()


def route(
    candidates: Iterable[_C],
    *,
    order: Order = Order.AS_LISTED,
    offline: bool = False,
    need: Need = _ANYTHING,
) -> Route[_C]:
    """Filter and order a chain (the primary first, then its fallbacks). A model that is named twice counts once."""
    chosen: list[_C] = []
    rejected: list[tuple[_C, ModelError]] = []
    seen: set[str] = set()
    for candidate in candidates:
        if candidate.model.ref in seen:
            continue
        seen.add(candidate.model.ref)
        reason = _unfit(candidate.model, offline, need)
        if reason is None:
            chosen.append(candidate)
        else:
            rejected.append((candidate, reason))
    if order is not Order.AS_LISTED:
        # Sorting is stable, so that each half keeps its own order.
        chosen.sort(key=lambda candidate: candidate.model.local is (order is Order.CLOUD_FIRST))
    return Route(tuple(chosen), tuple(rejected))


def _unfit(model: ModelInfo, offline: bool, need: Need) -> ModelError | None:
    origin = Origin(model.provider, model.id)
    if offline and not model.local:
        return failure(FailureKind.OFFLINE, origin)
    window = model.context_window
    if need.tokens and window is not None and need.tokens + _LEAST_OUTPUT_TOKENS > window:
        return failure(FailureKind.CONTEXT_OVERFLOW, origin)
    if need.images and not model.accepts_images:
        return failure(FailureKind.INVALID_REQUEST, origin, reason="it cannot see images")
    return None
