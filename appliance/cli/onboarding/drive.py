"""Goes through the steps of the gateway's wizard with somebody who answers: a person, or the options of a script."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from appliance.client.errors import ConnectionLost, ConnectRefused, GatewayAway, RequestFailed
from appliance.foundation.clock import Clock
from appliance.foundation.errors import ApplianceError

_BACK_S: Final = 60.0
_POLL_S: Final = 0.3
_CALL_S: Final = 90.0
_STARTING: Final = frozenset({"UNAVAILABLE"})


class SetupError(ApplianceError):
    """The set-up cannot go on; the text says why and what to do."""

    code = "setup_failed"


class Answerer(Protocol):
    """Who answers."""

    def begin(self, *, resumed: bool, language: str) -> None:
        """Hear that it begins, or goes on."""
        ...

    def answer(self, step: dict[str, Any], error: str | None) -> Any:
        """Return the answer to a step, or None for the usual one; `error` says why the last one did not work."""
        ...

    def waits(self, step: dict[str, Any]) -> bool:
        """Show a step in which the box works; True to leave it to itself, where that can be."""
        ...

    def pairs(self, step: dict[str, Any]) -> bool:
        """Show a code, and wait for a moment; True to go on without a device."""
        ...


@dataclass
class Drive:
    """One way through. `alive` raises when there is no gateway left to wait for."""

    call: Callable[..., Any]
    answerer: Answerer
    clock: Clock
    alive: Callable[[], None] = lambda: None
    sleep: Callable[[float], None] = time.sleep
    answered: list[str] = field(default_factory=list)
    met: bool = False

    def run(self) -> dict[str, Any]:
        """Go to the end and return the last answer of the wizard. Raises ApplianceError."""
        answer = self._ask("wizard.start", {"mode": "local", "flow": "setup"})
        session = answer["sessionId"]
        resumed = "step" in answer and answer["step"]["id"] != "language"
        self.answerer.begin(resumed=resumed, language=self._language() if resumed else "en")
        while not answer["done"]:
            given = self._given(answer["step"], answer.get("error"))
            params = {"sessionId": session, **({} if given is None else {"answer": given})}
            answer = self._ask("wizard.next", params)
        last: dict[str, Any] = answer
        return last

    def _given(self, step: dict[str, Any], error: str | None) -> dict[str, Any] | None:
        if step["type"] == "progress":
            if self.answerer.waits(step):
                return {"stepId": step["id"], "value": True}
            self.sleep(_POLL_S)
            return None
        if "deviceCode" in step and not self.answerer.pairs(step):
            return None
        value = None if "deviceCode" in step else self.answerer.answer(step, error)
        self.answered.append(step["id"])
        return {"stepId": step["id"], **({} if value is None else {"value": value})}

    def _language(self) -> str:
        parsed = self._ask("config.get", {}).get("parsed") or {}
        return str(parsed.get("locale") or "en")

    def _ask(self, method: str, params: dict[str, Any]) -> Any:
        """Ask, also across a restart of the gateway: an answer that arrives twice changes nothing the second time."""
        deadline = self.clock.monotonic() + _BACK_S
        while True:
            try:
                answer = self.call(method, params, timeout_s=_CALL_S)
                self.met = True
                return answer
            except (GatewayAway, ConnectionLost, ConnectRefused) as error:
                if isinstance(error, ConnectRefused) and not self.met:
                    raise  # not let in at all; later it is a gateway that only begins to serve again
                self.alive()
                if self.clock.monotonic() > deadline:
                    raise SetupError(
                        f"The gateway did not come back ({error}). `homarus logs` says why; `homarus onboard` goes on "
                        "from here."
                    ) from error
            except RequestFailed as error:
                if error.wire_code not in _STARTING or not error.retryable or self.clock.monotonic() > deadline:
                    raise
            self.sleep(_POLL_S)
