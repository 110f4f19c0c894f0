"""config.*: read without secrets, changed without surprises."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from unittest.mock import ANY

import pytest

from appliance.config.document.json5 import parse, render
from appliance.config.document.paths import Path as OptionPath
from appliance.config.document.paths import format_path
from appliance.config.load import Loaded, load
from appliance.foundation.clock import SystemClock
from appliance.foundation.errors import ApplianceError
from appliance.gateway.method import Call, MethodTable
from appliance.gateway.methods.config import MAX_WRITES, ConfigMethods, ConfigTools, WriteBudget
from appliance.gateway.methods.config_patch import REMOVED, Change, changes_of, differences
from appliance.gateway.methods.config_shape import field_at, lookup, needs_restart, subschema
from appliance.protocol.errors import WireError
from appliance.protocol.methods.config import (
    ConfigApplyParams,
    ConfigGetParams,
    ConfigHint,
    ConfigPatchParams,
    ConfigSetParams,
)
from appliance.protocol.methods.config_edit import ConfigEditParams
from tests.unit.gateway.methods.box import caller

MASK = "__OPENCLAW_REDACTED__"
TEXT = """{
  // where it listens
  gateway: { port: 18000, auth: { mode: "token", token: "the-real-secret" } },
}
"""


class OneFile:
    """A configuration file as the daemon holds it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.environ: Mapping[str, str] = {}
        self.reloads = 0
        self.loaded: Loaded = load(path, {}, hash_key=b"k")

    def reload(self) -> bool:
        before = self.loaded.hash
        self.loaded = load(self.path, {}, hash_key=b"k")
        self.reloads += self.loaded.hash != before
        return self.loaded.hash != before


def _set(text: str, path: OptionPath, value: Any) -> str:
    values: Any = parse(text) if text.strip() else {}
    place = values
    for step in path[:-1]:
        place = place.setdefault(step, {})
    if value is REMOVED:
        place.pop(path[-1], None)
    else:
        place[path[-1]] = value
    return render(values)


TOOLS = ConfigTools(
    set_value=_set,
    remove_value=lambda text, path: _set(text, path, REMOVED),
    json_schema=lambda: {"type": "object", "properties": {"gateway": {"type": "object", "title": "gateway"}}},
)


@pytest.fixture
def file(tmp_path: Path) -> OneFile:
    path = tmp_path / "homarus.json5"
    path.write_text(TEXT)
    path.chmod(0o600)
    return OneFile(path)


@pytest.fixture
def config(file: OneFile) -> ConfigMethods:
    return ConfigMethods(file=file, tools=TOOLS, clock=SystemClock(), version="1")


def call(now_ms: int = 1_000_000) -> Call:
    by = caller()
    return Call(by.view, by.actor, now_ms, by.subscriptions, "1", lambda payload: None)


def test_what_is_read_holds_no_secret(config: ConfigMethods) -> None:
    shown = config.get(call(), ConfigGetParams())
    assert "the-real-secret" not in str(shown)
    assert shown.parsed["gateway"]["auth"]["token"] == MASK
    assert "// where it listens" in shown.raw
    assert shown.valid
    assert shown.hash.startswith("hmac-sha256:v1:")


async def test_what_was_read_can_be_sent_back_with_its_mask(config: ConfigMethods, file: OneFile) -> None:
    shown = config.get(call(), ConfigGetParams())
    raw = shown.raw.replace("18000", "18001")
    written = await config.set(call(), ConfigSetParams(raw=raw, base_hash=shown.hash))
    assert (written.ok, written.changed_paths) == (True, ["gateway.port"])
    assert written.restart_required == ["gateway.port"]
    assert 'token: "the-real-secret"' in file.path.read_text()
    assert "// where it listens" in file.path.read_text()
    assert file.path.stat().st_mode & 0o777 == 0o600
    assert "the-real-secret" not in str(written)
    assert file.reloads == 1


