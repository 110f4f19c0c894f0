"""homarus.models.learning and forget: what the embedded model learned on this box."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from appliance.gateway.method import Call, Method
from appliance.protocol.errors import invalid_request
from appliance.protocol.methods.base import UNSET, Unset
from appliance.protocol.methods.learning import ForgetParams, ForgetResult, LastFit, LearningParams, LearningResult

if TYPE_CHECKING:  # its grammars cost 50 ms of a start
    from appliance.understanding.learning.learner import Forgotten, State


class Learning(Protocol):
    """Keeps and forgets examples (daemon.local.learning)."""

    @property
    def enabled(self) -> bool: ...
    async def state(self) -> State: ...
    async def fit(self) -> None: ...
    async def forget(self, *, tool: str | None, text: str | None) -> Forgotten: ...


def methods(*, learning: Learning) -> tuple[Method, ...]:
    """Return the methods about learning."""

    async def told() -> LearningResult:
        state = await learning.state()
        last: LastFit | Unset = UNSET
        if state.last is not None:
            before, after = state.last.right
            last = LastFit(
                taken=state.last.taken,
                at_ms=state.last_ms,
                examples=state.last.examples,
                left_out=state.last.left_out,
                right_before=before,
                right_after=after,
                why=state.last.why or UNSET,
            )
        return LearningResult(
            enabled=learning.enabled,
            examples=dict(state.examples),
            heard=state.heard,
            last=last,
            unable=state.unable or UNSET,
        )

    async def show(_: Call, params: LearningParams) -> LearningResult:
        if params.fit:
            if not learning.enabled:
                raise invalid_request("This box does not learn; `homarus config set models.mini.learn true` lets it.")
            await learning.fit()
        return await told()

    async def forget(_: Call, params: ForgetParams) -> ForgetResult:
        if params.all + (params.tool is not None) + (params.text is not None) != 1:
            raise invalid_request("say exactly one of all, tool and text")
        gone = await learning.forget(tool=params.tool, text=params.text)
        return ForgetResult(removed=dict(gone.removed), now=await told(), problem=gone.problem or UNSET)

    return (
        Method("homarus.models.learning", _scope, LearningParams, show, result=LearningResult),
        Method("homarus.models.forget", "operator.admin", ForgetParams, forget, result=ForgetResult),
    )


def _scope(params: LearningParams) -> str:
    return "operator.admin" if params.fit else "operator.read"
