"""Chat templates of our own in the published formats, as small as they can be."""

from __future__ import annotations

import datetime

from appliance.engine.chat.formats import ToolFormat
from appliance.engine.chat.template import CHATML

_CHATML_END = "{%- if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{%- endif %}"

HERMES = (
    "{%- set first = messages[0] %}{%- if tools %}{{ '<|im_start|>system\n' }}"
    "{%- if first.role == 'system' %}{{ first.content + '\n\n' }}{%- endif %}{{ '<tools>' }}"
    "{%- for tool in tools %}{{ '\n' + (tool | tojson) }}{%- endfor %}{{ '\n</tools><|im_end|>\n' }}"
    "{%- elif first.role == 'system' %}{{ '<|im_start|>system\n' + first.content + '<|im_end|>\n' }}{%- endif %}"
    "{%- for message in messages %}{%- if message.role == 'tool' %}"
    "{{ '<|im_start|>user\n<tool_response>\n' + message.content + '\n</tool_response><|im_end|>\n' }}"
    "{%- elif message.role != 'system' %}{{ '<|im_start|>' + message.role + '\n' + message.content }}"
    '{%- for call in message.tool_calls or [] %}{{ \'<tool_call>\n{"name": "\' + call.function.name '
    "+ '\", \"arguments\": ' + (call.function.arguments | tojson) + '}\n</tool_call>' }}{%- endfor %}"
    "{{ '<|im_end|>\n' }}{%- endif %}{%- endfor %}" + _CHATML_END
)
QWEN_CODER = (
    "{{ '<|im_start|>system\n' }}{%- if messages[0].role == 'system' %}{{ messages[0].content }}{%- endif %}"
    "{%- for tool in tools or [] %}{{ '\n<function><name>' + tool.function.name + '</name>' "
    "+ (tool.function.parameters | tojson) + '</function>' }}{%- endfor %}{{ '<|im_end|>\n' }}"
    "{%- for message in messages %}{%- if message.role == 'tool' %}"
    "{{ '<|im_start|>user\n<tool_response>\n' + message.content + '\n</tool_response><|im_end|>\n' }}"
    "{%- elif message.role != 'system' %}{{ '<|im_start|>' + message.role + '\n' + message.content }}"
    "{%- for call in message.tool_calls or [] %}{{ '<tool_call>\n<function=' + call.function.name + '>\n' }}"
    "{%- for key, value in call.function.arguments | items %}{{ '<parameter=' + key + '>\n' }}"
    "{{ value if value is string else (value | tojson) }}{{ '\n</parameter>\n' }}{%- endfor %}"
    "{{ '</function>\n</tool_call>' }}{%- endfor %}{{ '<|im_end|>\n' }}{%- endif %}{%- endfor %}" + _CHATML_END
)
_LLAMA_TURN = "{{ '<|start_header_id|>' + role + '<|end_header_id|>\n\n' }}"
LLAMA3 = (
    "{%- macro turn(role) %}" + _LLAMA_TURN + "{%- endmacro %}{{ turn('system') }}"
    "{%- if messages[0].role == 'system' %}{{ messages[0].content }}{%- endif %}"
    '{%- if tools %}{{ \'Environment: ipython\nAnswer with {"name": name, "parameters": {}}.\' }}'
    "{%- for tool in tools %}{{ '\n' + (tool | tojson) }}{%- endfor %}{%- endif %}{{ '<|eot_id|>' }}"
    "{%- for message in messages %}{%- if message.tool_calls %}{{ turn('assistant') }}"
    '{{ \'{"name": "\' + message.tool_calls[0].function.name + \'", "parameters": \' }}'
    "{{ message.tool_calls[0].function.arguments | tojson }}{{ '}<|eot_id|>' }}"
    "{%- elif message.role == 'tool' %}{{ turn('ipython') + message.content + '<|eot_id|>' }}"
    "{%- elif message.role != 'system' %}{{ turn(message.role) + message.content + '<|eot_id|>' }}{%- endif %}"
    "{%- endfor %}{%- if add_generation_prompt %}{{ turn('assistant') }}{%- endif %}"
)
# roles must alternate and the system text stands in front of the first person's words
GEMMA3 = (
    "{%- set system = messages[0].content if messages[0].role == 'system' else '' %}"
    "{%- set rest = messages[1:] if messages[0].role == 'system' else messages %}{%- for message in rest %}"
    "{%- if (message.role == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('must alternate') }}{%- endif %}"
    "{{ '<start_of_turn>' + ('model' if message.role == 'assistant' else 'user') + '\n' }}"
    "{{ (system + '\n\n' if loop.first and system else '') + message.content + '<end_of_turn>\n' }}{%- endfor %}"
    "{%- if add_generation_prompt %}{{ '<start_of_turn>model\n' }}{%- endif %}"
)


