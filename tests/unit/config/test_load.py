from pathlib import Path

import pytest

from appliance.config.errors import ConfigRefusedError, IssueSeverity, Refused
from appliance.config.load import Loaded, load, load_text
from appliance.config.schema import Config, usable
from appliance.config.values import ModelChoice, Secret

HERE = Path("/nonexistent")


def read(text: str, environ: dict[str, str] | None = None, folder: Path = HERE) -> Loaded:
    return load_text(text, environ or {}, folder=folder)


def errors(loaded: Loaded) -> dict[str, str]:
    return {one.path: f"{one.message}|{one.hint}" for one in loaded.issues if one.severity is IssueSeverity.ERROR}


def test_a_file_that_is_not_there_means_the_defaults(tmp_path: Path) -> None:
    loaded = load(tmp_path / "none.json5", {})
    assert loaded.valid
    assert not loaded.exists
    assert loaded.config == Config()
    gateway = usable(loaded.config.gateway)
    assert (gateway.port, gateway.bind, gateway.auth.mode) == (18789, "loopback", None)
    assert usable(loaded.config.messages).queue.debounce_ms == 1000


def test_several_problems_are_named_at_once_with_path_value_and_hint() -> None:
    loaded = read(
        """{gateway: {port: 70000, bnd: 'lan', auth: {mode: 'tokn'}},
            agents: {defaults: {timeoutSeconds: '5'}},
            loging: {level: 'info'}, timezone: 'Europe/Berlinn'}"""
    )
    found = errors(loaded)
    assert found["gateway.port"].startswith("must be a whole number from 0 to 65535")
    assert found["gateway.bnd"] == "is not an option|Did you mean bind?"
    assert found["gateway.auth.mode"].endswith("|Did you mean token?")
    assert "must be a whole number" in found["agents.defaults.timeoutSeconds"]
    assert found["loging"] == "is not an option|Did you mean logging?"
    assert "timezone" in found
    assert [one.value for one in loaded.issues if one.path == "gateway.port"] == ["70000"]


def test_an_invalid_section_is_refused_and_the_others_work() -> None:
    config = read("{gateway: {port: 'x'}, session: {dmScope: 'per-peer'}, offline: 'maybe'}").config
    assert isinstance(config.gateway, Refused)
    assert isinstance(config.offline, Refused)
    assert usable(config.session).dm_scope == "per-peer"
    with pytest.raises(ConfigRefusedError, match=r"gateway\.port"):
        usable(config.gateway)


@pytest.mark.parametrize("text", ["{", "[1]", "1", "{a: 1, a: 2}"])
def test_a_file_that_cannot_be_read_refuses_every_part(text: str) -> None:
    loaded = read(text)
    assert not loaded.valid
    assert all(isinstance(getattr(loaded.config, name), Refused) for name in Config.__struct_fields__)


def test_one_provider_with_a_mistake_does_not_take_the_others_away() -> None:
    loaded = read(
        """{models: {providers: {
            good: {baseUrl: 'http://192.168.1.5:1234/v1', models: [{id: 'm'}]},
            wrong: {api: 'soap'}, link: {baseUrl: 'http://169.254.169.254/x'}, twice: {models: [{id: 'm'}, {id: 'm'}]}
        }}}"""
    )
    assert set(errors(loaded)) == {
        "models.providers.wrong.api",
        "models.providers.link.baseUrl",
        "models.providers.twice.models[1].id",
    }
    assert list(usable(loaded.config.models).providers) == ["good"]


def test_a_mistake_in_a_tool_policy_refuses_the_policy_instead_of_widening_it() -> None:
    assert isinstance(read("{tools: {byProvider: {openai: {deny: 'exec'}}}}").config.tools, Refused)
    assert isinstance(read("{agents: {entries: {kids: {tools: {deny: 3}}}}}").config.agents, Refused)
    assert isinstance(read("{tools: {allow: ['a'], alsoAllow: ['b']}}").config.tools, Refused)


def test_keys_of_openclaw_without_effect_are_named_and_harmless() -> None:
    loaded = read(
        """{meta: {lastTouchedVersion: '1'}, channels: {telegram: {botToken: 'x', enabled: 'whatever'}},
            agents: {defaults: {heartbeat: {every: '30m'}, model: {primary: 'a/b', fallbacks: ['c/d']}}},
            gateway: {push: {mode: 'off'}}, $schema: 'x'}"""
    )
    assert loaded.valid
    unused = {one.path for one in loaded.issues if one.severity is IssueSeverity.UNUSED}
    assert unused == {"meta", "channels", "agents.defaults.heartbeat", "gateway.push"}
    assert usable(loaded.config.agents).defaults.model.candidates == ("a/b", "c/d")


