"""Every way in which a service says no, and what it means."""

from __future__ import annotations

import datetime

import pytest

from appliance.generation import FailureKind as Kind
from appliance.generation import ModelError
from appliance.providers.classification import kind_of, model_error, read_problem, read_retry_after
from appliance.providers.errors import AllFailed, AnswerBroken, Origin, excerpt, failure

TABLE = [
    (401, b'{"error":{"message":"no","type":"invalid_request_error","code":"invalid_api_key"}}', Kind.AUTH),
    (403, b"{}", Kind.AUTH),
    (403, b"<html><body>Forbidden</body></html>", Kind.AUTH),
    (402, b'{"error":{"message":"Insufficient credits","code":402}}', Kind.BILLING),
    (429, b'{"error":{"code":"insufficient_quota","message":"You exceeded your current quota"}}', Kind.BILLING),
    (429, b'{"error":{"message":"Too many tokens per minute","code":"rate_limit_exceeded"}}', Kind.RATE_LIMIT),
    (429, b"slow down", Kind.RATE_LIMIT),
    (400, b'{"error":{"type":"exceed_context_size_error","n_ctx":4096,"message":"x"}}', Kind.CONTEXT_OVERFLOW),
    (400, b'{"object":"error","message":"This model\'s maximum context length is 4096"}', Kind.CONTEXT_OVERFLOW),
    (413, b'{"type":"error","error":{"type":"request_too_large","message":"x"}}', Kind.CONTEXT_OVERFLOW),
    (400, b'{"error":{"message":"Your credit balance is too low"}}', Kind.BILLING),
    (400, b'{"error":{"code":"content_filter","message":"The response was filtered"}}', Kind.REFUSED),
    (400, b'[{"error":{"code":400,"message":"API key not valid","status":"INVALID_ARGUMENT"}}]', Kind.AUTH),
    (400, b'{"error":{"details":[{"reason":"API_KEY_INVALID"}],"message":"?"}}', Kind.AUTH),
    (400, b'{"error":"model \'nope\' not found, try pulling it first"}', Kind.NOT_FOUND),
    (404, b'{"error":"model \'nope\' not found, try pulling it first"}', Kind.NOT_FOUND),
    (404, b'{"detail":"Not Found"}', Kind.NOT_FOUND),
    (405, b"", Kind.INVALID_REQUEST),
    (422, b'{"detail":[{"msg":"field required"}]}', Kind.INVALID_REQUEST),
    (400, b"\xff\xfe", Kind.INVALID_REQUEST),
    (408, b"", Kind.TIMEOUT),
    (409, b"", Kind.UNAVAILABLE),
    (500, b"", Kind.UNAVAILABLE),
    (500, b'{"error":{"message":"overloaded","type":"overloaded_error"}}', Kind.OVERLOADED),
    (502, b"<html>bad gateway</html>", Kind.UNAVAILABLE),
    (503, b"", Kind.OVERLOADED),
    (504, b"", Kind.TIMEOUT),
    (529, b"", Kind.OVERLOADED),
    (307, b"", Kind.INVALID_REQUEST),
    (None, b'{"error":{"type":"overloaded_error","message":"Overloaded"}}', Kind.OVERLOADED),
    (None, b'{"error":{"code":502,"message":"Upstream error"}}', Kind.UNAVAILABLE),
    (None, b'{"error":{"code":"429","message":"slow"}}', Kind.RATE_LIMIT),
    (None, b'{"error":{"message":"the context size is too small"}}', Kind.CONTEXT_OVERFLOW),
    (None, b'{"error":{"message":"?"}}', Kind.UNAVAILABLE),
    (None, b"null", Kind.UNAVAILABLE),
    (400, b"[" * 2000, Kind.INVALID_REQUEST),
]


@pytest.mark.parametrize(("status", "body", "kind"), TABLE)
def test_a_refusal_has_one_meaning(status: int | None, body: bytes, kind: Kind) -> None:
    assert kind_of(read_problem(status, body)) is kind


