import json

import pytest

from appliance.telemetry.redact import Redactor


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("Authorization: Bearer abcdef123456789", "abcdef123456789"),
        ('{"apiKey": "k-very-secret-value"}', "k-very-secret-value"),
        ("gateway_token=QwErTyUiOp", "QwErTyUiOp"),
        ("using sk-proj-1234567890abcdefghij now", "sk-proj-1234567890abcdefghij"),
        ("x-goog-api-key: AIzaSyA1234567890123456789012345678901", "AIzaSyA1234567890123456789012345678901"),
        ("jwt eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.abc-DEF_123", "eyJzdWIiOiIxMjM0In0"),
    ],
)
def test_what_looks_like_a_secret_is_masked(text: str, secret: str) -> None:
    masked = Redactor()(text)
    assert secret not in masked
    assert "[redacted]" in masked


def test_a_known_secret_is_masked_wherever_it_stands() -> None:
    redact = Redactor()
    redact.learn("hunter2-hunter2")
    assert redact("said hunter2-hunter2 aloud") == "said [redacted] aloud"


def test_ordinary_words_stay() -> None:
    redact = Redactor()
    redact.learn("the")
    assert redact("the timer of the kitchen is set") == "the timer of the kitchen is set"


def test_a_secret_that_begins_with_another_leaves_nothing_behind() -> None:
    redact = Redactor()
    for secret in ("swordfish", "swordfish-and-more"):
        redact.learn(secret)
    assert redact("swordfish-and-more, swordfish") == "[redacted], [redacted]"


def test_only_so_many_secrets_are_remembered_the_newest_among_them() -> None:
    redact = Redactor()
    for number in range(1001):
        redact.learn(f"secret-{number:04}")
    assert redact("secret-0000 secret-0001 secret-1000") == "secret-0000 [redacted] [redacted]"


def test_a_secret_with_a_quote_is_masked_in_json_too() -> None:
    redact = Redactor()
    redact.learn('sword"fish\\99')
    assert redact(json.dumps({"message": 'it is sword"fish\\99'})) == '{"message": "it is [redacted]"}'
    assert redact('sword"fish\\99') == "[redacted]"


@pytest.mark.parametrize(
    "piece", ["a-", "a", "token", "token   ", "eyJ-", "eyJ.", "sk-", "AIza-", "secret='", "bearer "]
)
def test_a_long_text_of_a_stranger_does_not_stop_the_log(piece: str) -> None:
    """Each of these once took the square or the cube of its length: eight kilobytes stood for fourteen seconds."""
    assert Redactor()(piece * 40_000)


def test_the_name_of_a_secret_may_be_anywhere_in_a_word() -> None:
    said = 'x-my_api-key: "abcdefgh", refresh_token=zzzz99, "gatewayToken":"qq88yy77", TOKEN_OF_BOX = abcd-1234'
    shown = Redactor()(said)
    for secret in ("abcdefgh", "zzzz99", "qq88yy77", "abcd-1234"):
        assert secret not in shown
