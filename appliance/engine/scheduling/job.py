"""A request in the hands of the engine thread: its tokens, its place in the cache, how its answer grows and ends."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from appliance.engine import api
from appliance.engine.answering.answering import Answering
from appliance.engine.answering.errors import JobError, overflow
from appliance.engine.answering.hold import Hold
from appliance.engine.answering.preparing import check, prepared
from appliance.engine.cache.residents import Resident
from appliance.engine.chat.grammar import SchemaError
from appliance.engine.chat.prompt import ChatError, PromptMaker
from appliance.engine.monitor.signals import Signals
from appliance.engine.monitor.watch import Watch
from appliance.engine.native.bound import GrammarError
from appliance.engine.native.model import Model
from appliance.engine.scheduling.aside import Aside
from appliance.engine.speculation.drafting import Drafting
from appliance.generation import FailureKind

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Timing:
    """Moments of a request, seconds of a clock that only grows."""

    arrived: float
    started: float = 0.0
    first: float = 0.0


@dataclass(frozen=True, slots=True)
class Ending:
    """How an answer ends: `stop` and `reason` of api.Done, or what failed."""

    stop: str = ""
    reason: str = ""
    failed: api.Failed | None = None


class Job:
    """A Generate request. The engine thread owns it; only `cancelled` and `in_batch` cross threads."""

    def __init__(
        self,
        request: api.Generate,
        emit: Callable[[api.Answer], None],
        *,
        number: int,
        arrived: float,
        owner: str = "",
    ) -> None:
        self.request = request
        self.emit = emit
        self.number = number  # the order of arrival
        self.owner = owner  # the paired box that asks, "" this one
        self.round = 0  # the turn of its session in the queue
        self.timing = Timing(arrived)
        self.cancelled = False
        self.in_batch = False
        self.tokens: list[int] = []
        self.prompt_length = 0
        self.cached = 0
        self.restored = ""
        self.last_read = 0  # the step in which a chunk of the prompt was read last
        self.limit = 0  # the number of tokens at which the answer ends
        self.resident: Resident | None = None
        self.ending: Ending | None = None
        self.drafting: Drafting | None = None
        self.watch: Watch | None = None
        self._hold: Hold | None = None
        self._halt: Ending | None = None  # what the newest tokens that were looked at lead to
        self._answer: Answering | None = None

    @property
    def answer(self) -> Answering:
        """Return what chooses and writes; only a prepared job has it. Raises JobError."""
        if self._answer is None:
            raise JobError(FailureKind.INVALID_REQUEST, "the request was not prepared")
        return self._answer

    @property
    def background(self) -> bool:
        return self.request.background

    @property
    def reads_ahead(self) -> bool:
        """Whether nothing is to be written: somebody wants the beginning of later prompts in the cache."""
        return self.request.max_tokens == 0 and not self.request.candidates

    @property
    def priority(self) -> int:
        return self.request.priority

    @property
    def session(self) -> str:
        """Name who shares a turn with whom; "" is a request of its own, another box is one."""
        return f"box {self.owner}" if self.owner else self.request.session_key

    @property
    def output_tokens(self) -> int:
        return len(self.tokens) - self.prompt_length

    @property
    def computed(self) -> int:
        """Return how many tokens are in the cache."""
        return 0 if self.resident is None else len(self.resident.tokens)

    @property
    def unread(self) -> int:
        """Return how many tokens are not in the cache."""
        return len(self.tokens) - self.computed

    @property
    def generating(self) -> bool:
        """Whether only the newest token is missing in the cache."""
        return self.unread == 1

    # ---- before the first step

    def prepare(self, model: Model, prompts: PromptMaker, window: int, signals: Signals) -> None:
        """Make tokens of the prompt and compile what bounds the answer. Raises JobError."""
        check(self.request)
        try:
            self.tokens, self._answer = prepared(self.request, model, prompts, window)
        except (ChatError, SchemaError, GrammarError) as error:
            raise JobError(FailureKind.INVALID_REQUEST, str(error), code=error.code) from error
        except JobError:
            raise
        except Exception as error:
            # schemas and messages are free JSON, also that of other boxes: one that fits nothing fails its request only
            _log.warning("a request cannot be made a prompt: %s", type(error).__name__)
            message = f"The messages or schemas of this request have parts of a wrong type ({type(error).__name__})."
            raise JobError(FailureKind.INVALID_REQUEST, message) from error
        self.prompt_length = len(self.tokens)
        if self.prompt_length >= window:
            raise overflow(self.prompt_length, window)
        room = window - self.prompt_length
        wanted = self.request.max_tokens
        self.limit = self.prompt_length + (room if wanted is None else min(room, wanted))
        self._prepare_watch(signals)

    def _prepare_watch(self, signals: Signals) -> None:
        request = self.request
        if request.max_tokens == 0:
            return
        if request.min_confidence > 0:
            self._hold = Hold(request.min_confidence, request.hold_tokens)
        if request.watch or self._hold is not None:
            self.watch = Watch(signals, self.tokens, bound=self._all_bound, judging=request.watch)

    @property
    def _all_bound(self) -> bool:
        """Whether a grammar decides the whole answer: one that only offers tools leaves the text free."""
        wish = self.request.input
        offers = isinstance(wish, api.Chat) and wish.response_schema is None and wish.tool_choice == "auto"
        return self.answer.bound and not offers

    # ---- the answer

    def begin(self, logits: Any, now: float) -> None:
        """Take the logits behind the prompt, once."""
        if self.timing.first or self.output_tokens:
            return
        self.timing.first = now
        if (scores := self.answer.scores(logits)) is not None:
            self.emit(scores)
        if len(self.tokens) >= self.limit:
            self.ending = Ending("length")

    def advance(self, logits: Any, aside: Aside | None) -> int | None:
        """Choose the next token and emit its frames; None when the answer has ended, `ending` then says how.

        What the token says of the answer is looked at in `aside`, at once where that is None. A halt is then seen
        by the next call: at the same token, one decode later. Raises NativeError.
        """
        if self.ending is None:
            self.ending = self._halt
        if self.ending is not None:
            return None
        try:
            return self._advance(self.answer, logits, aside)
        except JobError as error:
            self.ending = Ending(failed=error.frame)
            return None

    def _advance(self, answer: Answering, logits: Any, aside: Aside | None) -> int | None:
        token = answer.choose(logits)
        if answer.ends(token):
            self.ending = Ending("stop")
            return None
        self.tokens.append(token)
        frames = answer.take(token, logits)
        if self._hold is None:
            self._show(frames)
            frames = []
        if self.watch is not None:
            self._look(self.watch, logits, token, frames, aside)
        if self._halt is not None:
            self.ending = self._halt
        elif answer.stopped:
            self.ending = Ending("stop")
        elif len(self.tokens) >= self.limit:
            self.ending = Ending("length")
        return token

    def _look(
        self, watch: Watch, logits: Any, token: int, frames: Sequence[api.StreamAnswer], aside: Aside | None
    ) -> None:
        """Hear what a token says of the answer, now or aside; frames that are held back wait for it."""
        hold = self._hold
        row = watch.keep(logits) if aside is not None else logits

        def look() -> None:
            verdict = watch.step(row, token)
            if hold is not None:
                self._show(hold.take(watch.signal.chosen, frames))
            if hold is not None and hold.unsure:
                self._halt = Ending("unsure")
            elif verdict is not None:
                self._halt = Ending("degenerated", verdict.reason.value)

        if aside is None:
            look()
        else:
            aside.put(look)

    def _show(self, frames: Sequence[api.StreamAnswer]) -> None:
        for frame in frames:
            self.emit(frame)

    # ---- the end

    def close(self) -> None:
        """Free native state."""
        if self._answer is not None:
            self._answer.close()
        if self.drafting is not None:
            self.drafting.close()

    def settled(self, ending: Ending) -> Ending:
        """Return how the answer ends once all its tokens were looked at."""
        if self._halt is None or ending.stop not in ("stop", "length"):
            return ending
        return self._halt

    def finish(self, ending: Ending, now: float, window: int) -> None:
        """Emit what was held back and the last frame."""
        if ending.failed is not None:
            self.emit(ending.failed)
            return
        rest = [] if self._answer is None else list(self._answer.finish())
        if self._hold is not None:
            rest = self._hold.finish(rest, ended=ending.stop in ("stop", "length"))
            if self._hold.unsure:
                ending = Ending("unsure")
        for frame in rest:
            self.emit(frame)
        made_calls = self._answer is not None and self._answer.calls > 0
        if made_calls and ending.stop == "stop":
            ending = Ending("tool_calls")
        self.emit(self._done(ending, now, window))

    def _done(self, ending: Ending, now: float, window: int) -> api.Done:
        started, first = self.timing.started or now, self.timing.first or now
        drafting, watch = self.drafting, self.watch
        return api.Done(
            stop=ending.stop,
            prompt_tokens=self.prompt_length,
            cached_tokens=self.cached,
            output_tokens=self.output_tokens,
            queue_ms=(started - self.timing.arrived) * 1000,
            prompt_ms=(first - started) * 1000,
            generate_ms=(now - first) * 1000,
            reason=ending.reason,
            restored=self.restored,
            drafted=0 if drafting is None else drafting.drafted,
            accepted=0 if drafting is None else drafting.accepted,
            confidence=0.0 if watch is None or not watch.tokens else watch.confidence,
            window=window,
        )
