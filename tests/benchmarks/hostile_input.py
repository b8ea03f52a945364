"""Prints what refusing hostile text costs (CPU seconds), and fails if one takes half a second.

python tests/benchmarks/hostile_input.py
"""

from __future__ import annotations

import sys
import time

from verifier.core.diagnostic import SourceError
from verifier.model.urdf import read_chain
from verifier.syntax.parse import SIZE_LIMIT, decode, parse

MOST_S = 0.5
HEAD = "property p = "
REPEATED = {
    "parentheses": HEAD + "(",
    "brackets": HEAD + "a[",
    "braces": HEAD + "{",
    "blocks": "state { a : ",
    "not": HEAD + "not ",
    "minus": HEAD + "-",
    "temporal": HEAD + "always[0, 1] ",
    "implies": HEAD + "condition implies ",
    "until": HEAD + "condition until ",
    "and": HEAD + "condition and ",
    "sum": HEAD + "number_one + ",
    "quantifiers": HEAD + "forall object : Item, ",
    "powers": HEAD + "number_one ^ ",
    "parts": HEAD + "a.part",
    "items": HEAD + "[1,",
    "steps": "chain C { a;",
    "names": "type A,",
    "digits": HEAD + "1",
    "exponent": HEAD + "1e9",
    "unit": HEAD + "1 um*",
    "unknown units": HEAD + "1 furlong, ",
    "word": "a",
    "quotes": '"',
    "comments": "# c\n",
    "blanks": " ",
    "lines": "\n",
    "foreign operators": HEAD + "a && ",
    "strange characters": "é",
    "not finite": HEAD + "nan ",
    "declarations": "skill A {\n",
}


ROBOTS = {
    "many links": b"<robot>" + b"<link/>" * 60_000 + b"</robot>",
    "deep links": b"<robot>" + b"<link>" * 60_000,
    "blanks in a robot": b"<robot>" + b" " * 5_000_000 + b"</robot>",
}


def refused_s(text: str) -> float:
    """The CPU time that it takes to refuse the text, in seconds."""
    start = time.process_time()
    try:
        parse(text, "hostile")
    except SourceError:
        return time.process_time() - start
    raise AssertionError(f"{text[:40]!r}… was not refused")


def main() -> int:
    parse("type A", "warm up: lark is imported and the tables are built")
    slow = 0
    for name, pattern in REPEATED.items():
        head = HEAD if pattern.startswith(HEAD) else ""
        text = head + pattern.removeprefix(head) * SIZE_LIMIT
        took_s = refused_s(text[:SIZE_LIMIT])
        slow += took_s > MOST_S
        print(f"{name:20} {took_s:6.3f} s")
    start = time.process_time()
    try:
        decode(bytes(range(256)) * 10_000, "hostile")
    except SourceError:
        print(f"{'bytes':20} {time.process_time() - start:6.3f} s")
    for name, robot in ROBOTS.items():
        start = time.process_time()
        if not isinstance(read_chain(robot, "hostile.urdf", "tip"), tuple):
            raise AssertionError(f"{name} were not refused")
        took_s = time.process_time() - start
        slow += took_s > MOST_S
        print(f"{name:20} {took_s:6.3f} s")
    return 1 if slow else 0


if __name__ == "__main__":
    sys.exit(main())
