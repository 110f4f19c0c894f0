"""One look at a running gateway: ready, its database, the embedded model by a real turn, the engine by another one.

The turn of a look lives in a session of its own that is removed again, with its archive: nobody's conversation has it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Protocol

from appliance.client.errors import ClientError
from appliance.updates.gate.model import Finding, Look
from appliance.updates.trial.model import Answered

SESSION: Final = "homarus-gate"
MINI: Final = "homarus/mini"
_LOCAL: Final = "local"
_QUESTION: Final = "What time is it?"
_ENGINE_QUESTION: Final = "Answer with one word: what colour is the sky?"
_ASK_S: Final = 20.0
_TURN_S: Final = 60
_ENGINE_TURN_S: Final = 240  # a board that loads a model from a card and reads a prompt of a thousand tokens
_DAMAGE: Final = frozenset({"database", "database_rebuilt"})
_MODEL_SUBJECTS: Final = frozenset({"mini", "local", "engine"})


class Asks(Protocol):
    """A way to ask the gateway; raises ClientError or TimeoutError."""

    def __call__(self, method: str, params: Mapping[str, object], timeout_s: float) -> Any: ...


class Looker:
    """Looks at one gateway. `before` says which models answered in the version before; `name` makes keys of requests,
    `sound` says what is wrong with the file of the database.

    The engine is asked until it answered once: its turn takes a minute on a small board.
    """

    def __init__(
        self,
        ask: Asks,
        before: Answered,
        name: Callable[[], str],
        remove: Callable[[Path], None],
        sound: Callable[[], Sequence[str]] = tuple,
    ) -> None:
        self._ask = ask
        self._before = before
        self._name = name
        self._remove = remove
        self._sound = sound
        self._unsound: Sequence[str] | None = None
        self._engine: Finding | None = None

    def look(self) -> Look:
        """Return what is there now; never raises for what the gateway does."""
        try:
            doctor = self._ask("homarus.doctor", {}, _ASK_S)
            self._ask("sessions.list", {"limit": 1}, _ASK_S)
            models = list(self._ask("models.list", {}, _ASK_S)["models"])
        except (ClientError, TimeoutError, KeyError, TypeError) as error:
            return Look((Finding("gateway", False, _short(str(error) or "no answer")),))
        conditions = doctor.get("conditions", [])
        findings = [_ready(doctor), _database(conditions), self._mini(models, conditions)]
        if all(one.ok for one in findings if one.counts):
            findings += (self._file(), self._engine_turn(models, conditions))
        return Look(tuple(findings))

    def _file(self) -> Finding:
        """All pages of the database, read once: after the new version has brought it up to date and used it."""
        if self._unsound is None:
            self._unsound = self._sound()
        return Finding("database file", not self._unsound, _short("; ".join(self._unsound)))

    def _mini(self, models: Sequence[Mapping[str, Any]], conditions: Iterable[Mapping[str, Any]]) -> Finding:
        counts = self._before.mini and (_listed(models, "homarus") or _trouble(conditions))
        return self._turn("mini", MINI, _QUESTION, _TURN_S, counts)

    def _engine_turn(self, models: Sequence[Mapping[str, Any]], conditions: Iterable[Mapping[str, Any]]) -> Finding:
        if self._engine is not None and self._engine.ok:
            return self._engine
        local = next((one["id"] for one in models if one.get("provider") == _LOCAL), None)
        counts = self._before.engine and (local is not None or _trouble(conditions))
        if local is None:
            text = "no larger model runs here: none is set up, or there is too little memory"
            return Finding("engine", False, text, counts)
        self._engine = self._turn("engine", f"{_LOCAL}/{local}", _ENGINE_QUESTION, _ENGINE_TURN_S, counts)
        return self._engine

    def _turn(self, name: str, model: str, question: str, turn_s: int, counts: bool) -> Finding:
        key = f"{SESSION}-{self._name()}"
        params = {
            "message": question,
            "model": model,
            "sessionKey": key,
            "idempotencyKey": key,
            "timeout": turn_s,
        }
        try:
            done = self._ask("agent", params, turn_s + _ASK_S)
            return _answer(name, done, counts)
        except (ClientError, TimeoutError, KeyError, TypeError) as error:
            return Finding(name, False, _short(str(error) or "no answer"), counts)
        finally:
            self._forget(key)

    def _forget(self, key: str) -> None:
        try:
            for path in self._ask("sessions.delete", {"key": key}, _ASK_S).get("archived", []):
                self._remove(Path(path))
        except (ClientError, TimeoutError, AttributeError, TypeError):
            return  # the next look says what is wrong; a session of this name is removed by the next version too


def _ready(doctor: Mapping[str, Any]) -> Finding:
    failing = ", ".join(doctor.get("failing", []))
    return Finding("gateway", doctor.get("ok") is True, failing)


def _database(conditions: Iterable[Mapping[str, Any]]) -> Finding:
    """A new version that had to rebuild the database has lost what made it a version to keep."""
    found = [one for one in conditions if one.get("code") in _DAMAGE]
    return Finding("database", not found, _short(str(found[0].get("summary", ""))) if found else "")


def _answer(name: str, done: Mapping[str, Any], counts: bool) -> Finding:
    if done.get("status") != "ok":
        return Finding(name, False, _short(str(done.get("error") or done.get("summary") or done.get("status"))), counts)
    texts = [str(one.get("text") or "") for one in done["result"]["payloads"]]
    said = any(text.strip() for text in texts)
    return Finding(name, said, "" if said else "it answered nothing", counts)


def _listed(models: Sequence[Mapping[str, Any]], provider: str) -> bool:
    return any(one.get("provider") == provider for one in models)


def _trouble(conditions: Iterable[Mapping[str, Any]]) -> bool:
    """Something of the models is wrong, so that one that is missing is not one that the owner switched off."""
    return any(one.get("subject") in _MODEL_SUBJECTS for one in conditions)


def _short(text: str) -> str:
    return text if len(text) <= 300 else f"{text[:299]}…"
