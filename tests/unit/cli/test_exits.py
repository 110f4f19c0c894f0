"""Exit codes are part of the interface."""

from __future__ import annotations

import pytest

from appliance.cli.exits import HELP, Exit, exit_code, told
from appliance.client.errors import ConnectionLost, ConnectRefused, GatewayAway, RequestFailed
from appliance.config.errors import ConfigError
from appliance.foundation.errors import ApplianceError
from appliance.storage.errors import StateHeldError


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (GatewayAway("nobody"), Exit.AWAY),
        (ConnectionLost("gone"), Exit.AWAY),
        (ConnectRefused("no", "AUTH_TOKEN_MISMATCH", {}), Exit.REFUSED),
        (RequestFailed("no", "FORBIDDEN", {}, retryable=False), Exit.REFUSED),
        (RequestFailed("no", "INVALID_REQUEST", {}, retryable=False), Exit.FAILED),
        (RequestFailed("no", "INVALID_REQUEST", {"code": "CONFIG_INVALID"}, retryable=False), Exit.CONFIG),
        (ConfigError("bad"), Exit.CONFIG),
        (StateHeldError("held"), Exit.HELD),
        (TimeoutError(), Exit.TIMEOUT),
        (ApplianceError("something"), Exit.FAILED),
    ],
)
def test_every_failure_has_its_code(error: ApplianceError | TimeoutError, code: Exit) -> None:
    assert exit_code(error) is code


def test_help_documents_every_code() -> None:
    documented = {int(line.split()[0]) for line in HELP.splitlines()[2:]}
    assert documented == {int(code) for code in Exit}


def test_who_has_no_token_is_told_where_it_is() -> None:
    assert "HOMARUS_GATEWAY_TOKEN" in told(ConnectRefused("unauthorized", "AUTH_TOKEN_MISSING", {}))
    assert told(ConnectRefused("locked", "AUTH_RATE_LIMITED", {})) == "locked"
    assert told(TimeoutError("timed out")).startswith("The gateway took too long to answer. `homarus status`")


def test_a_node_that_is_away_is_to_be_started_there() -> None:
    away = RequestFailed("node not connected", "UNAVAILABLE", {"code": "NOT_CONNECTED"}, retryable=True)
    assert "`homarus node run`" in told(away)
