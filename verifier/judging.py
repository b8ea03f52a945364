"""A chain's obligations with verdicts that were judged here.

Nothing a finder says is believed: every certificate is judged again by `check`, every witness is
replayed by exact evaluation. An answer that does not stand up to this is a defect of ours and ends
the run; it never becomes `proved`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from verifier.answers import answer, possible_start
from verifier.check.codec import decode, encode, statement_digest
from verifier.check.judge import judge
from verifier.check.outcome import Rejected
from verifier.check.polynomial import Refused
from verifier.confirming import Defect, confirmed
from verifier.core.margin import tightened
from verifier.core.obligation import (
    Deferral,
    Entailment,
    Measure,
    Obligation,
    Question,
    Realization,
    Takeover,
)
from verifier.core.verdict import (
    Deferred,
    JudgedBefore,
    Proved,
    Refuted,
    SolverWord,
    Unknown,
    Verdict,
)
from verifier.model.values import Chain, Model
from verifier.obligations.circumstances import Part, Parts
from verifier.obligations.owed import owed
from verifier.obligations.repeated import Owed, owed_once
from verifier.obligations.vacuity import without_vacuous
from verifier.report.values import Answer
from verifier.solve.canonical import canonical, from_canonical, to_canonical, versions
from verifier.solve.cluster import Finder
from verifier.solve.cvc5 import NAME, Agrees, Differs, Silent
from verifier.solve.margin import margin
from verifier.solve.naming import Written, named
from verifier.solve.slack import slack
from verifier.solve.workers import judge_all, opinions

Known = dict[Question, Verdict]
Tell = Callable[[int, int], None]
MEASURED = ("precondition", "initial", "invariant", "achieve", "within")


@dataclass(frozen=True, slots=True)
class Effort:
    """How long each obligation may take, in seconds, and on how many processes. `proofs` are
    unjudged certificates as JSON, by the digest of their canonical question; new ones are added.
    `second` puts every solver's word to a second solver. `finder` is asked for verdicts in place
    of the processes of this machine. `before` is what this machine proved of steps, by the digest
    of their circumstances, and is believed; what is proved now is added to it."""

    timeout_s: float
    jobs: int | None
    proofs: dict[str, str] = field(default_factory=dict, compare=False)
    second: bool = False
    finder: Finder | None = field(default=None, compare=False)
    before: dict[str, Parts] | None = field(default=None, compare=False)

    def verdicts(
        self, obligations: Sequence[Obligation], tell: Tell
    ) -> Iterator[tuple[int, Verdict]]:
        """Each obligation's place with its verdict, unjudged, as they come."""
        return (self.finder or judge_all)(obligations, self.timeout_s, self.jobs, tell)


def judged(model: Model, chain: Chain, effort: Effort, tell: Tell) -> list[Answer]:
    """The chain's obligations in their order, each with a verdict that was judged here.

    A question that stands in several places is settled and judged once. Where it is refuted, each
    place gets the obligation and the witness in its own versions. Where anything fails, what was
    judged before is stated and judged again, so that everything about it can be shown.
    """
    answers, unstated = _judged(model, chain, effort, tell)
    if not unstated or _good(answers):
        return answers
    return judged_afresh(model, chain, effort, tell)


def believed(model: Model, chain: Chain, effort: Effort, tell: Tell) -> list[Answer] | None:
    """The answers as `judged` gives them, if nothing fails."""
    answers, _ = _judged(model, chain, effort, tell)
    return answers if _good(answers) else None


def judged_afresh(model: Model, chain: Chain, effort: Effort, tell: Tell) -> list[Answer]:
    """The answers as `judged` gives them, with nothing believed of what was judged before."""
    afresh: dict[str, Parts] = {}
    answers, _ = _judged(model, chain, replace(effort, before=afresh), tell)
    if effort.before is not None:
        effort.before.update(afresh)
    return answers


def _good(answers: Sequence[Answer]) -> bool:
    return all(isinstance(each.verdict, Proved | Deferred) for each in answers)


