"""models.list, and the embedded model that understands single sentences."""

from __future__ import annotations

from appliance.foundation.clock import Clock
from appliance.gateway.method import Call, Method
from appliance.gateway.methods.addressing import Addressing
from appliance.gateway.methods.seams import ListedModel, Models, Understanding
from appliance.protocol.methods.base import UNSET, or_unset
from appliance.protocol.methods.models import (
    ModelChoice,
    ModelsListParams,
    ModelsListResult,
    ThinkingLevel,
    UnderstandParams,
    UnderstandResult,
    Understood,
)

_REASONS = ("missing-auth", "auth-failed", "cooldown")


def model_choices(models: Models, *, details: bool) -> list[ModelChoice]:
    """Return the models as clients read them; `details` adds what only the command line shows."""
    return [_choice(one, details) for one in models.listed()]


def _choice(listed: ListedModel, details: bool) -> ModelChoice:
    info = listed.info
    return ModelChoice(
        id=info.id,
        name=info.name or info.id,
        provider=info.provider,
        alias=or_unset(listed.alias),
        tags=list(listed.tags),
        available=listed.available,
        unavailable_reason=listed.reason if listed.reason in _REASONS else UNSET,  # type: ignore[arg-type]  # checked on the left
        context_window=info.context_window or UNSET,
        reasoning=info.reasoning,
        thinking_levels=[ThinkingLevel(id="off", label="off")],
        thinking_default="off",
        input=["text", "image"] if info.accepts_images else ["text"],
        local=info.local if details else UNSET,
    )


def methods(
    *, models: Models, addressing: Addressing, understanding: Understanding | None, clock: Clock
) -> tuple[Method, ...]:
    """Return the model methods. Without an embedded model `homarus.models.understand` is absent."""

    def list_(_: Call, params: ModelsListParams) -> ModelsListResult:
        addressing.agent(params.agent_id)
        return ModelsListResult(models=model_choices(models, details=params.include_details))

    table = [Method("models.list", "operator.read", ModelsListParams, list_, result=ModelsListResult)]
    if understanding is not None:
        embedded = understanding

        async def understand(_: Call, params: UnderstandParams) -> UnderstandResult:
            results = []
            for item in params.items:
                started = clock.monotonic()
                meant = await embedded.understand(item.text, item.lang)
                results.append(
                    Understood(
                        tool=meant.tool,
                        arguments=dict(meant.arguments),
                        confidence=meant.confidence,
                        ms=round((clock.monotonic() - started) * 1000, 3),
                    )
                )
            return UnderstandResult(results=results)

        table.append(
            Method(
                "homarus.models.understand",
                "operator.read",
                UnderstandParams,
                understand,
                result=UnderstandResult,
            )
        )
    return tuple(table)
