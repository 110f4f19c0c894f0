"""Where paired boxes stand in a chain that does not name them. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from appliance.generation import FailureKind
from appliance.providers.failover import Candidate

REMOTE_PREFIX = "remote-"
_RELIEF = frozenset(
    {FailureKind.OVERLOADED, FailureKind.CONTEXT_OVERFLOW, FailureKind.UNAVAILABLE, FailureKind.TIMEOUT}
)


def with_relief(
    chain: Sequence[Candidate], remotes: Sequence[Candidate], *, behind_local: bool = False
) -> list[Candidate]:
    """Return the chain with each paired box that it does not name behind the model of this box.

    Such a box is asked only when the model here is overloaded, does not answer or cannot hold the prompt. A chain in
    which no model of this box stands gets none; `behind_local`: one stands in front of it, but is away.
    """
    named = {one.model.provider for one in chain}
    spare = [replace(one, only_after=_RELIEF) for one in remotes if one.model.provider not in named]
    places = [place for place, one in enumerate(chain) if one.model.provider == "local"]
    if not places and not behind_local:
        return list(chain)
    place = places[-1] + 1 if places else 0
    return [*chain[:place], *spare, *chain[place:]]