def _judged(model: Model, chain: Chain, effort: Effort, tell: Tell) -> tuple[list[Answer], bool]:
    """The answers, and whether any of them rests on what was judged before. What is proved of a
    step now is added to it."""
    whole = owed_once(model, chain, effort.before)
    obligations = whole.obligations
    before = effort.before or {}
    found: dict[int, Verdict] = {}
    for circumstances, places in whole.places.items():
        if circumstances in before:
            parts = zip(places, before[circumstances], strict=True)
            found |= {place: Proved(JudgedBefore(), each.margin) for place, each in parts}
    old = set(found)
    new = sorted(set(whole.first) - old)
    asked = [obligations[place] for place in new]
    found |= zip(new, _settled(asked, effort, tell), strict=True)
    again = [
        place
        for place, first in enumerate(whole.first)
        if first != place and isinstance(found[first], Refuted)
    ]
    for place in again:
        obligations[place] = whole.exactly(place)
    own = _settled([obligations[place] for place in again], effort, tell)
    found |= zip(again, own, strict=True)
    found = {place: with_margin(obligations[place], each) for place, each in found.items()}
    if effort.before is not None:
        effort.before.update(_proved(whole, found))
    in_order = [found.get(p) or found[first] for p, first in enumerate(whole.first)]
    verdicts = without_vacuous(obligations, in_order, chain)
    verdicts = list(map(taken_over, obligations, verdicts))
    start = possible_start(obligations, verdicts)
    answers = [
        answer(chain, obligation, verdict, start)
        for obligation, verdict in zip(obligations, verdicts, strict=True)
    ]
    return answers, bool(old)


def _proved(whole: Owed, found: Mapping[int, Verdict]) -> Iterator[tuple[str, Parts]]:
    """What is to be kept, by its circumstances: the steps of which a certificate for everything was
    accepted now."""
    for circumstances, places in whole.places.items():
        parts = []
        for place in places:
            match whole.obligations[place], found[place]:
                case Obligation(takeover=None) as owed, Proved(evidence, margin) if not isinstance(
                    evidence, SolverWord | JudgedBefore
                ):
                    name = owed.id.split("/", 2)[2]
                    of_runs = isinstance(owed.question, Entailment | Realization)
                    parts.append(Part(f"/{name}", owed.rule, of_runs, margin))
                case _:
                    break
        else:
            yield circumstances, tuple(parts)


def _settled(obligations: Sequence[Obligation], effort: Effort, tell: Tell) -> list[Verdict]:
    """A verdict for each, judged here. What is the same up to the names of versions, and what an
    earlier run proved, is taken over where its certificate stands up to the judge."""
    found: list[Verdict | None] = []
    keys: list[str] = []
    numbers: list[tuple[int, ...]] = []
    proofs, written = effort.proofs, dict[int, Written]()
    leaders: dict[str, int] = {}
    asked: list[int] = []
    for place, each in enumerate(obligations):
        occurring, key = named(each, written) or _named(each)
        numbers.append(occurring)
        keys.append(key)
        found.append(_remembered(each, occurring, proofs.get(key)))
        if found[place] is None and leaders.setdefault(key, place) == place:
            asked.append(place)
    new = [obligations[place] for place in asked]
    for number, verdict in effort.verdicts(new, tell):
        place = asked[number]
        found[place] = verdict = confirmed(obligations[place], verdict)
        if isinstance(verdict, Proved) and not isinstance(
            verdict.evidence, SolverWord | JudgedBefore
        ):
            kept = encode(to_canonical(verdict.evidence, numbers[place]))
            proofs[keys[place]] = json.dumps(kept)
    for place, each in enumerate(obligations):
        if found[place] is None:
            found[place] = _remembered(each, numbers[place], proofs.get(keys[place]))
    rest = [place for place, verdict in enumerate(found) if verdict is None]
    others = [obligations[place] for place in rest]
    for number, verdict in effort.verdicts(others, tell):
        found[rest[number]] = confirmed(others[number], verdict)
    verdicts = [verdict for verdict in found if verdict is not None]
    return _seconded(obligations, verdicts, effort) if effort.second else verdicts


def _named(obligation: Obligation) -> tuple[tuple[int, ...], str]:
    """What `named` gives, for any question."""
    found = versions(obligation)
    return found, statement_digest(canonical(obligation, found))


