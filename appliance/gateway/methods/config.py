"""config.*: the file without its secrets, and changes that neither lose a comment nor overwrite someone else's."""

from __future__ import annotations

import asyncio
import datetime
from collections import OrderedDict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from appliance.config.document.json5 import parse
from appliance.config.document.paths import Path as OptionPath
from appliance.config.document.paths import parse_path
from appliance.config.errors import IssueSeverity
from appliance.config.load import Loaded, load_text
from appliance.config.redact import redacted, redacted_value, restore
from appliance.foundation.atomicfile import write_atomic
from appliance.foundation.clock import Clock
from appliance.gateway.method import Call, Method
from appliance.gateway.methods.config_patch import REMOVED, Change, changes_of, differences
from appliance.gateway.methods.config_shape import lookup, needs_restart, ui_hints
from appliance.protocol.errors import invalid_request, unavailable
from appliance.protocol.methods.base import UNSET, or_unset
from appliance.protocol.methods.config import (
    ConfigApplyParams,
    ConfigGetParams,
    ConfigGetResult,
    ConfigIssue,
    ConfigLookupParams,
    ConfigLookupResult,
    ConfigPatchParams,
    ConfigSchemaResult,
    ConfigSetParams,
    ConfigWriteResult,
)
from appliance.protocol.methods.config_edit import ConfigEditParams

READ, ADMIN = "operator.read", "operator.admin"
MAX_WRITES = 20
WINDOW_MS = 60_000
_MAX_ACTORS = 256
_STALE = "config changed since last load; re-run config.get and retry"


class ConfigFile(Protocol):
    """The configuration of the running gateway (daemon)."""

    @property
    def path(self) -> Path: ...
    @property
    def environ(self) -> Mapping[str, str]: ...
    @property
    def loaded(self) -> Loaded: ...
    def reload(self) -> bool:
        """Read the file again and tell everybody when it says something new."""
        ...


@dataclass(frozen=True, slots=True)
class ConfigTools:
    """What changes the text of a file without losing a comment, and the JSON Schema of all options."""

    set_value: Callable[[str, OptionPath, Any], str]
    remove_value: Callable[[str, OptionPath], str]
    json_schema: Callable[[], dict[str, Any]]


class WriteBudget:
    """At most MAX_WRITES changes a minute for each actor: a loop gone wild must not wear the disk out."""

    def __init__(self) -> None:
        self._writes: OrderedDict[str, deque[int]] = OrderedDict()

    def spend(self, actor: str, now_ms: int) -> None:
        """Count a change. Raises WireError (retryable) when there were too many."""
        times = self._writes.setdefault(actor, deque())
        self._writes.move_to_end(actor)
        while times and (now_ms - times[0] >= WINDOW_MS or times[0] > now_ms):
            times.popleft()
        if len(times) >= MAX_WRITES:
            wait_ms = WINDOW_MS - (now_ms - times[0])
            limit = f"{MAX_WRITES} per {WINDOW_MS // 1000}s"
            raise unavailable(
                f"rate limit exceeded for config writes; retry after {-(-wait_ms // 1000)}s",
                details={"limit": limit},
                retry_after_ms=wait_ms,
            )
        times.append(now_ms)
        while len(self._writes) > _MAX_ACTORS:
            self._writes.popitem(last=False)


