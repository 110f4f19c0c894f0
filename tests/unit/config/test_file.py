import os
from pathlib import Path
from typing import Any

import msgspec
import pytest

from appliance.config import edit_file, json_schema, migrate_file, options
from appliance.config.errors import IssueSeverity, Refused
from appliance.config.file import ConfigInvalidError
from appliance.config.load import Loaded, load, load_text
from appliance.config.migrate import migrate
from appliance.config.schema import Config
from appliance.config.sections.known import MOVED, PENDING, UNUSED
from appliance.config.sections.option import Reload
from appliance.config.shape import walk
from appliance.config.values import Duration, parse_duration

HERE = Path("/nonexistent")


def read(text: str, environ: dict[str, str] | None = None, folder: Path = HERE) -> Loaded:
    return load_text(text, environ or {}, folder=folder)


def errors(loaded: Loaded) -> dict[str, str]:
    return {one.path: f"{one.message}|{one.hint}" for one in loaded.issues if one.severity is IssueSeverity.ERROR}


def test_a_file_that_others_can_read_is_warned_about_when_it_holds_secrets(tmp_path: Path) -> None:
    path = tmp_path / "c.json5"
    path.write_text("{gateway: {auth: {token: 'abc'}}}")
    path.chmod(0o644)
    assert [one.severity for one in load(path, {}).issues] == [IssueSeverity.WARNING]
    path.chmod(0o600)
    assert load(path, {}).issues == ()


def test_what_is_no_readable_file_refuses_every_part(tmp_path: Path) -> None:
    (tmp_path / "bytes").write_bytes(b"\xff\xfe{}")
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "bytes", tmp_path / "pipe"):
        loaded = load(path, {})
        assert not loaded.valid
        assert isinstance(loaded.config.gateway, Refused)


def test_an_edit_of_the_file_is_checked_atomic_private_and_keeps_comments(tmp_path: Path) -> None:
    path = tmp_path / "sub" / "c.json5"
    edit_file(path, "gateway.port", 19000, {})
    path.write_text("// mine\n" + path.read_text())
    edit_file(path, "models.local.path", "/m.gguf", {})
    assert path.read_text().startswith("// mine\n")
    assert path.stat().st_mode & 0o777 == 0o600
    before = path.read_text()
    with pytest.raises(ConfigInvalidError, match=r"gateway\.port"):
        edit_file(path, "gateway.port", "x", {})
    assert path.read_text() == before
    assert [one.name for one in path.parent.iterdir()] == ["c.json5"]


def test_an_error_that_is_there_already_does_not_forbid_to_mend_another_place(tmp_path: Path) -> None:
    path = tmp_path / "c.json5"
    path.write_text("{gateway: {port: 'x'}, logging: {level: 'y'}}")
    assert set(errors(edit_file(path, "logging.level", "debug", {}))) == {"gateway.port"}


def test_old_names_are_brought_to_new_ones_with_their_comments(tmp_path: Path) -> None:
    path = tmp_path / "c.json5"
    path.write_text(
        "{\n  // mine\n  port: 5,\n  gateway: { token: 'x' },\n  agents: { list: [{id: 'main', name: 'M'}] },\n}\n"
    )
    found = errors(load(path, {}))
    assert "homarus config migrate" in found["port"]
    assert len(migrate_file(path, {})) == 3
    loaded = load(path, {})
    assert loaded.valid
    assert loaded.parsed == {
        "gateway": {"auth": {"token": "x"}, "port": 5},
        "agents": {"entries": {"main": {"name": "M"}}},
    }
    assert "// mine" in path.read_text()
    assert migrate_file(path, {}) == []
    assert migrate("") == ("", [])


def test_every_option_has_a_meaning_a_default_that_is_json_and_a_reload_kind() -> None:
    found = options()
    assert len(found) > 80
    assert len({one.path for one in found}) == len(found)
    for one in found:
        assert one.meaning, one.path
        assert one.type, one.path
        assert one.reload in Reload
        msgspec.json.encode(one.default)
    by_path = {one.path: one for one in found}
    assert (by_path["gateway.port"].default, by_path["gateway.port"].reload) == (18789, Reload.RESTART)
    assert by_path["messages.queue.debounceMs"].unit == "ms"
    assert "models.providers.*.models[].id" in by_path


def test_what_is_named_as_unused_or_moved_agrees_with_what_is_declared() -> None:
    declared = {path for path, _ in walk(Config)}
    assert set(PENDING) <= declared
    assert not UNUSED & declared
    assert not set(MOVED) & declared
    for new in MOVED.values():
        assert new in declared or new.startswith(("agents.entries.main", "agents.defaults.model.")), new


def test_the_json_schema_has_no_references_and_accepts_the_defaults() -> None:
    schema = json_schema()
    text = msgspec.json.encode(schema).decode()
    assert "$ref" not in text

    def check(part: dict[str, Any]) -> None:
        if part.get("type") == "object":
            for name, one in part.get("properties", {}).items():
                assert one.get("description") or name in ("primary", "fallbacks"), name
                check(one)

    check(schema)
    assert schema["properties"]["gateway"]["properties"]["port"] == {
        "type": "integer",
        "minimum": 0,
        "maximum": 65535,
        "description": "TCP port; --port and HOMARUS_GATEWAY_PORT win over the file",
        "default": 18789,
    }


def test_the_json_schema_says_units_secrets_and_what_counts_at_once_or_not_yet() -> None:
    def at(path: str) -> dict[str, Any]:
        part: Any = json_schema()
        for step in path.split("."):
            part = part["additionalProperties"] if step == "*" else part["properties"][step]
        return dict(part)

    assert at("messages.queue.debounceMs")["x-unit"] == "ms"
    assert at("messages.queue.debounceMs")["x-reload"] == "hot"
    assert "x-reload" not in at("gateway.port")
    assert at("gateway.auth.token")["writeOnly"] is True
    assert at("models.providers.*.headers.*")["writeOnly"] is True
    for path, reason in PENDING.items():
        if "[]" not in path:
            assert at(path)["x-pending"] == reason, path


@pytest.mark.parametrize(
    ("text", "ms"),
    [("30m", 1_800_000), ("1h30m", 5_400_000), ("500ms", 500), ("0m", 0), ("5", 300_000), ("7d", 604_800_000)],
)
def test_durations_are_read_as_openclaw_writes_them(text: str, ms: int) -> None:
    assert parse_duration(text) == Duration(ms)
    assert parse_duration(str(Duration(ms))) == Duration(ms)


@pytest.mark.parametrize("text", ["", "m", "5x", "-5m", "1h5", "9999999d"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"duration"):
        parse_duration(text)
