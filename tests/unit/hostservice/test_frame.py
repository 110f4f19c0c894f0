"""Requests to root over a real connection: who may ask, what is read, what comes back."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from appliance.foundation.errors import ApplianceError
from appliance.host.request import MAX_LINE_BYTES
from appliance.hostservice.frame import RequestError, Verb, serve, who_may
from appliance.hostservice.systemctl import begin

_ME = frozenset({os.getuid()})


def _echo(params: Mapping[str, object]) -> Mapping[str, object]:
    return {"heard": dict(params)}


def _refuses(params: Mapping[str, object]) -> Mapping[str, object]:
    raise RequestError("not_now", "Not now; later.")


def _breaks(params: Mapping[str, object]) -> Mapping[str, object]:
    raise KeyError("a secret")


_VERBS: dict[str, Verb] = {"echo": _echo, "refuses": _refuses, "breaks": _breaks}


def _asked(line: bytes, allowed: frozenset[int] = _ME) -> dict[str, object]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        thread = threading.Thread(target=serve, args=(theirs, _VERBS, allowed))
        thread.start()
        ours.sendall(line)
        ours.shutdown(socket.SHUT_WR)
        with ours.makefile("rb") as stream:
            answer = json.loads(stream.readline())
        thread.join(10)
    assert isinstance(answer, dict)
    return answer


def test_a_verb_of_the_table_is_done_and_its_result_comes_back() -> None:
    assert _asked(b'{"verb":"echo","params":{"a":1}}\n') == {"ok": True, "result": {"heard": {"a": 1}}}
    assert _asked(b'{"verb":"echo"}\n') == {"ok": True, "result": {"heard": {}}}


def test_nobody_but_root_and_the_gateway_is_heard() -> None:
    answer = _asked(b'{"verb":"echo"}\n', frozenset({os.getuid() + 1}))
    assert (answer["ok"], answer["code"]) == (False, "host_forbidden")
    assert 0 in who_may()


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b'{"verb":"rm","params":{}}\n', "host_unknown_verb"),
        (b"\n", "host_request"),
        (b"not json\n", "host_request"),
        (b'["echo"]\n', "host_request"),
        (b'{"verb":1}\n', "host_request"),
        (b'{"verb":"echo","params":[]}\n', "host_request"),
        (b'{"verb":"echo","more":1}\n', "host_request"),
        (b'{"verb":"echo"}', "host_request"),  # no end of the line: it may be cut
        (b"[" * 60_000 + b"\n", "host_request"),
    ],
)
def test_what_is_no_request_is_refused_with_a_code(line: bytes, code: str) -> None:
    assert _asked(line)["code"] == code


@pytest.mark.parametrize(("more", "ok"), [(0, True), (1, False)])
def test_a_request_has_a_limit(more: int, ok: bool) -> None:
    frame = b'{"verb":"echo","params":{"a":"%s"}}\n'
    size = MAX_LINE_BYTES - len(frame % b"") + more
    assert _asked(frame % (b"x" * size))["ok"] is ok


def test_a_refusal_keeps_its_code_and_a_fault_tells_nothing_of_its_inside() -> None:
    assert _asked(b'{"verb":"refuses"}\n') == {"ok": False, "code": "not_now", "message": "Not now; later."}
    assert _asked(b'{"verb":"breaks"}\n')["message"] == "breaks failed: KeyError."


def test_a_peer_that_goes_away_is_no_fault() -> None:
    ours, theirs = socket.socketpair()
    ours.close()
    with theirs:
        assert serve(theirs, _VERBS, _ME) is False


def _ran(status: int, said: str = "") -> tuple[list[list[str]], Callable[..., subprocess.CompletedProcess[str]]]:
    calls: list[list[str]] = []

    def run(argv: list[str]) -> subprocess.CompletedProcess[str]:
        calls.append(list(argv))
        return subprocess.CompletedProcess(argv, status, "", said)

    return calls, run


def test_what_takes_long_is_only_begun() -> None:
    calls, run = _ran(0)
    begin("start", "homarus-update@check.service", run=run)
    assert calls == [["systemctl", "--no-block", "start", "homarus-update@check.service"]]


def test_what_systemd_refuses_is_said() -> None:
    _, run = _ran(1, "Failed to start x.service: Unit x.service not found.")
    with pytest.raises(ApplianceError, match=r"Unit x\.service not found"):
        begin("start", "x.service", run=run)


def test_the_program_answers_on_its_standard_input_and_ends() -> None:
    ours, theirs = socket.socketpair()
    command = (sys.executable, "-P", "-m", "appliance.hostservice")
    environ = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[3])}
    with ours, theirs, subprocess.Popen(command, stdin=theirs, stderr=subprocess.PIPE, env=environ) as process:
        theirs.close()
        ours.sendall(b'{"verb":"no.such","params":{"password":"s3cret"}}\n')
        with ours.makefile("rb") as stream:
            answer = json.loads(stream.readline())
            assert stream.readline() == b""
        said = process.communicate(timeout=20)[1]
    expected = "host_unknown_verb" if os.getuid() in who_may() else "host_forbidden"
    assert (answer["code"], process.returncode) == (expected, 0)
    assert b"s3cret" not in said


def test_the_program_says_who_starts_it() -> None:
    environ = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[3])}
    command = (sys.executable, "-P", "-m", "appliance.hostservice")
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=environ) as process:
        said = process.communicate(timeout=20)[1]
    assert process.returncode == 64
    assert "homarus-host.socket starts this" in said
