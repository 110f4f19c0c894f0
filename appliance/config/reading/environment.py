"""Environment variables that win over the file: HOMARUS_ and the path in capitals, as in HOMARUS_GATEWAY_PORT."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

import msgspec

from appliance.config.errors import Issue, IssueSeverity
from appliance.config.schema import Config
from appliance.config.shape import Kind, Shape, walk
from appliance.config.values import Secret

_PREFIX: Final = "HOMARUS_"
_SHORT: Final = {
    "HOMARUS_GATEWAY_TOKEN": "gateway.auth.token",
    "HOMARUS_GATEWAY_PASSWORD": "gateway.auth.password",
    "HOMARUS_LOG_LEVEL": "logging.level",
    "HOMARUS_MODEL": "agents.defaults.model",
}
_OTHER: Final = frozenset(
    {
        "HOMARUS_CONFIG",
        "HOMARUS_STATE_DIR",
        "HOMARUS_HOME",
        "HOMARUS_GATEWAY_URL",
        "HOMARUS_GATEWAY_TLS_FINGERPRINT",
        "HOMARUS_URL",
        "HOMARUS_PYTHON",
        "HOMARUS_LONG",
        "HOMARUS_ENGINE_DIR",
        "HOMARUS_ENGINE_SOCKETS",
        "HOMARUS_SPAWN_DIR",
        "HOMARUS_CACHE",
        "HOMARUS_MODEL_FOLDERS",
        "HOMARUS_GATE_PATIENCE_S",
        "HOMARUS_BACKUP_PASSPHRASE",
    }
)
_WORDS: Final = {
    "1": True,
    "true": True,
    "yes": True,
    "on": True,
    "0": False,
    "false": False,
    "no": False,
    "off": False,
}


def apply_environment(
    values: dict[str, Any], environ: Mapping[str, str]
) -> tuple[dict[str, Any], dict[str, str], list[Issue]]:
    """Return the values of the file with the environment's over them, the variable by path, and what was not known."""
    origins, issues = dict[str, str](), list[Issue]()
    ours = sorted(name for name in environ if name.startswith(_PREFIX) and name not in _OTHER and environ[name])
    known = variables() if ours else {}  # listing every option takes some ms of each start
    for name in ours:
        if name not in known:
            text = "is set in the environment and is no option of this program"
            issues.append(Issue(name, "", text, severity=IssueSeverity.UNUSED))
            continue
        path, shape = known[name]
        if path in origins and name not in _SHORT:
            continue  # the short name was seen already; both are the same option
        values = _with(values, path.split("."), _value(shape, environ[name]))
        origins[path] = name
    return values, origins, issues


@lru_cache(maxsize=1)
def variables() -> dict[str, tuple[str, Shape]]:
    """Return every variable with the option that it sets."""
    found = {}
    for path, field in walk(Config):
        if field.shape.kind in (Kind.SECTION, Kind.MAP) or "*" in path or "[]" in path:
            continue
        found[_PREFIX + re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", path).replace(".", "_").upper()] = (path, field.shape)
    by_path = dict(found.values())
    return found | {name: (path, by_path[path]) for name, path in _SHORT.items()}


def _value(shape: Shape, text: str) -> Any:
    """Read a variable. What cannot be read stays text, and the check of the option says what is wrong."""
    if shape.kind is Kind.SECRET:
        return Secret(text.strip())
    if shape.kind is Kind.LIST:
        return [one.strip() for one in text.split(",") if one.strip()]
    if shape.plain is bool:
        return _WORDS.get(text.strip().lower(), text)
    if shape.plain in (int, float):
        try:
            return msgspec.json.decode(text.strip())
        except msgspec.DecodeError:
            return text
    return text


def _with(values: dict[str, Any], path: list[str], value: Any) -> dict[str, Any]:
    """Return a copy with `value` at `path`; what is in the way and no object is replaced."""
    inner = values.get(path[0])
    if len(path) > 1:
        value = _with(inner if isinstance(inner, dict) else {}, path[1:], value)
    return {**values, path[0]: value}
