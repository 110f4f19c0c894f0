"""The configuration file over the wire: redacted to read, guarded by a hash to write."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

from appliance.protocol.methods.base import UNSET, Json, Natural, NonEmpty, Params, Result, Unset


class ConfigGetParams(Params, frozen=True):
    pass


class ConfigIssue(Result, frozen=True):
    path: str
    message: str
    severity: str
    value: Any = UNSET
    hint: str | Unset = UNSET


class ConfigGetResult(Result, frozen=True):
    """Secrets are replaced by `__OPENCLAW_REDACTED__` everywhere, in `raw` too."""

    path: NonEmpty
    exists: bool
    raw: str
    parsed: Json
    source_config: Json
    config: Json
    valid: bool
    issues: list[ConfigIssue]
    hash: NonEmpty
    config_revision_hash: NonEmpty
    applied_config_hash: NonEmpty


class ConfigSetParams(Params, frozen=True):
    raw: NonEmpty
    base_hash: NonEmpty | None = None


class DeliveryContext(Params, frozen=True):
    channel: str | None = None
    to: str | None = None
    account_id: str | None = None
    thread_id: str | float | None = None


class ConfigApplyParams(Params, frozen=True):
    """`raw` is the whole file (apply) or the text of a JSON merge patch (patch)."""

    raw: NonEmpty
    base_hash: NonEmpty | None = None
    session_key: str | None = None
    delivery_context: DeliveryContext | None = None
    note: str | None = None
    restart_delay_ms: Natural | None = None


class ConfigPatchParams(ConfigApplyParams, frozen=True):
    """`replace_paths` name arrays and objects that the patch replaces as a whole."""

    replace_paths: Annotated[list[NonEmpty], msgspec.Meta(max_length=256)] = msgspec.field(default_factory=list)


class ConfigWriteResult(Result, frozen=True):
    """`restart_required` lists the changed paths that count only after a restart."""

    path: NonEmpty
    hash: NonEmpty
    config: Json
    changed_paths: list[str]
    ok: bool = True
    noop: bool | Unset = UNSET
    restart_required: list[str] | Unset = UNSET


class ConfigSchemaResult(Result, frozen=True):
    schema: Any
    ui_hints: dict[str, Any]
    version: NonEmpty
    generated_at: NonEmpty


class ConfigLookupParams(Params, frozen=True):
    path: Annotated[str, msgspec.Meta(min_length=1, max_length=1024, pattern=r"^[A-Za-z0-9_./\[\]\-*]+$")]


ReloadKind = Literal["restart", "hot", "none"]


class ConfigHint(Result, frozen=True):
    label: str | Unset = UNSET
    help: str | Unset = UNSET
    sensitive: bool | Unset = UNSET


class ConfigChild(Result, frozen=True):
    key: NonEmpty
    path: NonEmpty
    has_children: bool
    required: bool = False
    type: str | Unset = UNSET
    reload_kind: ReloadKind | Unset = UNSET
    hint: ConfigHint | Unset = UNSET
    hint_path: NonEmpty | Unset = UNSET


class ConfigLookupResult(Result, frozen=True):
    path: NonEmpty
    schema: Any
    children: list[ConfigChild]
    reload_kind: ReloadKind | Unset = UNSET
    hint: ConfigHint | Unset = UNSET
    hint_path: NonEmpty | Unset = UNSET
