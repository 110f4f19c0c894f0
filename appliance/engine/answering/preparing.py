"""From a Generate frame to tokens and an answer: everything is checked before native code sees it."""

from __future__ import annotations

from appliance.engine import api
from appliance.engine.answering.answering import Answering
from appliance.engine.answering.errors import JobError, overflow
from appliance.engine.chat.answer import AnswerReader
from appliance.engine.chat.prompt import PromptMaker
from appliance.engine.native.bound import Bound
from appliance.engine.native.model import Model
from appliance.generation import FailureKind

_MAX_TEMPERATURE = 10.0
_MAX_CHARS_PER_TOKEN = 40  # a longer prompt cannot fit the window: it is refused before it is tokenised


def check(request: api.Generate) -> None:
    """Raise JobError where a value is outside what it may be."""
    problem = ""
    if request.max_tokens is not None and request.max_tokens < 0:
        problem = "max_tokens must not be negative; 0 only reads the prompt"
    elif len(request.stop) > api.MAX_STOPS:
        problem = f"{len(request.stop)} stop strings, at most {api.MAX_STOPS}"
    elif len(request.candidates) > api.MAX_CANDIDATES:
        problem = f"{len(request.candidates)} candidates, at most {api.MAX_CANDIDATES}"
    elif isinstance(request.input, api.Chat) and len(request.input.tools) > api.MAX_TOOLS:
        problem = f"{len(request.input.tools)} tools, at most {api.MAX_TOOLS}"
    elif isinstance(request.input, api.Raw) and len(request.input.grammar) > api.MAX_GRAMMAR_CHARS:
        problem = f"a grammar of {len(request.input.grammar)} characters, at most {api.MAX_GRAMMAR_CHARS}"
    elif request.temperature is not None and not 0 <= request.temperature <= _MAX_TEMPERATURE:
        problem = f"temperature must be between 0 and {_MAX_TEMPERATURE:g}"
    elif not 0 < request.top_p <= 1 or request.top_k < 0 or (request.seed or 0) < 0:
        problem = "top_p must be above 0 and at most 1, top_k and seed must not be negative"
    elif not 0 <= request.min_confidence < 1 or not 0 < request.hold_tokens <= api.MAX_HOLD_TOKENS:
        problem = f"min_confidence must be 0 or more and below 1, hold_tokens 1 to {api.MAX_HOLD_TOKENS}"
    if problem:
        raise JobError(FailureKind.INVALID_REQUEST, problem)


def prepared(request: api.Generate, model: Model, prompts: PromptMaker, window: int) -> tuple[list[int], Answering]:
    """Return the tokens of the prompt and what writes the answer. Raises JobError, ChatError, GrammarError …"""
    candidates = [_token_id(model, candidate) for candidate in request.candidates]
    if isinstance(request.input, api.Raw):
        tokens = _raw_tokens(request.input, model, prompts, window)
        bound = Bound(model, request.input.grammar) if request.input.grammar else None
        return tokens, Answering(request, model, bound=bound, reader=None, candidates=candidates)
    prompt = prompts.prompt(request.input)
    tokens = chat_tokens(prompt.pieces, model, window)
    bound = None if prompt.grammar is None else Bound(model, prompt.grammar.text)
    reader = None
    if request.input.response_schema is None:
        reader = AnswerReader(prompt.form, thinking_open=prompt.thinking_open)
    return tokens, Answering(request, model, bound=bound, reader=reader, candidates=candidates)


def _raw_tokens(raw: api.Raw, model: Model, prompts: PromptMaker, window: int) -> list[int]:
    tokens = [model.bos] if raw.add_bos and model.adds_bos else []
    _check_length(sum(len(part) for part in raw.prompt if isinstance(part, str)), window)
    for part in raw.prompt:
        if isinstance(part, str):
            for piece in prompts.plain_pieces(part):
                tokens += model.tokenize(piece, special=False)
        else:
            tokens.append(_token_id(model, part.name if isinstance(part, api.Control) else part))
    if not tokens:
        raise JobError(FailureKind.INVALID_REQUEST, "the prompt is empty")
    return tokens


def chat_tokens(pieces: tuple[str, ...], model: Model, window: int) -> list[int]:
    """Return the tokens of a rendered conversation. Raises JobError where it is far too long for the window."""
    _check_length(sum(map(len, pieces)), window)
    tokens = [token for piece in pieces for token in model.tokenize(piece, special=True)]
    if model.adds_bos and tokens[:1] != [model.bos]:
        return [model.bos, *tokens]
    return tokens


def _token_id(model: Model, token: int | str) -> int:
    if isinstance(token, str):
        if token not in model.specials:
            raise JobError(FailureKind.INVALID_REQUEST, f"the model has no control token named {token!r}")
        return model.specials[token]
    if not 0 <= token < model.size:
        message = f"token {token} is outside the vocabulary of {model.size}"
        raise JobError(FailureKind.INVALID_REQUEST, message)
    return token


def _check_length(characters: int, window: int) -> None:
    if characters > window * _MAX_CHARS_PER_TOKEN:
        raise overflow(characters // 4, window)
