"""Trains the language model on fresh examples until a number of steps is done; writes a checkpoint as it goes."""

from __future__ import annotations

import argparse
import math
import random
import time
from collections.abc import Iterator
from pathlib import Path

import torch
from torch.nn import functional

from appliance.understanding.vocabulary import CALL, END, SPANS, TOOLS, USER, key_token, tool_token
from mini.generator.corpus import WEIGHTS, Example, Generator
from mini.model import Mini, Shape
from mini.tokenizer import CONTROL, Tokenizer

_TEXT_WEIGHT = 0.05  # reading is practised a little, answering is what counts
_TOOL_WEIGHT = 2.0
# half of the practice is copying words that were never seen: that is learned late and suddenly
_COPYING = {tool: WEIGHTS[tool] for tool, keys in SPANS.items() if keys}
_BATCH_TOKENS = 3600
_POOL = 4096  # examples that are sorted by length before they are cut into batches


def sequence(example: Example, tokenizer: Tokenizer) -> tuple[list[int], int]:
    """Return the ids of prompt and answer, and where the answer begins. Spans come in the order of SPANS."""
    ids = tokenizer.ids
    prompt = [ids[USER], *tokenizer.encode(" " + example.text), ids[CALL]]
    answer = [ids[tool_token(example.tool)]]
    spans: dict[str, str] = {}
    for key, words in example.spans:
        spans.setdefault(key, words)
    for key in SPANS[example.tool]:
        if key in spans:
            answer += [ids[key_token(key)], *tokenizer.encode(" " + spans[key])]
    return [*prompt, *answer, ids[END]], len(prompt)


def batches(tokenizer: Tokenizer, seed: int) -> Iterator[tuple[torch.Tensor, torch.Tensor, torch.Tensor]]:
    """Yield inputs, targets and target weights, (batch, time) each, for ever."""
    rng = random.Random(seed)
    generator, copying = Generator(seed), Generator(seed + 1, strange=0.6)
    plain = range(len(CONTROL) + 256, len(tokenizer.tokens))
    while True:
        drawn = [*generator.examples(_POOL // 2), *copying.examples(_POOL // 2, _COPYING)]
        pool = sorted((sequence(e, tokenizer) for e in drawn), key=lambda s: len(s[0]))
        cut: list[list[tuple[list[int], int]]] = []
        begin = 0
        for at in range(len(pool) + 1):
            if at == len(pool) or (at - begin + 1) * len(pool[at][0]) > _BATCH_TOKENS:
                cut.append(pool[begin:at])
                begin = at
        rng.shuffle(cut)
        for rows in cut:
            longest = max(len(ids) for ids, _ in rows)
            inputs = torch.zeros(len(rows), longest - 1, dtype=torch.long)
            targets = torch.zeros_like(inputs)
            weights = torch.zeros(inputs.shape)
            for row, (ids, start) in enumerate(rows):
                seen = list(ids[:-1])
                if len(ids) - start == 2:  # nothing to copy: a word may be unknown
                    for at in range(1, start - 1):
                        if rng.random() < 0.03:
                            seen[at] = rng.choice(plain)
                inputs[row, : len(seen)] = torch.tensor(seen)
                targets[row, : len(seen)] = torch.tensor(ids[1:])
                weights[row, : start - 1] = _TEXT_WEIGHT
                weights[row, start - 1 : len(seen)] = 1.0
                weights[row, start - 1] = _TOOL_WEIGHT
            yield inputs, targets, weights


def held_out(model: Mini, tokenizer: Tokenizer, examples: list[Example]) -> float:
    """Return how many get the right tool. Same templates: not a measure of quality."""
    model.eval()
    first = tokenizer.ids[tool_token(TOOLS[0])]
    right = 0
    with torch.no_grad():
        for example in examples:
            ids, start = sequence(example, tokenizer)
            logits = model.logits(model(torch.tensor([ids[:start]])))[0, -1]
            right += TOOLS[int(logits[first : first + len(TOOLS)].argmax())] == example.tool
    model.train()
    return right / len(examples)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tokenizer", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=1600)
    parser.add_argument("--rate", type=float, default=1.6e-3)
    parser.add_argument("--drop", type=float, default=0.05)
    parser.add_argument("--seed", type=int, default=21)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--resume", type=Path)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    tokenizer = Tokenizer.load(options.tokenizer)
    model = Mini(Shape(len(tokenizer.tokens)), options.drop)
    # drawn now: phrase files may be edited while a training runs
    unseen = list(Generator(99).examples(600))
    if options.resume:
        model.load_state_dict(torch.load(options.resume))
    wide = [p for p in model.parameters() if p.ndim == 2]
    thin = [p for p in model.parameters() if p.ndim == 1]
    optimizer = torch.optim.AdamW(
        [{"params": wide, "weight_decay": 0.05}, {"params": thin, "weight_decay": 0.0}], betas=(0.9, 0.98)
    )
    begun, spent, running, examples = time.monotonic(), time.process_time(), 0.0, 0
    for step, (inputs, targets, weights) in enumerate(batches(tokenizer, options.seed), 1):
        warm = min(1.0, step / 80)
        scale = warm * (0.04 + 0.96 * 0.5 * (1 + math.cos(math.pi * min(1.0, step / options.steps))))
        for group in optimizer.param_groups:
            group["lr"] = options.rate * scale
        hidden = model(inputs)
        losses = functional.cross_entropy(
            model.logits(hidden).flatten(0, 1), targets.flatten(), reduction="none", label_smoothing=0.02
        )
        flat = weights.flatten()
        loss = (losses * flat).sum() / flat.sum()
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        running, examples = 0.98 * running + 0.02 * float(loss), examples + len(inputs)
        if step % 50 == 0:
            mean = running / (1 - 0.98**step)
            print(
                f"step {step}/{options.steps} loss {mean:.4f} {examples} examples, "
                f"{time.monotonic() - begun:.0f} s, CPU {time.process_time() - spent:.0f} s",
                flush=True,
            )
        if step % 400 == 0 or step == options.steps:
            torch.save(model.state_dict(), options.out)
            print(f"held out (same templates): {held_out(model, tokenizer, unseen):.3f}", flush=True)
        if step == options.steps:
            return


if __name__ == "__main__":
    main()
