"""The chat template of a model file, rendered in a sandbox, and ChatML where there is none that works.

Control tokens in what people, tools or documents say stay text: each of their names is cut in two by a mark that
no text may hold, and the prompt is tokenised piece by piece between the marks.
"""

from __future__ import annotations

import datetime
import json
import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any

import jinja2
import jinja2.ext
import jinja2.sandbox

from appliance.foundation.errors import ApplianceError

CUT = "\ufdd0"  # a noncharacter of Unicode: valid text for exchange never holds it
CHATML = (
    "{% for message in messages %}<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
_MAX_TEMPLATE_CHARS = 256 * 1024
_MAX_PROMPT_CHARS = 16 * 1024 * 1024


class TemplateError(ApplianceError):
    """A chat template cannot be read, or refuses this conversation."""

    code = "chat_template"


class _IgnoreGeneration(jinja2.ext.Extension):
    """Read over `{% generation %}`, which only training uses."""

    tags = {"generation"}  # noqa: RUF012 - the declared type of the base class is a plain set

    def parse(self, parser: Any) -> Any:
        parser.stream.skip(1)
        return parser.parse_statements(("name:endgeneration",), drop_needle=True)


@dataclass(frozen=True, slots=True)
class SpecialTexts:
    """The names of control tokens of a vocabulary, and of user-defined ones that look like marks."""

    bos: str = ""
    eos: str = ""
    pattern: re.Pattern[str] | None = None
    beginnings: frozenset[str] = frozenset()
    longest: int = 0

    @classmethod
    def of(cls, names: Collection[str], *, bos: str = "", eos: str = "") -> SpecialTexts:
        """Prepare the search for `names`; names of one character cannot be cut and are left out."""
        usable = sorted({name for name in names if len(name) > 1}, key=len, reverse=True)
        if not usable:
            return cls(bos, eos)
        # a lookahead finds overlapping names too
        pattern = re.compile("(?=" + "|".join(re.escape(name) for name in usable) + ")")
        beginnings = frozenset(name[:end] for name in usable for end in range(1, len(name)))
        return cls(bos, eos, pattern, beginnings, len(usable[0]))

    def inert(self, text: str) -> str:
        """Return `text` with a cut in every special name, and behind the beginning of one at the end."""
        text = text.replace(CUT, "\ufffd")
        if self.pattern is None:
            return text
        cuts = {match.start() + 1 for match in self.pattern.finditer(text)}
        if any(text[-size:] in self.beginnings for size in range(1, min(self.longest, len(text) + 1))):
            cuts.add(len(text))
        pieces, start = [], 0
        for cut in sorted(cuts):
            pieces.append(text[start:cut])
            start = cut
        return CUT.join([*pieces, text[start:]])

    def inert_value(self, value: Any) -> Any:
        """Return JSON with every string, keys too, made inert."""
        if isinstance(value, str):
            return self.inert(value)
        if isinstance(value, dict):
            return {self.inert(str(key)): self.inert_value(entry) for key, entry in value.items()}
        if isinstance(value, list | tuple):
            return [self.inert_value(entry) for entry in value]
        return value


class ChatTemplate:
    """One compiled template. `now` is asked for the local date when a template prints it."""

    def __init__(self, source: str, now: Callable[[], datetime.datetime]) -> None:
        """Compile `source`. Raises TemplateError."""
        if len(source) > _MAX_TEMPLATE_CHARS:
            raise TemplateError(f"the chat template has {len(source)} characters, over {_MAX_TEMPLATE_CHARS}")
        self.source = source
        self._now = now
        environment = jinja2.sandbox.ImmutableSandboxedEnvironment(
            trim_blocks=True, lstrip_blocks=True, extensions=[_IgnoreGeneration, jinja2.ext.loopcontrols]
        )
        environment.filters["tojson"] = _tojson
        try:
            self._template = environment.from_string(source)
        except (jinja2.TemplateError, RecursionError, SyntaxError) as error:
            raise TemplateError(f"the chat template cannot be read: {error}") from error

    def render(
        self,
        messages: Sequence[dict[str, Any]],
        specials: SpecialTexts,
        *,
        tools: Sequence[dict[str, Any]] = (),
        thinking: bool = False,
    ) -> list[str]:
        """Return the prompt in pieces to be tokenised one by one. Raises TemplateError."""
        try:
            text = self._template.render(
                messages=specials.inert_value(list(messages)),
                tools=specials.inert_value(list(tools)) or None,
                bos_token=specials.bos,
                eos_token=specials.eos,
                add_generation_prompt=True,
                enable_thinking=thinking,
                raise_exception=_raise,
                strftime_now=lambda form: self._now().strftime(form),
            )
        # a template is code of the model's author: whatever it raises is about the template
        except Exception as error:
            raise TemplateError(f"the chat template refused: {error}") from error
        if len(text) > _MAX_PROMPT_CHARS:
            raise TemplateError(f"the chat template made {len(text)} characters, over {_MAX_PROMPT_CHARS}")
        return [piece for piece in text.split(CUT) if piece]


def _raise(message: str) -> None:
    raise TemplateError(message)


def _tojson(
    value: Any,
    ensure_ascii: bool = False,
    indent: int | None = None,
    separators: tuple[str, str] | None = None,
    sort_keys: bool = False,
) -> str:
    """Write JSON as the Transformers library does: templates were made with it, and models trained on it."""
    return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)
