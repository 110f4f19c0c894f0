"""Invokes that are under way."""

from __future__ import annotations

import asyncio
from collections import Counter, OrderedDict
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from appliance.foundation.clock import Clock
from appliance.foundation.errors import OverloadedError
from appliance.foundation.ids import digest, new_id
from appliance.mesh.errors import InvokeError
from appliance.mesh.invoke.model import MAX_TIMEOUT_MS, Answer, Invoke, Progress
from appliance.mesh.invoke.once import Entry, Once, Wish
from appliance.mesh.link import NodeLink
from appliance.mesh.registry import Live, Mesh
from appliance.protocol.codec import NotJsonError, check_depth

MAX_PER_NODE: Final = 64
MAX_TOTAL: Final = 512
MAX_LATE: Final = 256
"""Invokes whose deadline passed and whose answer is still of use."""
MAX_PROGRESS_BYTES: Final = 1024 * 1024
"""Output that one invoke may report while it runs; the rest comes with its result."""

_FORGED: Final = ("approved", "approvalDecision")
"""Members by which a node host knows that an approval was given. Only who keeps approvals may write them: a caller who
writes them himself would let any command pass."""


@dataclass(slots=True)
class _Call:
    id: str
    link: NodeLink
    invoke: Invoke
    wish: Wish
    fingerprint: str
    answer: asyncio.Future[Answer]
    progress: Progress | None
    last_seq: int = -1
    heard_bytes: int = 0


