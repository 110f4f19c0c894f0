"""The engine process, asked over its socket as the gateway does."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Sequence
from contextlib import aclosing
from pathlib import Path
from types import TracebackType

from appliance.engine import api
from tests.bench.engine.sides.answer import Streamed
from tests.bench.engine.sides.setting import Setting
from tests.integration.engine.process import EngineProcess


class Ours:
    """One engine. `state`: a folder for attention states, None: they are kept nowhere but in sequences."""

    name = "engine"

    def __init__(self, setting: Setting, folder: Path, *, state: Path | None = None, ram_bytes: int = 0) -> None:
        profile = folder / "profile.json"
        profile.write_text(json.dumps(setting.profile()))
        self._socket = folder / "e.sock"
        self._options = [
            *("--profile", str(profile), "--threads", str(setting.threads)),
            *("--active", str(setting.sessions), "--cells", str(setting.cells), "--context", str(setting.cells)),
            *(("--state", str(state)) if state is not None else ()),
            *(("--ram-bytes", str(ram_bytes)) if ram_bytes else ()),
        ]
        self._model = setting.model
        self.process = EngineProcess(self._socket, self._model, *self._options)

    @property
    def pid(self) -> int:
        return self.process.pid

    def restart_after_a_kill(self) -> None:
        """End it as a crash would and start it again; returns when it is ready."""
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.stop()
        self.process = EngineProcess(self._socket, self._model, *self._options)

    async def stream(
        self,
        prompt: Sequence[int],
        tokens: int,
        *,
        session: str = "",
        speculate: bool = True,
        watch: bool = True,
        keep: bool = True,
        into: Streamed | None = None,
    ) -> Streamed:
        """Have `tokens` tokens written. `into` grows meanwhile, for whoever cancels this."""
        frame = api.Generate(
            api.Raw(list(prompt), add_bos=False),
            max_tokens=tokens,
            seed=1,
            session_key=session,
            speculate=speculate,
            watch=watch,
            keep=keep,
        )
        streamed = into or Streamed()
        streamed.began = time.perf_counter()
        async with aclosing(self.process.client.generate(frame)) as frames:
            async for answer in frames:
                if isinstance(answer, api.Token):
                    streamed.times.append(time.perf_counter())
                elif isinstance(answer, api.Done):
                    streamed.tokens, streamed.cached = answer.output_tokens, answer.cached_tokens
                    streamed.restored = answer.restored
                    streamed.drafted, streamed.accepted = answer.drafted, answer.accepted
                    if answer.stop != "length" or streamed.tokens != tokens:
                        raise RuntimeError(f"{streamed.tokens} of {tokens} tokens, then {answer.stop} {answer.reason}")
        return streamed

    async def info(self) -> api.Info:
        return await self.process.client.info()

    def __enter__(self) -> Ours:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.process.stop()
