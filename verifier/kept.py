"""Skills that need not be read again: their contracts as an earlier run settled them.

The contract of a skill without parameters depends on its own text and on what the file and all that
it uses declare besides skills and chains. Both are known by digests. What is kept of the contract
is all but its formulas: of these, the digests and the scalars that they read, from which the
circumstances of steps are made (circumstances.py). A formula is read again where a question is
stated of it. What is kept is believed; where anything about a text is wrong or not proved, it is
read again as a whole, so that every message is the same.
"""

from __future__ import annotations

import hashlib
import json
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache, partial
from typing import Any

from verifier.core.span import Span
from verifier.core.term import Formula
from verifier.library import Loaded
from verifier.model.contract import contract_of
from verifier.model.expression import Context
from verifier.model.scope import Scope
from verifier.model.values import Condition, Contract, Duration, Kept
from verifier.obligations.circumstances import digest, formula_digest
from verifier.syntax import tree
from verifier.syntax.parse import parse
from verifier.syntax.stretches import Stretch, stretches

PARTS = ("requires", "ensures", "invariants")


@dataclass(frozen=True, slots=True)
class KeptSkills:
    """What was kept of each skill, as JSON, by the digest of its text; `around` is the digest of
    all declarations that are no skills and no chains."""

    around: str
    skills: Mapping[str, str]


NOTHING_KEPT = KeptSkills("", {})


def around(loaded: Loaded) -> str:
    """The digest of all that contracts depend on besides the texts of their skills."""
    behaviours = tree.SkillDeclaration | tree.ChainDeclaration
    declared = [
        [each for each in file.declarations if not isinstance(each, behaviours)]
        for file in loaded.files
    ]
    documents = [
        (where, shown, hashlib.sha256(data).hexdigest())
        for where, (shown, data) in sorted(loaded.documents.items())
    ]
    return digest([declared, documents])


def restored(loaded: Loaded, scope: Scope, kept: KeptSkills) -> dict[str, Contract] | None:
    """The contracts of the skills whose bodies were not read, by their names; None if what was kept
    is not as it was written."""
    try:
        return {
            stretch.name: _contract(
                json.loads(kept.skills[stretch.digest]), stretch, file.path, scope
            )
            for file in loaded.files
            for stretch in stretches(loaded.texts[file.path])
            if stretch.digest in kept.skills
        }
    except (ValueError, TypeError, ZeroDivisionError, RecursionError):
        return None


def to_keep(loaded: Loaded, scope: Scope, kept: KeptSkills) -> KeptSkills:
    """What can be kept of a source that was settled without a mistake, when `kept` was believed."""
    skills = {}
    for file in loaded.files:
        for stretch in stretches(loaded.texts[file.path]):
            contract = scope.memo.get(("contract", f"{stretch.name}()"))
            if stretch.digest in kept.skills:
                skills[stretch.digest] = kept.skills[stretch.digest]
            elif isinstance(contract, Contract) and _alone(stretch, file) and _plain(contract):
                skills[stretch.digest] = json.dumps(_listed(contract, stretch.line))
    return KeptSkills(around(loaded), skills)


def _alone(stretch: Stretch, file: tree.File) -> bool:
    """Whether the stretch is one skill, and nothing else stands in it."""
    first, last = stretch.line, stretch.line + stretch.text.rstrip("\n").count("\n")
    declarations = file.declarations
    place = bisect_left(declarations, first, key=lambda each: each.span.line)
    behind = bisect_right(declarations, last, key=lambda each: each.span.line)
    before = declarations[place - 1].span.end_line if place else 0
    match declarations[place:behind]:
        case [tree.SkillDeclaration(name, (), None, _, span)]:
            starts = (span.line, span.column) == (first, 1)
            return starts and name.text == stretch.name and before < first and span.end_line <= last
        case _:
            return False


def _plain(contract: Contract) -> bool:
    """Whether it has nothing but what `_listed` writes."""
    return contract.transition is None and not contract.uses


def _listed(contract: Contract, base: int) -> list[object]:
    """The contract as JSON, lines counted from `base`."""
    duration, high = contract.duration, contract.duration.high
    return [
        contract.skill,
        sorted(contract.frame),
        [str(duration.low), None if high is None else str(high), duration.chosen],
        _lines(duration.span, base),
        _lines(contract.span, base),
        [[_clause(each, base) for each in getattr(contract, part)] for part in PARTS],
    ]


def _clause(condition: Condition, base: int) -> list[object]:
    read, span = sorted(condition.reads), _lines(condition.span, base)
    return [
        *(condition.kind, formula_digest(condition), read, span),
        *(condition.text, condition.reads_environment, condition.fallback),
    ]


def _lines(span: Span, base: int) -> list[int]:
    return [span.line - base, span.column, span.end_line - base, span.end_column]


def _contract(told: Any, stretch: Stretch, path: str, scope: Scope) -> Contract:
    """The contract as `_listed` wrote it, where its text stands now."""
    name, frame, (low, high, chosen), timed, whole, parts = told
    base = stretch.line

    @cache
    def read_again() -> Contract:
        (declaration,) = parse("\n" * (base - 1) + stretch.text, path).declarations
        assert isinstance(declaration, tree.SkillDeclaration)
        return contract_of(declaration, f"{name}()", Context(replace(scope, kept={})))

    def formula(part: str, place: int) -> Formula:
        condition: Condition = getattr(read_again(), part)[place]
        return condition.formula

    def span(lines: Sequence[int]) -> Span:
        return Span(path, lines[0] + base, lines[1], lines[2] + base, lines[3])

    def conditions(part: str, clauses: Iterable[Any]) -> Iterator[Condition]:
        for place, (kind, named, read, where, text, outside, fallback) in enumerate(clauses):
            keys = frozenset((scalar, when) for scalar, when in read)
            stated = Kept(named, keys, partial(formula, part, place))
            yield Condition(kind, stated, span(where), text, outside, fallback)

    requires, ensures, invariants = map(tuple, map(conditions, PARTS, parts))
    duration = Duration(
        Fraction(low), None if high is None else Fraction(high), span(timed), chosen
    )
    return Contract(
        *(name, f"{name}()", requires, ensures, invariants),
        *(frozenset(frame), duration, span(whole)),
    )
