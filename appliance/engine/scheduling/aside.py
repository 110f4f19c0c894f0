"""What a token brings with it and the next one does not wait for: done by a second thread beside the next decode."""

from __future__ import annotations

import collections
import contextlib
import queue
import threading
from collections.abc import Callable, Iterator
from typing import TypeAlias

Work: TypeAlias = Callable[[], None]


class Aside:
    """Work that is put off to the moment in which native code computes; `settle` is where that ends.

    The engine thread puts, goes and settles. What was not begun when it settles it does itself: nothing waits for a
    thread that has no core. `after` is called in the second thread before and behind each round.
    """

    def __init__(self, after: Work) -> None:
        self._after = after
        self._waiting: collections.deque[Work] = collections.deque()  # a piece per answer of a step: settled each step
        self._doing = threading.Lock()
        self._bell: queue.Queue[bool] = queue.Queue(2)  # one round ahead, and the end
        self._failure: BaseException | None = None
        self._runs = False

    def put(self, work: Work) -> None:
        """Put work off until `go` or `settle`."""
        self._waiting.append(work)

    def go(self) -> None:
        """Let the second thread begin; without one `after` is called here and work waits for `settle`."""
        if not self._runs:
            self._after()
        elif self._bell.empty():
            self._bell.put(True)

    def settle(self) -> None:
        """Return when nothing that was put is left to do. Raises what work raised in the second thread."""
        while self._do_one():
            pass
        with self._doing:  # the last piece may be in the hands of the other thread
            failure, self._failure = self._failure, None
        if failure is not None:
            raise failure

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """Have a second thread meanwhile."""
        thread = threading.Thread(target=self._run, name="engine-aside")
        self._runs = True
        thread.start()
        try:
            yield
        finally:
            self._runs = False
            self._bell.put(False)
            thread.join()

    def _do_one(self) -> bool:
        """Do the oldest piece; False: there is none."""
        with self._doing:
            if not self._waiting:
                return False
            try:
                self._waiting.popleft()()
            except BaseException as error:  # noqa: BLE001 - `settle` raises it, whoever did the work
                self._failure = error
            return True

    def _run(self) -> None:
        while self._bell.get():
            self._after()
            while self._do_one():
                pass
            self._after()
