"""What can be wrong with a configuration."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass

from appliance.foundation.errors import ApplianceError


class IssueSeverity(enum.StrEnum):
    """ERROR: the part refuses to start. WARNING: it works, look at it. UNUSED: an OpenClaw key without effect here."""

    ERROR = "error"
    WARNING = "warning"
    UNUSED = "unused"


@dataclass(frozen=True, slots=True)
class Issue:
    """One finding in the configuration. `value` is JSON text, shortened, and never a secret."""

    path: str
    value: str
    message: str
    hint: str = ""
    severity: IssueSeverity = IssueSeverity.ERROR

    def __str__(self) -> str:
        shown = f" (found {self.value})" if self.value else ""
        return f"{self.path or 'file'}: {self.message}{shown}{'. ' + self.hint if self.hint else ''}"


@dataclass(frozen=True, slots=True)
class Refused:
    """Stands where a section would be: this part must not start. `issues` say why."""

    path: str
    issues: tuple[Issue, ...]


class ConfigError(ApplianceError):
    """The configuration cannot be used or changed as asked."""

    code = "config_invalid"


class ConfigSyntaxError(ConfigError):
    """The text is not JSON5. `line` and `column` count from 1."""

    code = "config_syntax"

    def __init__(self, message: str, line: int, column: int) -> None:
        super().__init__(f"line {line}, column {column}: {message}", details={"line": line, "column": column})
        self.line = line
        self.column = column


class ConfigRefusedError(ConfigError):
    """A part was asked for whose section is invalid."""

    code = "config_refused"

    def __init__(self, path: str, issues: Sequence[Issue]) -> None:
        reasons = "; ".join(str(issue) for issue in issues[:5])
        super().__init__(f"The section {path} of the configuration cannot be used: {reasons}")
        self.issues = tuple(issues)
