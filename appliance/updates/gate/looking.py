"""One look at a running gateway: ready, its database, the embedded model by a real turn, the engine by another one.

The turn of a look lives in a session of its own that is removed again, with its archive: nobody's conversation has it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
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
_ABSENT: Final = "engine_absent"


@dataclass(frozen=True, slots=True)
class _Models:
    """What is set up here: the embedded model, a file for the engine, what the engine serves; `absent`: no engine."""

    mini: bool
    engine: bool
    local: str | None
    absent: bool


class Asks(Protocol):
    """A way to ask the gateway; raises ClientError or TimeoutError."""

    def __call__(self, method: str, params: Mapping[str, object], timeout_s: float) -> Any: ...


class Looker:
    """Looks at one gateway. `before` says which models answered in the version before; `name` makes keys of requests,
    `sound` says what is wrong with the file of the database.

    The engine is asked until it answered once: its turn takes a minute on a small board. Where nothing is on trial
    (`spares_engine`) it is not asked again at all when it once answered.
    """

    def __init__(
        self,
        ask: Asks,
        before: Answered,
        name: Callable[[], str],
        remove: Callable[[Path], None],
        sound: Callable[[], Sequence[str]] = tuple,
        *,
        spares_engine: bool = False,
    ) -> None:
        self._ask = ask
        self._before = before
        self._name = name
        self._remove = remove
        self._sound = sound
        self._unsound: Sequence[str] | None = None
        self._engine: Finding | None = None
        self._spares_engine = spares_engine

    def look(self) -> Look:
        """Return what is there now; never raises for what the gateway does."""
        try:
            doctor = self._ask("homarus.doctor", {}, _ASK_S)
            self._ask("sessions.list", {"limit": 1}, _ASK_S)
            models = self._models(doctor)
        except (ClientError, TimeoutError, KeyError, TypeError, AttributeError) as error:
            return Look((Finding("gateway", False, _short(str(error) or "no answer")),))
        findings = [_ready(doctor), _database(doctor.get("conditions", [])), self._mini(models)]
        if all(one.ok for one in findings if one.counts):
            findings += (self._file(), self._engine_turn(models))
        return Look(tuple(findings))

    def _models(self, doctor: Mapping[str, Any]) -> _Models:
        listed = list(self._ask("models.list", {}, _ASK_S)["models"])
        files = self._ask("homarus.models.local", {}, _ASK_S)
        chosen = self._ask("config.get", {}, _ASK_S).get("config") or {}
        mini = ((chosen.get("models") or {}).get("mini") or {}).get("enabled") is not False
        return _Models(
            mini=mini,
            engine=bool(files.get("models") or files.get("configured")),
            local=next((str(one["id"]) for one in listed if one.get("provider") == _LOCAL), None),
            absent=any(one.get("code") == _ABSENT for one in doctor.get("conditions", [])),
        )

    def _file(self) -> Finding:
        """All pages of the database, read once: after the new version has brought it up to date and used it."""
        if self._unsound is None:
            self._unsound = self._sound()
        return Finding("database file", not self._unsound, _short("; ".join(self._unsound)))

    def _mini(self, models: _Models) -> Finding:
        found = self._turn("mini", MINI, _QUESTION, _TURN_S, counts=self._before.mini and models.mini)
        return replace(found, expected=models.mini and not models.absent)

    def _engine_turn(self, models: _Models) -> Finding:
        if self._engine is not None and self._engine.ok:
            return self._engine
        counts, expected = self._before.engine and models.engine, models.engine and not models.absent
        if models.local is None:
            text = "it is not up" if models.engine else "no larger model is set up here"
            return Finding("engine", False, text, counts, expected)
        if self._spares_engine and self._before.engine:
            return Finding("engine", True, "it answered before, and is not kept busy at every start")
        found = self._turn("engine", f"{_LOCAL}/{models.local}", _ENGINE_QUESTION, _ENGINE_TURN_S, counts=counts)
        self._engine = replace(found, expected=expected)
        return self._engine

    def _turn(self, name: str, model: str, question: str, turn_s: int, *, counts: bool) -> Finding:
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


def _short(text: str) -> str:
    return text if len(text) <= 300 else f"{text[:299]}…"