def test_the_shapes_of_openclaw_are_accepted() -> None:
    loaded = read(
        """{gateway: {mode: 'local', port: 18789, bind: 'custom', customBindHost: '10.0.0.2',
              trustedProxies: ['10.0.0.0/8'],
              auth: {mode: 'token', token: '${TOKEN}', rateLimit: {maxAttempts: 3}},
              controlUi: {allowedOrigins: ['https://box.example']}, http: {endpoints: {responses: {enabled: false}}},
              nodes: {pairing: {autoApproveCidrs: ['192.168.0.0/16']}}, reload: {mode: 'hot'}},
            models: {mode: 'merge', aliases: {fast: 'x/y'}, providers: {x: {baseUrl: 'https://x.example/v1',
              apiKey: {source: 'env', provider: 'default', id: 'KEY'}, api: 'anthropic-messages', headers: {'X-A': 'b'},
              models: [{id: 'y', name: 'Y', reasoning: false, input: ['text', 'image'], contextWindow: 200000,
                maxTokens: 8192, cost: {input: 3, output: 15, cacheRead: 0.3, cacheWrite: 3.75}}]}}},
            agents: {defaults: {model: 'x/y', workspace: '~/w'},
              entries: {main: {default: true, model: {primary: 'x/y'}}}},
            session: {identityLinks: {ann: ['telegram:1', 'discord:2']}},
            messages: {queue: {mode: 'steer', byChannel: {telegram: 'interrupt'}, debounceMsByChannel: {slack: 5}}},
            tools: {profile: 'coding', deny: ['group:fs'], byProvider: {x: {profile: 'minimal'}}},
            discovery: {mdns: {mode: 'off'}}, logging: {level: 'debug'}}""",
        {"TOKEN": "secret-token", "KEY": "sk-1"},
    )
    assert loaded.valid
    assert {one.path for one in loaded.issues if one.severity is not IssueSeverity.UNUSED} == set()
    assert "session.identityLinks" in {one.path for one in loaded.issues}, "what no part reads yet is named"
    assert usable(loaded.config.gateway).auth.token == Secret("secret-token")
    provider = usable(loaded.config.models).providers["x"]
    assert provider.api_key is not None
    assert provider.api_key.reveal() == "sk-1"
    assert provider.models[0].cost is not None
    assert usable(loaded.config.agents).defaults.model == ModelChoice("x/y")


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("{gateway: {auth: {token: 'a', password: 'b'}}}", "gateway.auth.mode"),
        ("{gateway: {auth: {mode: 'password'}}}", "gateway.auth.password"),
        ("{gateway: {bind: 'lan', auth: {mode: 'none'}}}", "gateway.auth.mode"),
        ("{gateway: {bind: 'custom'}}", "gateway.customBindHost"),
        ("{gateway: {customBindHost: 'box'}}", "gateway.customBindHost"),
        ("{gateway: {trustedProxies: ['x']}}", "gateway.trustedProxies[0]"),
        ("{gateway: {tls: {certPath: 'x'}}}", "gateway.tls.certPath"),
        ("{gateway: {controlUi: {allowedOrigins: ['https://a/b']}}}", "gateway.controlUi.allowedOrigins[0]"),
        ("{gateway: {mode: 'remote'}}", "gateway.remote.url"),
        ("{gateway: {auth: {mode: 'trusted-proxy'}}}", "gateway.auth.mode"),
        ("{models: {providers: {x: {baseUrl: 'http://u:p@h/'}}}}", "models.providers.x.baseUrl"),
        ("{models: {providers: {x: {baseUrl: 'file:///etc/passwd'}}}}", "models.providers.x.baseUrl"),
        ("{models: {providers: {x: {headers: {'a b': 'c'}}}}}", 'models.providers.x.headers["a b"]'),
        ("{models: {providers: {'a/b': {}}}}", "models.providers.a/b"),
        ("{agents: {entries: {A: {}}}}", "agents.entries.A"),
        ("{agents: {entries: {a: {default: true}, b: {default: true}}}}", "agents.entries.b.default"),
        ("{agents: {defaults: {model: 3}}}", "agents.defaults.model"),
        ("{agents: {defaults: {model: {primary: ''}}}}", "agents.defaults.model"),
        ("{session: {mainKey: ''}}", "session.mainKey"),
        ("{locale: 'english please'}", "locale"),
        ("{storage: {backupHour: 24}}", "storage.backupHour"),
        ("{messages: {queue: {cap: 0}}}", "messages.queue.cap"),
        ("{models: {providers: {x: {models: [{}]}}}}", "models.providers.x.models[0].id"),
        ("{gateway: 3}", "gateway"),
    ],
)
def test_rules_between_options_hold(text: str, path: str) -> None:
    assert list(errors(read(text))) == [path]


def test_the_environment_wins_over_the_file() -> None:
    loaded = read(
        "{gateway: {port: 1}, offline: false}",
        {
            "HOMARUS_GATEWAY_PORT": "19000",
            "HOMARUS_OFFLINE": "yes",
            "HOMARUS_GATEWAY_TOKEN": "t0ken-${X}",
            "HOMARUS_GATEWAY_TRUSTED_PROXIES": "10.0.0.1, 10.0.0.2",
            "HOMARUS_MODEL": "local/x",
            "HOMARUS_STATE_DIR": "/x",
            "HOMARUS_CONFIG": "",
        },
    )
    gateway = usable(loaded.config.gateway)
    assert (gateway.port, gateway.trusted_proxies) == (19000, ("10.0.0.1", "10.0.0.2"))
    assert gateway.auth.token == Secret("t0ken-${X}")
    assert usable(loaded.config.offline) is True
    assert usable(loaded.config.agents).defaults.model.primary == "local/x"
    assert loaded.parsed == {"gateway": {"port": 1}, "offline": False}
    assert loaded.overrides["gateway.port"] == "HOMARUS_GATEWAY_PORT"
    assert loaded.valid
    assert not loaded.issues


def test_a_wrong_variable_is_named() -> None:
    loaded = read("", {"HOMARUS_GATEWAY_PORT": "many", "HOMARUS_GATEWAY_PROT": "1"})
    assert "(set by HOMARUS_GATEWAY_PORT)" in errors(loaded)["gateway.port"]
    assert [one.path for one in loaded.issues if one.severity is IssueSeverity.UNUSED] == ["HOMARUS_GATEWAY_PROT"]
