"""What this machine proved of steps before, by the circumstances of each, and the skills that it
read then: in the user's own cache.

What is read here is believed. So it lies where a project cannot bring it: in a folder of the user
that nobody else may write to, where whoever can write could change this program, too. It holds for
the program that wrote it: the first line has a digest of every file of this package and of the
interpreter's version. A file that cannot be read or written is none.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from pathlib import Path

import verifier
from verifier.cli.command import Refusal
from verifier.cli.writing import write
from verifier.kept import NOTHING_KEPT, KeptSkills
from verifier.obligations.circumstances import Part, Parts

SIZE_MAX = 32_000_000
OTHERS_WRITE = 0o022
_STEP = re.compile(r"([0-9a-f]{64}) (.+)")
_SKILL = re.compile(r"skill ([0-9a-f]{64}) (.+)")
_AROUND = re.compile(r"around ([0-9a-f]{64})")


@dataclass(frozen=True, slots=True)
class Before:
    """What was proved of the steps of a source, by their circumstances, and its skills."""

    steps: Mapping[str, Parts]
    skills: KeptSkills


NOTHING = Before({}, NOTHING_KEPT)


def read(source: str) -> Before:
    """What this program proved and read of this source file."""
    path = _path(source)
    try:
        if not _own(os.path.dirname(path)):
            return NOTHING
        with open(path, "rb") as file:
            data = file.read(SIZE_MAX + 1)
    except OSError:
        return NOTHING
    if len(data) > SIZE_MAX:
        return NOTHING
    head, *lines = data.decode("ascii", "replace").splitlines() or [""]
    if head != _program():
        return NOTHING
    steps = {match[1]: _parts(match[2]) for match in map(_STEP.fullmatch, lines) if match}
    skills = {match[1]: match[2] for match in map(_SKILL.fullmatch, lines) if match}
    around = next((match[1] for match in map(_AROUND.fullmatch, lines) if match), "")
    kept = KeptSkills(around, skills) if around else NOTHING_KEPT
    return Before({name: parts for name, parts in steps.items() if parts}, kept)


def keep(source: str, now: Before, known: Before) -> None:
    """Writes what was proved, new ones first, as far as there is room, and the skills; nothing if
    all was known."""
    new = {name: parts for name, parts in now.steps.items() if name not in known.steps}
    if not new and now.skills == known.skills:
        return
    lines = [_program(), f"around {now.skills.around}"]
    lines += [f"skill {name} {told}" for name, told in now.skills.skills.items()]
    room = SIZE_MAX - sum(len(line) + 1 for line in lines)
    for name, parts in {**new, **known.steps}.items():
        line = f"{name} {json.dumps([_listed(part) for part in parts])}"
        room -= len(line) + 1
        if room < 0:
            break
        lines.append(line)
    path = _path(source)
    try:
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
        if _own(os.path.dirname(path)):
            write(path, ("\n".join(lines) + "\n").encode("ascii"))
    except (OSError, Refusal):
        return


def _path(source: str) -> str:
    """Where what is known of the source file lies."""
    name = hashlib.sha256(os.fsencode(os.path.realpath(source))).hexdigest()
    home = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return os.path.join(home, "verify-chain", "judged", name)


def _own(folder: str) -> bool:
    """Whether the folder belongs to this user, and nobody else may write to it."""
    if not hasattr(os, "geteuid"):
        return False
    found = os.stat(folder)
    return found.st_uid == os.geteuid() and not found.st_mode & OTHERS_WRITE


@cache
def _program() -> str:
    """A line that changes with every file of the package and with the interpreter."""
    home = Path(verifier.__file__).parent
    told = hashlib.sha256(sys.version.encode())
    for path in sorted(home.rglob("*")):
        if path.suffix in (".py", ".lark", ".json"):
            data = path.read_bytes()
            told.update(f"{path.relative_to(home)} {len(data)} ".encode())
            told.update(data)
    return f"verify-chain judged {told.hexdigest()}"


def _listed(part: Part) -> list[object]:
    margin = None if part.margin is None else str(part.margin)
    return [part.name, part.rule, part.of_runs, margin]


def _parts(text: str) -> Parts:
    """The parts as they were written; none of what was not written like that."""
    try:
        return tuple(
            Part(str(name), str(rule), bool(of_runs), None if margin is None else Fraction(margin))
            for name, rule, of_runs, margin in json.loads(text)
        )
    except (ValueError, TypeError, ZeroDivisionError, RecursionError):
        return ()