class ConfigMethods:
    """Reads and changes the one configuration file."""

    def __init__(self, *, file: ConfigFile, tools: ConfigTools, clock: Clock, version: str) -> None:
        self._file = file
        self._tools = tools
        self._clock = clock
        self._version = version
        self._budget = WriteBudget()
        self._writing = asyncio.Lock()

    def get(self, _: Call, __: ConfigGetParams) -> ConfigGetResult:
        loaded = self._file.loaded
        shown = redacted_value(loaded.parsed)
        return ConfigGetResult(
            path=str(self._file.path),
            exists=loaded.exists,
            raw=redacted(loaded.raw),
            parsed=shown,
            source_config=shown,
            config=shown,
            valid=loaded.valid,
            issues=_issues(loaded),
            hash=loaded.hash,
            config_revision_hash=loaded.hash,
            applied_config_hash=loaded.hash,
        )

    def schema(self, _: Call, __: ConfigGetParams) -> ConfigSchemaResult:
        made = datetime.datetime.fromtimestamp(self._clock.now_ms() / 1000, datetime.UTC)
        return ConfigSchemaResult(
            schema=self._tools.json_schema(),
            ui_hints=ui_hints(),
            version=self._version,
            generated_at=made.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        )

    def lookup(self, _: Call, params: ConfigLookupParams) -> ConfigLookupResult:
        return lookup(params.path, self._tools.json_schema())

    async def set(self, call: Call, params: ConfigSetParams) -> ConfigWriteResult:
        return await self._write(call, params.base_hash, lambda _: params.raw)

    async def apply(self, call: Call, params: ConfigApplyParams) -> ConfigWriteResult:
        return await self._write(call, params.base_hash, lambda _: params.raw)

    async def patch(self, call: Call, params: ConfigPatchParams) -> ConfigWriteResult:
        wanted = parse(params.raw)
        if not isinstance(wanted, dict):
            raise invalid_request("config.patch raw must be an object")

        def change(raw: str) -> str:
            before = parse(raw) if raw.strip() else {}
            return self._changed(raw, changes_of(before, wanted, params.replace_paths))

        return await self._write(call, params.base_hash, change)

    async def merge(self, call: Call, wanted: Mapping[str, Any]) -> ConfigWriteResult:
        """Merge `wanted` into the file as config.patch does, for other parts of this gateway. Raises ApplianceError."""

        def change(raw: str) -> str:
            return self._changed(raw, changes_of(parse(raw) if raw.strip() else {}, wanted))

        return await self._write(call, None, change)

    async def edit(self, call: Call, params: ConfigEditParams) -> ConfigWriteResult:
        path = parse_path(params.path)
        value = REMOVED if params.value is UNSET else params.value
        return await self._write(call, params.base_hash, lambda raw: self._changed(raw, [Change(path, value)]))

    def _changed(self, raw: str, changes: list[Change]) -> str:
        for change in changes:
            if change.value is REMOVED:
                raw = self._tools.remove_value(raw, change.path)
            else:
                raw = self._tools.set_value(raw, change.path, change.value)
        return raw

    async def _write(self, call: Call, base_hash: str | None, change: Callable[[str], str]) -> ConfigWriteResult:
        self._budget.spend(call.actor, call.now_ms)
        async with self._writing:
            self._file.reload()  # someone may have edited the file a moment ago
            before = self._file.loaded
            if base_hash is not None and base_hash != before.hash:
                raise invalid_request(_STALE, details={"code": "CONFIG_CHANGED", "hash": before.hash})
            raw = restore(change(before.raw), before.raw)
            after = await asyncio.to_thread(load_text, raw, self._file.environ, folder=self._file.path.parent)
            self._check(before, after)
            changed = differences(before.parsed, after.parsed)
            if raw != before.raw:
                await asyncio.to_thread(_save, self._file.path, raw)
                self._file.reload()
            return self._result(changed, noop=raw == before.raw)

    def _check(self, before: Loaded, after: Loaded) -> None:
        """Refuse new errors; those that are in the file already must not forbid to mend another place."""
        known = {(issue.path, issue.message) for issue in before.issues}
        wrong = [
            issue
            for issue in after.issues
            if issue.severity is IssueSeverity.ERROR and (issue.path, issue.message) not in known
        ]
        if wrong:
            rows = [{"path": one.path, "message": one.message, "value": one.value, "hint": one.hint} for one in wrong]
            raise invalid_request(f"invalid config: {wrong[0]}", details={"code": "CONFIG_INVALID", "issues": rows})

    def _result(self, changed: list[str], *, noop: bool) -> ConfigWriteResult:
        loaded = self._file.loaded
        restart = [path for path in changed if needs_restart(path)]
        return ConfigWriteResult(
            path=str(self._file.path),
            hash=loaded.hash,
            config=redacted_value(loaded.parsed),
            changed_paths=changed,
            noop=True if noop else UNSET,
            restart_required=restart or UNSET,
        )

    def methods(self) -> tuple[Method, ...]:
        """Return the methods of the configuration."""
        written = ConfigWriteResult
        return (
            Method("config.get", READ, ConfigGetParams, self.get, result=ConfigGetResult),
            Method("config.schema", READ, ConfigGetParams, self.schema, result=ConfigSchemaResult),
            Method("config.schema.lookup", READ, ConfigLookupParams, self.lookup, result=ConfigLookupResult),
            Method("config.set", ADMIN, ConfigSetParams, self.set, result=written),
            Method("config.apply", ADMIN, ConfigApplyParams, self.apply, result=written),
            Method("config.patch", ADMIN, ConfigPatchParams, self.patch, result=written),
            Method("homarus.config.edit", ADMIN, ConfigEditParams, self.edit, result=written),
        )


def _issues(loaded: Loaded) -> list[ConfigIssue]:
    return [
        ConfigIssue(
            path=one.path,
            message=one.message,
            severity=one.severity.value,
            value=or_unset(one.value or None),
            hint=or_unset(one.hint or None),
        )
        for one in loaded.issues
    ]


def _save(path: Path, raw: str) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_atomic(path, raw.encode())
