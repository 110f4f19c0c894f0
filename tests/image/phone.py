"""A phone that talks with the box by the published JavaScript client, unmodified (phone.mjs)."""

from __future__ import annotations

import base64
import json
import select
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Any

_SCRIPT = Path(__file__).with_name("phone.mjs")
_NODE = Path(__file__).resolve().parents[2] / ".venv-test" / "bin" / "node"
_ANSWER_S = 180.0  # the box is emulated: its first handshake alone takes many seconds


class RefusedError(Exception):
    """The gateway refused what the phone asked for; `code` is that of the refusal."""

    def __init__(self, text: str, code: str) -> None:
        super().__init__(text)
        self.code = code


class Phone:
    """One phone; its identity and tokens last in `state`, so another one from the same file is the same phone."""

    def __init__(self, state: Path, url: str) -> None:
        self._process = subprocess.Popen(
            [_NODE, _SCRIPT, state, url],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def pair(self, code: str) -> dict[str, Any]:
        """Come in by a setup code; the address in it is that of the box's own network, so ours is used."""
        return self._do({"do": "pair", "code": code})

    def open(self) -> dict[str, Any]:
        """Come in with what pairing gave."""
        return self._do({"do": "open"})

    def call(self, method: str, **params: object) -> dict[str, Any]:
        return self._do({"do": "call", "method": method, "params": params})

    def send(self, text: str, key: str) -> str:
        """Send a message and return the id of its run, when the box has acknowledged it."""
        run: str = self._do({"do": "ask", "text": text, "key": key})["runId"]
        return run

    def final(self, run: str) -> str:
        """Return what the box said at the end of a run."""
        payload = self._do({"do": "final", "run": run})
        if payload.get("state") != "final":
            raise RefusedError(str(payload.get("errorMessage", payload)), str(payload.get("state")))
        return text_of(payload["message"])

    def ask(self, text: str, key: str) -> str:
        """Send a message and return what the box answers."""
        return self.final(self.send(text, key))

    def history(self) -> list[tuple[str, str]]:
        """Return the conversation as (role, text)."""
        found = self.call("chat.history", sessionKey="main", limit=200)["messages"]
        return [(each["role"], text_of(each)) for each in found]

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        for each in (self._process.stdin, self._process.stdout, self._process.stderr):
            if each:
                each.close()

    def __enter__(self) -> Phone:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _do(self, request: dict[str, object]) -> dict[str, Any]:
        inward, outward = self._process.stdin, self._process.stdout
        assert inward
        assert outward
        inward.write(json.dumps(request).encode() + b"\n")
        inward.flush()
        if not select.select([outward], [], [], _ANSWER_S)[0]:
            raise TimeoutError(f"no answer to {request['do']} within {_ANSWER_S:g} s")
        line = outward.readline()
        if not line:
            assert self._process.stderr
            raise ConnectionError(self._process.stderr.read().decode(errors="replace"))
        answer: dict[str, Any] = json.loads(line)
        if "failed" in answer:
            raise RefusedError(answer["failed"], str(answer.get("code")))
        found: dict[str, Any] = answer["ok"]
        return found


def text_of(message: dict[str, Any]) -> str:
    """Return the text of a message of the protocol."""
    content = message["content"]
    return content if isinstance(content, str) else "".join(part.get("text", "") for part in content)


def read_code(code: str) -> dict[str, Any]:
    """Return what a setup code holds."""
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(code + "=" * (-len(code) % 4)))
    return found
