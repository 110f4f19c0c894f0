"""homarus.agenda.list and cancel: timers, alarms and reminders with what is left of them."""

from __future__ import annotations

from appliance.agenda.model import Due, Kind
from appliance.agenda.store import AgendaStore
from appliance.gateway.method import Call, Method
from appliance.gateway.methods.addressing import Addressing
from appliance.protocol.methods.agenda import (
    AgendaCancelParams,
    AgendaCancelResult,
    AgendaListParams,
    AgendaListResult,
    AgendaRow,
)
from appliance.protocol.methods.base import or_unset


def methods(*, agenda: AgendaStore, addressing: Addressing) -> tuple[Method, ...]:
    """Return the methods about the agenda."""

    async def show(call: Call, params: AgendaListParams) -> AgendaListResult:
        key = addressing.chosen(params.session_key, params.agent_id)
        kind = None if params.kind is None else Kind(params.kind)
        found, total = await agenda.everything(key, kind, params.limit)
        return AgendaListResult(now_ms=call.now_ms, rows=[_row(due, call.now_ms) for due in found], total=total)

    async def cancel(call: Call, params: AgendaCancelParams) -> AgendaCancelResult:
        ids = list(dict.fromkeys(params.ids))
        gone = await agenda.cancel(ids, call.now_ms)
        known = {due.id for due in gone}
        return AgendaCancelResult(
            cancelled=[_row(due, call.now_ms) for due in gone], missing=[one for one in ids if one not in known]
        )

    return (
        Method("homarus.agenda.list", "operator.read", AgendaListParams, show, result=AgendaListResult),
        Method("homarus.agenda.cancel", "operator.write", AgendaCancelParams, cancel, result=AgendaCancelResult),
    )


def _row(due: Due, now_ms: int) -> AgendaRow:
    return AgendaRow(
        id=due.id,
        kind=str(due.kind),
        session_key=due.session_key,
        agent_id=due.agent_id,
        due_ms=due.due_ms,
        left_ms=max(0, due.due_ms - now_ms),
        zone=due.zone,
        text=due.text,
        created_ms=due.created_ms,
        locale=due.locale,
        local_time=or_unset(due.local_time or None),
        repeat=or_unset(due.repeat),
        duration_s=or_unset(due.duration_s),
    )
