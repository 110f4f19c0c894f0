"""Prints examples of the phrase files: `python -m mini.generator --lang de --tool alarm_set -n 20`."""

from __future__ import annotations

import argparse

from mini.generator.corpus import WEIGHTS, Generator
from mini.generator.tongues import TAGS, tongues


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lang", choices=TAGS, required=True)
    parser.add_argument("--tool", choices=tuple(WEIGHTS))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("-n", "--number", type=int, default=20)
    options = parser.parse_args()
    generator = Generator(tongues([options.lang])[0], options.seed)
    missing = [tool for tool in WEIGHTS if not generator.knows(tool)]
    if missing:
        print("no phrases yet:", ", ".join(missing))
    chosen = WEIGHTS if options.tool is None else {options.tool: 1.0}
    for example in generator.examples(options.number, chosen):
        spans = "".join(f"  {key}={words!r}" for key, words in example.spans or ())
        print(f"{example.tool:16} {example.text}{spans}")


if __name__ == "__main__":
    main()
