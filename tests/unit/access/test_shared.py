from __future__ import annotations

import pytest

from appliance.access.shared import AuthMode, SharedAuth, SharedResult

TOKEN = SharedAuth(AuthMode.TOKEN, token="secret")
PASSWORD = SharedAuth(AuthMode.PASSWORD, password="pass wörd")


@pytest.mark.parametrize(
    ("auth", "token", "password", "expected"),
    [
        (TOKEN, "secret", None, SharedResult.OK),
        (TOKEN, "secre", None, SharedResult.TOKEN_MISMATCH),
        (TOKEN, "Secret", None, SharedResult.TOKEN_MISMATCH),
        (TOKEN, None, "secret", SharedResult.TOKEN_MISSING),
        (TOKEN, "", None, SharedResult.TOKEN_MISSING),
        (TOKEN, "\ud800", None, SharedResult.TOKEN_MISMATCH),
        (PASSWORD, None, "pass wörd", SharedResult.OK),
        (PASSWORD, "pass wörd", None, SharedResult.PASSWORD_MISSING),
        (PASSWORD, None, "no", SharedResult.PASSWORD_MISMATCH),
        (SharedAuth(AuthMode.TOKEN), "", None, SharedResult.TOKEN_NOT_CONFIGURED),
        (SharedAuth(AuthMode.PASSWORD), None, "x", SharedResult.PASSWORD_NOT_CONFIGURED),
        (SharedAuth(AuthMode.NONE), None, None, SharedResult.OK),
    ],
)
def test_secrets_are_compared_by_the_mode(
    auth: SharedAuth, token: str | None, password: str | None, expected: SharedResult
) -> None:
    assert auth.verify(token, password) is expected


def test_a_bearer_is_the_token_or_the_password_of_the_mode() -> None:
    assert TOKEN.accepts_bearer("secret")
    assert PASSWORD.accepts_bearer("pass wörd")
    assert not TOKEN.accepts_bearer("other")
    assert SharedAuth(AuthMode.NONE).accepts_bearer("")


def test_an_unset_secret_never_matches_an_empty_bearer() -> None:
    assert not SharedAuth(AuthMode.TOKEN).accepts_bearer("")


def test_secrets_are_not_in_the_text_form() -> None:
    assert "secret" not in repr(TOKEN)