def _gemma(turn: str, end: str, opening: str, closing: str, quote: str, declared: tuple[str, str]) -> str:
    """Return a template in which calls stand between marks of their own."""
    text = f"'{quote}' + one + '{quote}'"
    value = f"{{%- macro value(one) %}}{{{{ {text} if one is string else one | tojson }}}}{{%- endmacro %}}"
    declare = (
        f"{{%- for tool in tools or [] %}}{{{{ '{declared[0]}declaration:' + tool.function.name + '{{description:"
        f"{quote}' + tool.function.description + '{quote}}}{declared[1]}' }}}}{{%- endfor %}}"
    )
    calls = (
        f"{{%- for call in message.tool_calls or [] %}}{{{{ '{opening}call:' + call.function.name + '{{' }}}}"
        "{%- for key, one in call.function.arguments | items %}{{ (',' if not loop.first else '') + key + ':' }}"
        f"{{{{ value(one) }}}}{{%- endfor %}}{{{{ '}}{closing}' }}}}{{%- endfor %}}"
    )
    response = f"{{{{ '{turn}user\\nresponse:' + message.name + ' ' + message.content + '{end}\\n' }}}}"
    said = f"{{{{ '{turn}' + ('model' if message.role == 'assistant' else 'user') + '\\n' + message.content }}}}"
    return (
        f"{value}{{{{ '{turn}system\\n' + (messages[0].content if messages[0].role == 'system' else '') }}}}"
        f"{declare}{{{{ '{end}\\n' }}}}{{%- for message in messages %}}{{%- if message.role == 'tool' %}}{response}"
        f"{{%- elif message.role != 'system' %}}{said}{calls}{{{{ '{end}\\n' }}}}{{%- endif %}}{{%- endfor %}}"
        f"{{%- if add_generation_prompt %}}{{{{ '{turn}model\\n' }}}}{{%- endif %}}"
    )


FUNCTION_GEMMA = _gemma(
    "<start_of_turn>",
    "<end_of_turn>",
    "<start_function_call>",
    "<end_function_call>",
    "<escape>",
    ("<start_function_declaration>", "<end_function_declaration>"),
)
GEMMA4 = _gemma("<|turn>", "<turn|>", "<|tool_call>", "<tool_call|>", '<|"|>', ("<|tool>", "<tool|>"))


def _mistral(call: str, between: str, opening: str, closing: str) -> str:
    return (
        "{{ bos_token }}{%- if messages[0].role == 'system' %}{{ '[SYSTEM_PROMPT]' + messages[0].content }}{%- endif %}"
        "{%- if tools %}{{ '[AVAILABLE_TOOLS]' + (tools | tojson) + '[/AVAILABLE_TOOLS]' }}{%- endif %}"
        "{%- for message in messages %}{%- if message.role == 'user' %}{{ '[INST]' + message.content + '[/INST]' }}"
        "{%- elif message.role == 'tool' %}{{ '[TOOL_RESULTS]' + message.content + '[/TOOL_RESULTS]' }}"
        "{%- elif message.role == 'assistant' %}{{ message.content }}"
        f"{{%- for call in message.tool_calls or [] %}}{{%- if call.id | length != 9 %}}"
        "{{ raise_exception('ids have nine characters') }}{%- endif %}"
        f"{{{{ ('{opening}' if loop.first else '{between}') }}}}{call}{{{{ '{closing}' if loop.last else '' }}}}"
        "{%- endfor %}{{ eos_token }}{%- endif %}{%- endfor %}"
    )


MISTRAL = _mistral(
    "{{ {'name': call.function.name, 'arguments': call.function.arguments, 'id': call.id} | tojson }}",
    ", ",
    "[TOOL_CALLS][",
    "]",
)
MISTRAL_ARGS = _mistral(
    "{{ call.function.name + '[ARGS]' + (call.function.arguments | tojson) }}", "[TOOL_CALLS]", "[TOOL_CALLS]", ""
)

TEMPLATES = {
    ToolFormat.HERMES: HERMES,
    ToolFormat.QWEN_CODER: QWEN_CODER,
    ToolFormat.LLAMA3: LLAMA3,
    ToolFormat.GEMMA3: GEMMA3,
    ToolFormat.FUNCTION_GEMMA: FUNCTION_GEMMA,
    ToolFormat.GEMMA4: GEMMA4,
    ToolFormat.MISTRAL: MISTRAL,
    ToolFormat.MISTRAL_ARGS: MISTRAL_ARGS,
    ToolFormat.PLAIN: CHATML,
}


def now() -> datetime.datetime:
    return datetime.datetime(2026, 11, 21, 8, 0, tzinfo=datetime.UTC)
