"""Slash commands."""

from __future__ import annotations

from typing import Literal

from appliance.protocol.methods.base import UNSET, Name200, NonEmpty, Params, Result, Unset


class CommandsListParams(Params, frozen=True):
    session_key: NonEmpty | None = None
    agent_id: NonEmpty | None = None
    provider: NonEmpty | None = None
    scope: Literal["text", "native", "both"] = "both"
    include_args: bool = True


class CommandArg(Result, frozen=True):
    name: Name200
    description: str
    type: Literal["string", "number", "boolean"] = "string"
    required: bool | Unset = UNSET


class CommandEntry(Result, frozen=True):
    name: Name200
    description: str
    scope: Literal["text", "native", "both"]
    accepts_args: bool
    source: Literal["native", "skill", "plugin"] = "native"
    native_name: Name200 | Unset = UNSET
    text_aliases: list[Name200] | Unset = UNSET
    category: Literal["session", "options", "status", "management", "media", "tools"] | Unset = UNSET
    args: list[CommandArg] | Unset = UNSET


class CommandsListResult(Result, frozen=True):
    commands: list[CommandEntry]
