"""One action from its start to its record: check, apply, rollback, or what the timer does."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import IO, Final, Protocol

import msgspec

from appliance.foundation.clock import Clock
from appliance.foundation.ids import new_id
from appliance.host.rauc import RaucError
from appliance.updates.channel.decide import Nothing, Offer, Why
from appliance.updates.channel.decide import Wait as Waiting
from appliance.updates.channel.manifest import Release
from appliance.updates.errors import UpdateError
from appliance.updates.install.apply import Installer, Wait, install
from appliance.updates.install.check import check, due
from appliance.updates.install.earlier import earlier
from appliance.updates.install.fetch import Get
from appliance.updates.install.machine import Machine
from appliance.updates.install.verdict import failure
from appliance.updates.records.model import Action, Fault, Phase, Receipt, Request, Result, Status
from appliance.updates.trial import record
from appliance.updates.trial.commit import request_rollback

_log = logging.getLogger(__name__)
_DAY_MS: Final = 24 * 3_600_000
_NETWORK_TRIES: Final = 3  # a day; anything else that went wrong is tried once a day
_WORDS: Final = {
    Why.PAUSED: ("paused", "The makers paused this version: {reason}", "Wait for the next one; nothing is to be done."),
    Why.TOO_OLD: (
        "too_old",
        "This version cannot go to {version} in one step.",
        "Write the image of {version} to a new card or disk and restore a backup there.",
    ),
    Why.TRIAL: ("trial_running", "The version that runs is still being tested.", ""),
}


class Slots(Installer, Protocol):
    """RAUC as a rollback needs it too."""


@dataclass(frozen=True, slots=True)
class Service:
    """What an action works with. `reboot` begins to restart the box and returns."""

    machine: Machine
    rauc: Slots
    get: Get
    clock: Clock
    sleep: Callable[[float], None]
    reboot: Callable[[], None]

    def run(self, action: Action) -> bool:
        """Do one action and leave a record; return False when it did not succeed. Raises only for faults of ours."""
        with self._alone() as alone:
            if not alone:
                _log.warning("another run is under way; nothing was done")
                if action is not Action.AUTO:  # the next run of the timer would install with this id and note
                    self.machine.records.take_request()
                return False
            request = self.machine.records.take_request() or Request(
                run_id=new_id(), trigger="campaign" if action is Action.AUTO else "cli"
            )
            return _Run(self, action, request).go()

    @contextlib.contextmanager
    def _alone(self) -> Iterator[bool]:
        folder = self.machine.records.shown
        folder.mkdir(mode=0o755, exist_ok=True)
        with (folder / "lock").open("wb") as file:
            yield _locked(file)


def _locked(file: IO[bytes]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


class _Run:
    """One action. `status` is what others see of it while it goes on."""

    def __init__(self, service: Service, action: Action, request: Request) -> None:
        self._with = service
        self._records = service.machine.records
        self._action = action
        self._request = request
        now = service.clock.now_ms()
        before = self._records.status()
        waits = before.starts_next if before is not None else ""
        self._status = Status(request.run_id, action, Phase.REQUESTED, now, now, trigger=request.trigger, waits=waits)
        self._receipt: Receipt | None = None

    def go(self) -> bool:
        try:
            self._close_interrupted()
            match self._action:
                case Action.AUTO:
                    self._auto()
                case Action.CHECK:
                    self._check()
                case Action.APPLY:
                    self._apply()
                case Action.ROLLBACK:
                    self._rollback()
        except UpdateError as error:
            self._fail(error)
            return False
        except OSError as error:
            full = error.errno in (errno.ENOSPC, errno.EDQUOT)
            told = f"The records of updates cannot be written: {error.strerror or error}."
            self._fail(UpdateError(told, code="no_space" if full else "io_error"))
            return False
        return True

    def _auto(self) -> None:
        """Look when it is time to, install when that is allowed now, restart when that waited for the window."""
        settings = self._with.machine.settings()
        if settings.offline or self._with.machine.trial_open():
            return
        now = self._with.clock.now_ms()
        window_open = settings.window.opens_ms(now, settings.zone) <= now
        if self._status.waits:
            if window_open and settings.auto:
                self._with.reboot()
            return
        known = self._records.channel()
        if settings.url is None and known.fault is not None and known.fault.code == "no_source":
            return  # said once is enough: a card is not written to every hour for that
        if not due(known, now, window_open=window_open):
            return
        decision = check(self._with.machine, self._with.get, now, asked=False)
        if isinstance(decision, Offer) and not self._tried_enough(decision.release.version.text, now):
            self._install(decision.release)
            now = self._with.clock.now_ms()
            self._restart(now_too=settings.window.opens_ms(now, settings.zone) <= now)

    def _tried_enough(self, version: str, now_ms: int) -> bool:
        """Tell whether a version failed here so often today that it waits for tomorrow."""
        failed = [
            one.fault.code if one.fault else ""
            for one in self._records.all_receipts()
            if one.target == version and one.result is Result.FAILED and 0 <= now_ms - one.ended_ms < _DAY_MS
        ]
        return any(code not in ("network", "interrupted") for code in failed) or len(failed) >= _NETWORK_TRIES

    def _check(self) -> None:
        self._tell(Phase.VALIDATING)
        decision = check(self._with.machine, self._with.get, self._with.clock.now_ms(), asked=False)
        said = decision.reason if isinstance(decision, Nothing) else decision.release.version.text
        self._tell(Phase.FINISHED, 100, said, done=True)

    def _apply(self) -> None:
        self._tell(Phase.VALIDATING)
        decision = check(self._with.machine, self._with.get, self._with.clock.now_ms(), asked=True)
        if isinstance(decision, Nothing):
            self._tell(Phase.FINISHED, 100, decision.reason, done=True)
            return
        if isinstance(decision, Waiting):
            raise _refusal(decision)
        if self._status.waits == decision.release.version.text:
            self._status = msgspec.structs.replace(self._status, target=self._status.waits)
        else:
            self._install(decision.release)
        self._restart(now_too=self._request.reboot)

    def _install(self, release: Release) -> None:
        box = self._with.machine.box()
        self._with.machine.expect_a_way_back()
        self._status = msgspec.structs.replace(self._status, origin=box.version, target=release.version.text)
        self._begin(box.version, release.version.text)
        wait = Wait(self._with.clock, self._with.sleep)
        retried = install(self._with.rauc, release, wait, self._tell)
        self._forget_rollback()
        self._end(Result.INSTALLED, retried=retried)

    def _forget_rollback(self) -> None:
        """The slot of the way back was written over. What cannot be forgotten here is by the next start."""
        try:
            record.close_rollback(self._with.machine.places)
        except OSError as error:
            _log.error("that somebody asked to go back could not be forgotten: %s", error)

    def _restart(self, *, now_too: bool) -> None:
        """Say that the new version starts next; begin that when nobody has to be waited for."""
        self._tell(Phase.RESTARTING, 100, "")
        if now_too:
            self._with.reboot()

    def _rollback(self) -> None:
        """Let the version of before start next, and the state with it (updates.trial reads the mark)."""
        self._tell(Phase.VALIDATING)
        places = self._with.machine.places
        try:
            now, booted = self._with.clock.now_ms(), self._with.machine.running()
            other, target = earlier(places, booted, self._with.rauc.slots, now)
            self._with.machine.expect_room_to_return()
            running = self._with.machine.box().version
            self._status = msgspec.structs.replace(self._status, origin=running, target=target)
            self._begin(running, target)
            request_rollback(places, booted, now, note=self._request.note)
            self._tell(Phase.ACTIVATING)
            try:
                self._with.rauc.mark("active", other.name)
            except BaseException:
                record.close_rollback(places)
                raise
        except RaucError as error:
            raise failure(str(error)) from error
        self._end(Result.LEAVING)
        self._restart(now_too=self._request.reboot)

    def _begin(self, origin: str, target: str) -> None:
        """Write the receipt before anything is touched: a power cut must leave a trace."""
        self._status = msgspec.structs.replace(self._status, waits="")  # it is written over, or left for another
        self._receipt = Receipt(
            run_id=self._request.run_id,
            action=self._action,
            began_ms=self._status.began_ms,
            origin=origin,
            trigger=self._request.trigger,
            target=target,
            channel=self._records.channel().channel,
            note=self._request.note,
        )
        self._records.write_receipt(self._receipt)

    def _end(self, result: Result, *, fault: Fault | None = None, retried: bool = False) -> None:
        if self._receipt is not None:
            now = self._with.clock.now_ms()
            self._receipt = msgspec.structs.replace(
                self._receipt, result=result, ended_ms=now, fault=fault, retried=retried
            )
            self._records.write_receipt(self._receipt)

    def _fail(self, error: UpdateError) -> None:
        _log.warning("%s: %s %s", error.code, error, error.fix)
        fault = Fault(error.code, str(error), error.fix)
        try:
            self._end(Result.FAILED, fault=fault)
        except OSError as problem:  # the status is in memory and still says it
            _log.error("no receipt could be written: %s", problem)
        self._status = msgspec.structs.replace(self._status, fault=fault)
        self._tell(Phase.FINISHED, self._status.percent, "", done=True)

    def _tell(self, phase: Phase, percent: int = 0, message: str = "", *, done: bool = False) -> None:
        self._status = msgspec.structs.replace(
            self._status,
            phase=phase,
            percent=percent,
            message=message,
            done=done,
            updated_ms=self._with.clock.now_ms(),
        )
        self._records.write_status(self._status)

    def _close_interrupted(self) -> None:
        """Give the receipt of a run that was cut off its end: nobody holds the lock but us."""
        for receipt in self._records.all_receipts():
            if receipt.result is Result.RUNNING:
                error = UpdateError("It was broken off.", code="interrupted")
                fault = Fault(error.code, str(error), error.fix)
                now = self._with.clock.now_ms()
                ended = msgspec.structs.replace(receipt, result=Result.FAILED, ended_ms=now, fault=fault)
                self._records.write_receipt(ended)


def _refusal(waiting: Waiting) -> UpdateError:
    version, reason = waiting.release.version.text, waiting.release.rollout.reason or "no reason is given"
    code, message, fix = _WORDS[waiting.reason]
    return UpdateError(
        message.format(version=version, reason=reason.rstrip(".") + "."), code=code, fix=fix.format(version=version)
    )