class Invocations:
    """Sends invokes to nodes and matches what comes back. Runs in the event loop's thread."""

    def __init__(self, mesh: Mesh, clock: Clock) -> None:
        self._mesh = mesh
        self._clock = clock
        self._calls: dict[str, _Call] = {}
        self._per_node: Counter[str] = Counter()
        self._late: OrderedDict[str, tuple[str, Wish, str]] = OrderedDict()
        self._once = Once()
        mesh.on_gone(self._gone)

    def __len__(self) -> int:
        return len(self._calls)

    async def ask(self, invoke: Invoke, progress: Progress | None = None) -> Answer:
        """Return the answer of the node; the same wish again gets the first answer.

        Raises InvokeError, CommandRefusedError, InvokeConflictError, OverloadedError.
        """
        wish = (invoke.actor, invoke.node_id, invoke.key)
        fingerprint = digest(msgspec.json.encode([invoke.command, invoke.params], order="sorted"))
        if (known := self._once.find(wish, fingerprint, self._clock.monotonic())) is not None:
            return await asyncio.shield(known.future)
        entry = self._once.begin(wish, fingerprint)
        try:
            answer = await self._carry_out(invoke, wish, entry, progress)
        except asyncio.CancelledError:
            self._once.failed(wish, entry, _cancelled(), self._clock.monotonic())
            raise
        except BaseException as error:
            self._once.failed(wish, entry, error, self._clock.monotonic())
            raise
        self._once.answered(wish, entry, answer, self._clock.monotonic())
        return answer

    async def _carry_out(self, invoke: Invoke, wish: Wish, entry: Entry, progress: Progress | None) -> Answer:
        live = await self._mesh.reach(invoke.node_id)
        if live is None:
            raise InvokeError("NOT_CONNECTED", "node not connected", dispatched=False, text="node not connected")
        # From here to the request on its way nothing waits: rights that were there are there.
        self._mesh.check(invoke.node_id, invoke.command)
        call = self._begin(live, invoke, wish, entry.fingerprint, progress)
        timeout_ms = min(max(invoke.timeout_ms, 1), MAX_TIMEOUT_MS)
        try:
            self._send(call, timeout_ms)
            async with asyncio.timeout(timeout_ms / 1000):
                return await call.answer
        except TimeoutError:
            self._cancel(call, "timeout")
            self._remember_late(call)
            raise InvokeError("TIMEOUT", "node invoke timed out", dispatched=True, doubtful=True) from None
        except asyncio.CancelledError:
            self._cancel(call, "cancelled")
            raise
        finally:
            self._end(call)

    def _begin(self, live: Live, invoke: Invoke, wish: Wish, fingerprint: str, progress: Progress | None) -> _Call:
        if self._per_node[invoke.node_id] >= MAX_PER_NODE or len(self._calls) >= MAX_TOTAL:
            raise OverloadedError("too many invokes are under way on this node; wait for an answer first")
        answer = asyncio.get_running_loop().create_future()
        call = _Call(new_id(), live.link, invoke, wish, fingerprint, answer, progress)
        self._calls[call.id] = call
        self._per_node[invoke.node_id] += 1
        return call

    def _end(self, call: _Call) -> None:
        del self._calls[call.id]
        self._per_node[call.invoke.node_id] -= 1
        if not self._per_node[call.invoke.node_id]:
            del self._per_node[call.invoke.node_id]

    def _send(self, call: _Call, timeout_ms: int) -> None:
        invoke = call.invoke
        request = {
            "id": call.id,
            "nodeId": invoke.node_id,
            "command": invoke.command,
            "timeoutMs": timeout_ms,
            "idempotencyKey": invoke.key,
        }
        if (params := sent_params(invoke, call.id)) is not None:
            request["paramsJSON"] = msgspec.json.encode(params).decode()
        if not call.link.tell("node.invoke.request", request):
            raise InvokeError("NOT_CONNECTED", "node not connected", dispatched=False, text="node not connected")

    def _cancel(self, call: _Call, reason: str) -> None:
        """Tell the node that nobody waits any more. It may have finished; then its result is late."""
        call.link.tell("node.invoke.cancel", {"id": call.id, "nodeId": call.invoke.node_id, "reason": reason})

    def _remember_late(self, call: _Call) -> None:
        self._late[call.id] = (call.invoke.node_id, call.wish, call.fingerprint)
        if len(self._late) > MAX_LATE:
            self._late.popitem(last=False)

    # What comes back

    def answered(self, node_id: str, call_id: str, outcome: Answer | InvokeError) -> bool:
        """Take a result; False when nobody waits for it: it is late, doubled or of another node."""
        call = self._calls.get(call_id)
        if call is None:
            self._answered_late(node_id, call_id, outcome)
            return False
        if call.invoke.node_id != node_id or call.answer.done():
            return False
        if isinstance(outcome, InvokeError):
            call.answer.set_exception(outcome)
        else:
            call.answer.set_result(outcome)
        return True

    def _answered_late(self, node_id: str, call_id: str, outcome: Answer | InvokeError) -> None:
        late = self._late.get(call_id)
        if late is None or late[0] != node_id:
            return
        del self._late[call_id]
        if isinstance(outcome, Answer):
            _, wish, fingerprint = late
            self._once.late(wish, fingerprint, outcome, self._clock.monotonic())

    def progressed(self, node_id: str, call_id: str, seq: int, chunk: str) -> bool:
        """Pass a piece of output on; False when nobody waits for it, it came before, or there was too much."""
        call = self._calls.get(call_id)
        if call is None or call.invoke.node_id != node_id or call.answer.done() or seq <= call.last_seq:
            return False
        call.heard_bytes += len(chunk)
        if call.heard_bytes > MAX_PROGRESS_BYTES:
            return False
        call.last_seq = seq
        if call.progress is not None:
            call.progress(seq, chunk)
        return True

    def cancel(self, actor: str, node_id: str, key: str) -> bool:
        """End a wish of `actor` that is under way; False when there is none."""
        wish = (actor, node_id, key)
        found = next((call for call in self._calls.values() if call.wish == wish and not call.answer.done()), None)
        if found is None:
            return False
        self._cancel(found, "cancelled")
        found.answer.set_exception(_cancelled())
        return True

    def _gone(self, conn_id: str) -> None:
        """A connection ended: what was asked of it is answered now, and nothing more comes from it."""
        for call in self._calls.values():
            if call.link.conn_id == conn_id and not call.answer.done():
                message = "the node left before it answered"
                fault = InvokeError("NODE_DISCONNECTED", message, dispatched=True, doubtful=True)
                call.answer.set_exception(fault)


def _cancelled() -> InvokeError:
    return InvokeError("CANCELLED", "the invoke was cancelled", dispatched=True, doubtful=True)


def sent_params(invoke: Invoke, run_id: str) -> Any:
    """Return the parameters as the node gets them. Only the gateway says which run it is and what was approved."""
    params = invoke.params
    if invoke.command.startswith("system.run") and isinstance(params, dict):
        params = {name: value for name, value in params.items() if name not in _FORGED}
        if invoke.command == "system.run":
            params["runId"] = run_id
    return params


def answer_of(payload: msgspec.Raw, text: str | None) -> Answer:
    """Return what a node sent, as an object or as JSON text (protocol.md 9). Text that is no JSON counts as text."""
    if text is None:
        return Answer(payload.copy() if len(payload) else _NULL)
    if len(payload) and payload != _NULL:
        return Answer(payload.copy())
    try:
        data = text.encode()
        check_depth(data)
        msgspec.json.decode(data)  # only what is JSON may stand inside a frame of ours
    except (NotJsonError, msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        return Answer(_NULL, text)
    return Answer(msgspec.Raw(data), text)


_NULL: Final = msgspec.Raw(b"null")