NOW_MS = round(datetime.datetime(2026, 11, 18, 11, 0, tzinfo=datetime.UTC).timestamp() * 1000)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "5"}, 5.0),
        ({"retry-after": "1.5"}, 1.5),
        ({"retry-after-ms": "250", "retry-after": "9"}, 0.25),
        ({"retry-after-ms": "soon", "retry-after": "9"}, 9.0),
        ({"retry-after": "-1"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "999999999"}, 86400.0),
        ({"retry-after": "Wed, 18 Nov 2026 11:07:10 GMT"}, 430.0),
        ({"retry-after": "Wed, 18 Nov 2020 11:07:10 GMT"}, 0.0),
        ({"retry-after": "tomorrow"}, None),
    ],
)
def test_the_wait_that_is_asked_for_is_read(headers: dict[str, str], seconds: float | None) -> None:
    assert read_retry_after(headers, NOW_MS) == seconds


def test_googles_wait_is_in_the_body() -> None:
    body = b'{"error":{"code":429,"details":[{"@type":"RetryInfo","retryDelay":"34.5s"}],"message":"x"}}'
    assert read_problem(429, body).retry_after_s == 34.5


SECRET = "sk-ant-very-secret-0123456789abcdef"


@pytest.mark.parametrize(
    "text",
    [
        f"Incorrect API key provided: {SECRET}.",
        f"header x-api-key: {SECRET} is wrong",
        "Incorrect API key provided: sk-ant-very*************cdef. You can find",
        f"Bearer {SECRET}",
        "AIzaSyA1234567890abcdefghijklmnopq",
    ],
)
def test_no_part_of_a_key_survives(text: str) -> None:
    for status in (400, 401, 404, 500):
        error = model_error(read_problem(status, text.encode()), Origin("p", "m"), [SECRET])
        shown = f"{error} {error!r} {error.details}"
        assert "very" not in shown
        assert "cdef" not in shown
        assert "AIza" not in shown


def test_a_secret_of_any_shape_is_recognised_when_it_is_known() -> None:
    assert excerpt("the token hunter2 is wrong", ["hunter2"]) == "the token [secret] is wrong"


def test_an_excerpt_is_one_short_line() -> None:
    assert excerpt("a\n\n b\x00\x1b[31m c  ") == "a b [31m c"
    assert len(excerpt("word " * 40)) <= 200
    assert len(excerpt("word " * 4000)) == 200


@pytest.mark.parametrize("kind", list(Kind))
def test_every_kind_has_a_sentence_that_ends_and_names_the_provider(kind: Kind) -> None:
    error = failure(kind, Origin("anthropic", "claude"), reason="because", status=418, retry_after_s=2.0)
    assert str(error).endswith(".")
    assert "anthropic" in str(error)
    assert error.kind is kind
    assert "{" not in str(error)


def test_the_whole_list_of_failures_becomes_one_sentence() -> None:
    first = failure(Kind.AUTH, Origin("anthropic", "claude", "ANTHROPIC_API_KEY"))
    second = ModelError(Kind.UNAVAILABLE, "The local model is not running.")
    error = AllFailed((("anthropic/claude", first), ("local/tiny", second)))
    assert str(error) == (
        "No model could answer: anthropic does not accept the credentials; check ANTHROPIC_API_KEY; "
        "The local model is not running."
    )
    assert error.code == "all_models_failed"
    assert [attempt["ref"] for attempt in error.details["attempts"]] == ["anthropic/claude", "local/tiny"]  # type: ignore[attr-defined] # a list
    assert not error.only_escalated
    assert error.retryable


def test_a_box_with_only_the_embedded_model_is_not_broken() -> None:
    error = AllFailed((("homarus/mini", ModelError(Kind.ESCALATE, "over to you")),))
    assert error.only_escalated
    assert "homarus models pull" in str(error)
    assert AllFailed(()).only_escalated


def test_a_broken_answer_says_who_broke_off_and_keeps_its_kind() -> None:
    cause = failure(Kind.NETWORK, Origin("p", "m"), reason="the connection broke")
    error = AnswerBroken.after("p/m", cause)
    assert error.kind is Kind.NETWORK
    assert str(error).startswith("p/m stopped in the middle of its answer (p could not be reached")