async def test_a_mask_without_a_secret_behind_it_is_refused(config: ConfigMethods) -> None:
    with pytest.raises(ApplianceError, match="there was no secret"):
        await config.set(call(), ConfigSetParams(raw=f'{{gateway: {{auth: {{password: "{MASK}"}}}}}}'))


async def test_a_stale_hash_changes_nothing(config: ConfigMethods, file: OneFile) -> None:
    stale = config.get(call(), ConfigGetParams()).hash
    file.path.write_text(TEXT.replace("18000", "18002"))
    with pytest.raises(WireError, match=r"config changed since last load; re-run config\.get and retry"):
        await config.patch(call(), ConfigPatchParams(raw="{gateway:{port:1}}", base_hash=stale))
    assert "18002" in file.path.read_text()


async def test_a_patch_changes_only_what_it_names(config: ConfigMethods, file: OneFile) -> None:
    patch = ConfigPatchParams(raw=render({"gateway": {"port": 18005, "auth": {"token": MASK}}, "locale": "de"}))
    written = await config.patch(call(), patch)
    assert sorted(written.changed_paths) == ["gateway.port", "locale"]
    assert written.restart_required == ["gateway.port"]
    assert parse(file.path.read_text())["gateway"]["auth"]["token"] == "the-real-secret"


async def test_a_patch_that_changes_nothing_says_so_and_writes_nothing(config: ConfigMethods, file: OneFile) -> None:
    before = file.path.stat().st_mtime_ns
    written = await config.patch(call(), ConfigPatchParams(raw="{gateway:{port:18000}}"))
    assert written.noop is True
    assert file.path.stat().st_mtime_ns == before


async def test_an_invalid_value_is_refused_with_path_and_hint(config: ConfigMethods, file: OneFile) -> None:
    for raw in ("{gateway:{port:99999}}", "{gatway:{port:1}}"):
        with pytest.raises(WireError, match="invalid config") as caught:
            await config.patch(call(), ConfigPatchParams(raw=raw))
        assert caught.value.details["code"] == "CONFIG_INVALID"
    assert file.path.read_text() == TEXT


async def test_an_error_that_is_there_does_not_forbid_to_mend_another_place(
    config: ConfigMethods, file: OneFile
) -> None:
    file.path.write_text('{gateway: {port: 18000}, logging: {level: "shouting"}}')
    written = await config.patch(call(), ConfigPatchParams(raw="{gateway:{port:18001}}"))
    assert written.changed_paths == ["gateway.port"]


async def test_one_option_is_set_and_taken_out(config: ConfigMethods, file: OneFile) -> None:
    assert (await config.edit(call(), ConfigEditParams(path="offline", value=True))).changed_paths == ["offline"]
    assert parse(file.path.read_text())["offline"] is True
    assert (await config.edit(call(), ConfigEditParams(path="offline"))).changed_paths == ["offline"]
    assert "offline" not in parse(file.path.read_text())


async def test_the_first_change_makes_the_file(tmp_path: Path) -> None:
    file = OneFile(tmp_path / "new" / "homarus.json5")
    config = ConfigMethods(file=file, tools=TOOLS, clock=SystemClock(), version="1")
    assert config.get(call(), ConfigGetParams()).exists is False
    await config.edit(call(), ConfigEditParams(path="locale", value="de"))
    assert config.get(call(), ConfigGetParams()).config == {"locale": "de"}


async def test_text_that_is_no_configuration_is_refused(config: ConfigMethods) -> None:
    with pytest.raises(ApplianceError):
        await config.apply(call(), ConfigApplyParams(raw="{"))
    with pytest.raises(WireError, match="must be an object"):
        await config.patch(call(), ConfigPatchParams(raw="[]"))


def test_as_many_changes_as_allowed_pass_and_one_more_waits() -> None:
    budget = WriteBudget()
    for _ in range(MAX_WRITES):
        budget.spend("a", 1000)
    with pytest.raises(WireError) as caught:
        budget.spend("a", 31_000)
    assert caught.value.retryable
    assert caught.value.retry_after_ms == 30_000
    budget.spend("b", 31_000)
    budget.spend("a", 61_000)


