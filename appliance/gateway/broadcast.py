"""Events on their way to the connections that may hear them: encoded once, numbered per connection."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol

from appliance.access.scopes import expand
from appliance.gateway.method import ConnectionView, Subscriptions
from appliance.gateway.transport.websocket import CloseCode
from appliance.protocol.codec import encode
from appliance.protocol.events import Audience, EventSpec, spec_of
from appliance.protocol.frames import StateVersion

SCOPED_CAP = "session-scoped-events"
TOOL_CAP = "tool-events"


class Listener(Protocol):
    """A connection as the broadcaster sees it."""

    @property
    def view(self) -> ConnectionView: ...

    @property
    def subscriptions(self) -> Subscriptions: ...

    def deliver(self, body: bytes, *, numbered: bool, drop_if_slow: bool) -> None:
        """Send an event frame that lacks its end; `numbered` adds the next `seq` of this connection."""

    @property
    def shared(self) -> bool:
        """True when the connection stands on the shared secret and falls with it."""

    @property
    def waiting_bytes(self) -> int:
        """What the client has not taken yet."""

    def check_alive(self) -> None: ...

    def close(self, code: int, reason: str) -> None: ...

    def abort(self) -> None: ...


class Broadcaster:
    """Knows every connection after hello. Runs in the event loop's thread and never waits."""

    def __init__(self) -> None:
        self._listeners: dict[str, Listener] = {}
        self._by_scope: dict[str | None, dict[str, Listener]] = {None: {}}

    def __len__(self) -> int:
        return len(self._listeners)

    def __iter__(self) -> Iterator[Listener]:
        return iter(list(self._listeners.values()))

    def get(self, conn_id: str) -> Listener | None:
        return self._listeners.get(conn_id)

    def add(self, listener: Listener) -> None:
        """Let a connection hear events from now on."""
        view = listener.view
        self._listeners[view.conn_id] = listener
        scopes = expand(view.scopes) if view.role == "operator" else ()
        for scope in (None, *scopes):
            self._by_scope.setdefault(scope, {})[view.conn_id] = listener

    def remove(self, conn_id: str) -> None:
        if self._listeners.pop(conn_id, None) is not None:
            for members in self._by_scope.values():
                members.pop(conn_id, None)

    def send(
        self,
        event: str,
        payload: Any | Callable[[], Any],
        *,
        session_key: str | None = None,
        state_version: StateVersion | None = None,
        about: str | None = None,
        readers: bool | None = None,
    ) -> int:
        """Send an event to everyone whose scopes and subscriptions allow it; return how many got it.

        `payload` may be a function: it is called, and the event encoded, only if somebody listens. An event `about` a
        device goes only to those who may see that device. `readers` True or False: only to those who may read, or only
        to all the others.
        """
        spec = spec_of(event)
        if spec is None:
            return 0
        listeners = [
            listener for listener in self._by_scope.get(spec.scope, {}).values() if _hears(spec, listener, session_key)
        ]
        if about is not None:
            listeners = [listener for listener in listeners if listener.view.manages(about)]
        if readers is not None:
            listeners = [listener for listener in listeners if listener.view.reads is readers]
        self._deliver(spec, listeners, payload, state_version)
        return len(listeners)

    def send_tool(self, payload: Any | Callable[[], Any], *, session_key: str, run_id: str) -> int:
        """Send a tool frame of a run: only to capable connections that take part in it, without `seq`."""
        spec = spec_of("agent")
        assert spec is not None
        listeners = []
        for listener in self._by_scope.get(spec.scope, {}).values():
            asked = listener.subscriptions
            if TOOL_CAP in listener.view.caps and (session_key in asked.messages or run_id in asked.runs):
                listeners.append(listener)
        if listeners:
            body = _body("agent", payload() if callable(payload) else payload, None)
            for listener in listeners:
                listener.deliver(body, numbered=False, drop_if_slow=False)
        return len(listeners)

    def tell(self, conn_id: str, event: str, payload: Any) -> bool:
        """Send an event to one connection, without `seq` (protocol.md 2); False when it is gone."""
        listener = self._listeners.get(conn_id)
        if listener is None:
            return False
        listener.deliver(_body(event, payload, None), numbered=False, drop_if_slow=False)
        return True

    def relieve(self, max_bytes: int) -> int:
        """Cut those that read least until all together keep us at most `max_bytes`; return how many were cut.

        Each may have its 50 MiB (protocol.md 1), a hundred sockets of one device may not have it a hundred times.
        """
        waiting = {listener.view.conn_id: listener.waiting_bytes for listener in self._listeners.values()}
        left, cut = sum(waiting.values()), 0
        for conn_id in sorted(waiting, key=lambda one: waiting[one], reverse=True):
            if left <= max_bytes:
                break
            left -= waiting[conn_id]
            cut += 1
            self._listeners[conn_id].abort()  # whoever does not read would not read why
        return cut

    def crowd(self, device_id: str, most: int) -> None:
        """Close the oldest connections of a device beyond `most`."""
        its = [one for one in self._listeners.values() if one.view.device_id == device_id]
        for listener in its[: max(0, len(its) - most)]:
            listener.close(CloseCode.POLICY, "too many connections of this device")

    def _deliver(
        self,
        spec: EventSpec,
        listeners: list[Listener],
        payload: Any | Callable[[], Any],
        state_version: StateVersion | None,
    ) -> None:
        if not listeners:
            return
        body = _body(spec.name, payload() if callable(payload) else payload, state_version)
        numbered = spec.audience in (Audience.BROADCAST, Audience.SESSION)
        for listener in listeners:
            listener.deliver(body, numbered=numbered, drop_if_slow=spec.drop_if_slow)


def _hears(spec: EventSpec, listener: Listener, session_key: str | None) -> bool:
    if spec.audience is Audience.BROADCAST:
        return True
    asked = listener.subscriptions
    if spec.audience is Audience.SESSIONS:
        return asked.sessions
    subscribed = session_key is not None and session_key in asked.messages
    if spec.audience is Audience.MESSAGES:
        return subscribed
    return subscribed or SCOPED_CAP not in listener.view.caps


def _body(event: str, payload: Any, state_version: StateVersion | None) -> bytes:
    """The frame without its end, so that only the sequence number is added per connection."""
    body = b'{"type":"event","event":"%b","payload":%b' % (event.encode(), encode(payload))
    if state_version is not None:
        body += b',"stateVersion":%b' % encode(state_version)
    return body


def chat_payload(
    run_id: str, session_key: str, agent_id: str, seq: int, state: str, fields: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the payload of a chat event (protocol.md 7.2)."""
    head = {"runId": run_id, "sessionKey": session_key, "agentId": agent_id, "seq": seq, "state": state}
    return {**head, **fields}
