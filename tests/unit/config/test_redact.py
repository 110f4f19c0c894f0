from pathlib import Path

import pytest

from appliance.config.errors import ConfigError, IssueSeverity
from appliance.config.load import Loaded, load_text
from appliance.config.redact import is_sensitive, redacted, redacted_value, restore
from appliance.config.values import REDACTED

HERE = Path("/nonexistent")


def read(text: str, environ: dict[str, str] | None = None, folder: Path = HERE) -> Loaded:
    return load_text(text, environ or {}, folder=folder)


def errors(loaded: Loaded) -> dict[str, str]:
    return {one.path: f"{one.message}|{one.hint}" for one in loaded.issues if one.severity is IssueSeverity.ERROR}


SECRETS = """{
  gateway: { auth: { token: "tok-1", mode: 'token' } }, // token: commented-out-secret
  models: { providers: { "my.p": { apiKey: '${KEY}', headers: { Authorization: "Bearer abcdefghij" },
    baseUrl: "https://x//y" } } },
  channels: { telegram: { botToken: "123:abc", maxTokens: 5 }, other: { password: 12345 } },
  gateway2: { remote: { password: {file: "/etc/pw"} } },
}
"""


def test_no_secret_is_left_in_the_redacted_text_and_everything_else_is() -> None:
    text = redacted(SECRETS)
    for secret in ("tok-1", "abcdefghij", "123:abc", "12345", "commented-out-secret"):
        assert secret not in text
    for kept in ("${KEY}", "https://x//y", "/etc/pw", "maxTokens: 5", "mode: 'token'"):
        assert kept in text
    assert text.count(REDACTED) == 4


def test_the_redacted_text_comes_back_as_the_original() -> None:
    restored = restore(redacted(SECRETS), SECRETS)
    assert load_text(restored, {}, folder=HERE).parsed == load_text(SECRETS, {}, folder=HERE).parsed
    with pytest.raises(ConfigError, match="no secret in this place"):
        restore(f"{{gateway: {{auth: {{password: '{REDACTED}'}}}}}}", SECRETS)
    assert restore("{a: 1}", SECRETS) == "{a: 1}"


def test_a_text_that_cannot_be_read_is_not_shown_at_all() -> None:
    assert "tok-1" not in redacted('{token: "tok-1"')


def test_plain_values_are_redacted_alike() -> None:
    shown = redacted_value(load_text(SECRETS, {}, folder=HERE).parsed)
    assert shown["gateway"]["auth"]["token"] == REDACTED
    assert shown["models"]["providers"]["my.p"]["headers"]["Authorization"] == REDACTED
    assert shown["models"]["providers"]["my.p"]["apiKey"] == "${KEY}"
    assert shown["channels"]["other"]["password"] == REDACTED


@pytest.mark.parametrize(
    ("path", "secret"),
    [
        ("gateway.auth.token", True),
        ("models.local.maxTokens", False),
        ("agents.defaults.contextTokens", False),
        ("hooks.token", True),
        ("channels.slack.accounts.a.signingSecret", True),
        ("models.providers.x.headers.X-Any", True),
        ("a.tokens[0]", True),
        ("a.tokens.prod", True),
        ("a.credentials[0].user", True),
        ("a.password.file", False),
        ("a.maxTokens.prod", False),
        ("a.keepRecentTokens", False),
        ("", False),
        ("a[", True),
    ],
)
def test_names_tell_what_is_secret(path: str, secret: bool) -> None:
    assert is_sensitive(path) is secret