def test_a_merge_patch_follows_its_rules() -> None:
    before = {"a": {"b": 1, "c": 2}, "d": [1], "e": 5}
    patch = {"a": {"b": None, "c": 2, "n": 3}, "d": [1, 2], "e": MASK, "gone": None, "new": {"x": 1, "y": None}}
    assert changes_of(before, patch) == [
        Change(("a", "b"), REMOVED),
        Change(("a", "n"), 3),
        Change(("d",), [1, 2]),
        Change(("new",), {"x": 1}),
    ]


def test_lists_of_named_things_merge_by_their_id_unless_replaced() -> None:
    before = {"m": [{"id": "a", "x": 1}, {"id": "b"}]}
    patch = {"m": [{"id": "a", "y": 2}, {"id": "c"}]}
    (merged,) = changes_of(before, patch)
    assert merged.value == [{"id": "a", "x": 1, "y": 2}, {"id": "b"}, {"id": "c"}]
    (replaced,) = changes_of(before, patch, ["m"])
    assert replaced.value == patch["m"]


def test_differences_name_the_deepest_places() -> None:
    assert differences({"a": {"b": 1, "c": 2}}, {"a": {"b": 1, "c": 3}, "d": 4}) == ["a.c", "d"]


def test_declarations_are_found_by_path() -> None:
    port = field_at("gateway.port")
    assert port is not None
    assert port.key == "port"
    assert field_at("models.providers.anything.apiKey") is not None
    assert field_at("gateway.nope") is None
    assert needs_restart("gateway.port")
    assert needs_restart("gateway")
    assert not needs_restart("locale")
    assert not needs_restart("models.aliases.short")  # an entry is as its option is
    assert needs_restart("gateway.trustedProxies[0]")
    assert not needs_restart("gateway.nope")


def test_a_quoted_name_is_one_step_of_a_path_whatever_it_holds() -> None:
    plain = field_at("models.providers.server.apiKey")
    assert plain is not None
    for name in ("my.server", "https://my.server:8080/v1", "a [b] c"):
        path = format_path(("models", "providers", name, "apiKey"))
        assert field_at(path) == plain
        assert needs_restart(path) == needs_restart("models.providers.server.apiKey")
        assert needs_restart(format_path(("models", "providers", name))) == needs_restart("models.providers.server")
    assert field_at(format_path(("models", "aliases", "org/model.gguf"))) == field_at("models.aliases.short")
    assert field_at("gateway.trustedProxies[]") == field_at("gateway.trustedProxies[3]")
    assert field_at('gateway["port') is None


@pytest.mark.parametrize(
    "path", ["models.local.path", "models.local.threads", "models.local.serve", "models.mini.enabled"]
)
def test_what_the_engines_follow_at_once_needs_no_restart(path: str) -> None:
    assert not needs_restart(path)


def test_a_lookup_lists_children_and_marks_secrets() -> None:
    schema = {"properties": {"gateway": {"title": "gateway", "properties": {"port": {"type": "integer"}}}}}
    found = lookup("gateway.auth", schema)
    hints = {child.key: child.hint for child in found.children}
    assert hints["token"] == ConfigHint(label="token", help=ANY, sensitive=True)
    assert lookup("gateway.port", schema).schema == {"type": "integer"}
    assert [child.key for child in lookup("models.providers", schema).children] == ["*"]
    assert "gateway" in {child.key for child in lookup(".", schema).children}
    assert subschema(schema, "nothing.here") == {}
    with pytest.raises(WireError, match=r"unknown config path: gateway\.nope"):
        lookup("gateway.nope", schema)


def test_who_may_only_read_cannot_write(config: ConfigMethods) -> None:
    table = MethodTable(config.methods())
    scopes = {method.name: method.scope for method in table.all()}
    assert {name for name, scope in scopes.items() if scope == "operator.read"} == {
        "config.get",
        "config.schema",
        "config.schema.lookup",
    }
    assert {scope for name, scope in scopes.items() if not name.startswith(("config.get", "config.schema"))} == {
        "operator.admin"
    }