def taken_over(obligation: Obligation, verdict: Verdict) -> Verdict:
    """The verdict, or that the obligation's monitor takes over what is not settled beforehand: what
    need not hold in every run, and what nobody knows."""
    match obligation.takeover, obligation.question, verdict:
        case Takeover(monitor, fallback), Entailment(), Refuted() | Unknown():
            return Deferred(monitor, fallback)
        case Takeover(monitor, fallback), _, Unknown():
            return Deferred(monitor, fallback)
        case _:
            return verdict


def _seconded(
    obligations: Sequence[Obligation], verdicts: Sequence[Verdict], effort: Effort
) -> list[Verdict]:
    """The verdicts, with what cvc5 says where only z3's word stands behind one.

    Raises Defect where they differ: one of the two, or our translation for it, is wrong.
    """
    heard = list(verdicts)
    places = [place for place, each in enumerate(verdicts) if _word(each) is not None]
    asked = [obligations[place] for place in places]
    for number, said in opinions(asked, effort.timeout_s, effort.jobs):
        place = places[number]
        word = _word(verdicts[place])
        assert word is not None
        match said:
            case Agrees():
                heard[place] = Proved(replace(word, solver=f"{word.solver} and {NAME}"))
            case Differs(state):
                raise Defect(
                    f"{asked[number].id}: {word.solver} says that it holds, "
                    f"{NAME} says that it fails at {state}"
                )
            case Silent(reason) | Unknown(reason):
                why = f"{word.why_no_certificate}; no second opinion ({reason})"
                heard[place] = Proved(replace(word, why_no_certificate=why))
    return heard


def _word(verdict: Verdict) -> SolverWord | None:
    match verdict:
        case Proved(SolverWord() as word):
            return word
        case _:
            return None


def with_margin(obligation: Obligation, verdict: Verdict) -> Verdict:
    """The verdict, with a margin if one is found for which the tightened question has a certificate
    that is accepted, too."""
    match obligation.question, verdict:
        case Entailment() as question, Proved(evidence, None) if obligation.rule in MEASURED:
            if isinstance(evidence, SolverWord | JudgedBefore):
                return verdict
            found = margin(question, evidence, obligation.sorts)
            if found is None or found[0] < 0:
                return verdict
            harder = replace(obligation, question=tightened(question, found[0]))
            if isinstance(judge(harder, found[1]), Rejected):
                return verdict
            return Proved(evidence, found[0])
        case question, Proved(evidence, None) if isinstance(question, Measure):
            if isinstance(evidence, SolverWord | JudgedBefore):
                return verdict
            left = slack(question, evidence)
            if left is None or left[0] < 0:
                return verdict
            if isinstance(judge(replace(obligation, question=left[1]), evidence), Rejected):
                return verdict
            return Proved(evidence, left[0])
        case _:
            return verdict


def _remembered(obligation: Obligation, found: Sequence[int], proof: str | None) -> Verdict | None:
    """What a proof of the canonical question, from whatever source, is worth here."""
    if proof is None or isinstance(obligation.question, Deferral):
        return None
    try:
        certificate = from_canonical(decode(json.loads(proof)), found)
    except (Refused, ValueError, RecursionError):
        return None
    if isinstance(judge(obligation, certificate), Rejected):
        return None
    return Proved(certificate)


def first_fault(
    model: Model,
    chain: Chain,
    effort: Effort,
    known: Known,
    counts: Callable[[Obligation], bool] = lambda _: True,
) -> tuple[Obligation, Verdict] | None:
    """An obligation of the chain that is neither proved nor deferred, with its verdict, or None.
    `known` remembers verdicts, for chains that have much in common; `counts` says of which
    obligations."""
    whole = filter(counts, owed(model, chain))
    obligations = [each for each in whole if not _may_be_deferred(each)]
    for each in obligations:
        verdict = known.get(each.question)
        if verdict is not None and not isinstance(verdict, Proved | Deferred):
            return each, verdict
    new = [each for each in obligations if each.question not in known]
    for place, found in effort.verdicts(new, _silent):
        verdict = taken_over(new[place], confirmed(new[place], found))
        known[new[place].question] = verdict
        if not isinstance(verdict, Proved | Deferred):
            return new[place], verdict
    return None


def _may_be_deferred(obligation: Obligation) -> bool:
    return obligation.takeover is not None and isinstance(obligation.question, Entailment)


def _silent(done: int, total: int) -> None:
    """Nobody is told."""
