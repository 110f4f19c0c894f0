"""The one place where a tool runs: policy, validate, invoke with a deadline, bound. Only a cancel is raised."""

from __future__ import annotations

import asyncio
import logging
from typing import Any, Final

import msgspec

from appliance.foundation.errors import ApplianceError
from appliance.messages import ToolCall, ToolResult
from appliance.tools.arguments import ToolArgumentsError
from appliance.tools.base import Tool, ToolContext, ToolOutput, ToolRefusedError
from appliance.tools.policy import ToolPolicy
from appliance.tools.registry import Registry

_log = logging.getLogger(__name__)

MAX_TEXT_CHARACTERS: Final = 16_000
MAX_DATA_BYTES: Final = 65_536
MAX_ARGUMENT_BYTES: Final = 65_536
_MAX_NAME_CHARACTERS: Final = 64
_TIMEOUT_S: Final = 30.0


class Executor:
    """Executes the tool calls of all runs; it keeps nothing between calls."""

    def __init__(self, registry: Registry, *, timeout_s: float = _TIMEOUT_S) -> None:
        self._registry = registry
        self._timeout_s = timeout_s

    async def execute(self, call: ToolCall, context: ToolContext, policy: ToolPolicy) -> ToolResult:
        """Run one call and return its result; whatever goes wrong is a result with `is_error`."""
        output = await self._output(call, context, policy)
        text = output.text
        if len(text) > MAX_TEXT_CHARACTERS:
            text = text[: MAX_TEXT_CHARACTERS - 40].rstrip() + f"… ({len(text)} characters in all)"
        return ToolResult(call.id, call.name, text, output.is_error, _bounded(call.name, output.data))

    async def _output(self, call: ToolCall, context: ToolContext, policy: ToolPolicy) -> ToolOutput:
        tool = self._registry.get(call.name)
        # A tool that the policy hides answers like one that does not exist: its name is no news to a model.
        if tool is None or not policy.allows(call.name, self._registry.groups()):
            return ToolOutput(f"There is no tool {call.name[:_MAX_NAME_CHARACTERS]} here.", is_error=True)
        try:
            if len(msgspec.json.encode(dict(call.arguments))) > MAX_ARGUMENT_BYTES:
                raise ToolArgumentsError(f"The arguments are larger than {MAX_ARGUMENT_BYTES} bytes.")
            return await self._invoke(tool, tool.decode(call.arguments), context)
        except ToolRefusedError as error:
            return ToolOutput(str(error), error.data, is_error=True)
        except ToolArgumentsError as error:
            return ToolOutput(f"{call.name} was not called. {error}", is_error=True)
        except ApplianceError as error:
            _log.warning("tool %s failed: %s", call.name, error, extra={"runId": context.run_id, "code": error.code})
            return ToolOutput(f"{call.name} failed: {error}", is_error=True)
        except Exception:  # noqa: BLE001 - a broken tool must not end the run; the log has the traceback
            _log.exception("tool %s broke", call.name, extra={"runId": context.run_id})
            return ToolOutput(f"{call.name} broke. The log of the box has the details.", is_error=True)

    async def _invoke(self, tool: Tool, arguments: Any, context: ToolContext) -> ToolOutput:
        deadline = asyncio.timeout(self._timeout_s)
        try:
            async with deadline:
                return await tool.invoke(arguments, context)
        except TimeoutError:
            if not deadline.expired():
                raise  # a time-out inside the tool is the tool's own failure
            return ToolOutput(f"{tool.spec.name} did not finish in {self._timeout_s:g} seconds.", is_error=True)


def _bounded(name: str, data: Any) -> Any:
    """Return data that is JSON and not too large; what is not is left out, because the text carries the answer."""
    if data is None:
        return None
    try:
        size = len(msgspec.json.encode(data))
    except (TypeError, ValueError, RecursionError):
        _log.exception("tool %s answered with data that is not JSON", name)
        return None
    if size > MAX_DATA_BYTES:
        _log.warning("tool %s answered with %d bytes of data; they are left out", name, size)
        return None
    return data
