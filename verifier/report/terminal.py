"""The report as text: the clause with its caret, the witness, the smallest repair, a summary."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction

from verifier.core.diagnostic import Diagnostic, Severity
from verifier.core.obligation import facts_of
from verifier.core.term import variables
from verifier.core.verdict import Contradiction, Deferred, Refuted, Unknown, Witness
from verifier.report.excerpt import Mark, excerpt
from verifier.report.explain import OF_BLOCKS, OF_PLANTS, explain, step_of
from verifier.report.measure import figures, proved_figures
from verifier.report.paint import Paint
from verifier.report.phrase import clause
from verifier.report.quantity import approximate, exact, members, readable_member
from verifier.report.values import (
    Answer,
    ChainReport,
    Promise,
    Repair,
    Report,
    chain_verdict,
    evidence,
    solvers,
    status,
)

MOST_ROWS = 12
MOST_IDS = 4
# What is told of a step, and what need not be told beside it.
CAUSES: dict[str, tuple[str, ...]] = {
    "precondition": ("sanity/requires",),
    "initial": ("sanity/requires",),
    "frame": ("sanity/requires", "sanity/ensures"),
    "realizable": ("sanity/requires", "sanity/ensures", "frame", "sanity/run"),
    "sanity/run": (
        *("sanity/requires", "sanity/ensures", "frame"),
        *("precondition", "initial", "invariant"),
    ),
}


def render(report: Report, paint: Paint) -> str:
    """The report of every chain, and a summary line for each and for the whole."""
    blocks = [_chain(chain, report.texts, paint) for chain in report.chains]
    lines = [line for block in blocks for line in block]
    summary = [_summary(chain, report.chains, paint) for chain in report.chains]
    return "\n".join([*lines, *summary, *_total(report.chains, paint)]) + "\n"


def diagnostics(found: Sequence[Diagnostic], texts: Mapping[str, str], paint: Paint) -> str:
    """The user's mistakes, each with its place, and how many there are."""
    lines = [line for diagnostic in found for line in [*_diagnostic(diagnostic, texts, paint), ""]]
    errors = sum(diagnostic.severity is Severity.ERROR for diagnostic in found)
    if errors:
        lines.append(f"{paint.word('error')}: {_count(errors, 'mistake')} in the input")
    return "\n".join(lines) + "\n"


def _diagnostic(diagnostic: Diagnostic, texts: Mapping[str, str], paint: Paint) -> list[str]:
    severity = paint.word(f"{diagnostic.severity.value}[{diagnostic.code}]")
    marks = [Mark(diagnostic.span, "")]
    marks += [Mark(note.span, note.message) for note in diagnostic.notes]
    lines = [f"{severity}: {paint.strong(diagnostic.message)}", *excerpt(marks, texts, paint)]
    if diagnostic.help:
        lines.append(f"  {paint.frame('=')} help: {diagnostic.help}")
    return [*lines, f"  {paint.frame('=')} see: verify-chain rule {diagnostic.code}"]


def _chain(chain: ChainReport, texts: Mapping[str, str], paint: Paint) -> list[str]:
    """What is refuted, then what is unknown, then the repair, then what is left to the monitors."""
    lines: list[str] = []
    refuted = [answer for answer in chain.answers if isinstance(answer.verdict, Refuted)]
    for answer in refuted:
        if not _follows(answer, refuted):
            lines += [*_refuted(answer, chain, texts, paint), ""]
    lines += _unknowns(chain, texts, paint)
    if refuted:
        lines += _repairs(chain, texts, paint)
    return [*lines, *_deferred(chain, texts, paint), *_measured(chain, paint)]


def _measured(chain: ChainReport, paint: Paint) -> list[str]:
    """What was proved of time and resources, in figures, a line each."""
    told = [line for answer in chain.answers for line in proved_figures(answer, chain)]
    if not told:
        return []
    return [f"{paint.word('proved')}: {paint.strong(f'of {chain.name}')}", *told, ""]


def _follows(answer: Answer, refuted: Sequence[Answer]) -> bool:
    """Whether another refuted obligation of the same step already says why this one fails."""
    here = [_rule(a) for a in refuted if a.obligation.step == answer.obligation.step]
    return any(cause in here for cause in CAUSES.get(_rule(answer), ()))


def _rule(answer: Answer) -> str:
    """The rule with its part, `sanity/run`."""
    owed = answer.obligation
    return f"sanity/{owed.id.split('/')[-1]}" if owed.rule == "sanity" else owed.rule


def _refuted(
    answer: Answer, chain: ChainReport, texts: Mapping[str, str], paint: Paint
) -> list[str]:
    verdict = answer.verdict
    assert isinstance(verdict, Refuted)
    explanation = explain(answer, verdict.evidence, chain, texts)
    headline = f"{paint.word('refuted')}: {paint.strong(explanation.headline)}"
    lines = [headline, *excerpt(explanation.marks, texts, paint)]
    if isinstance(verdict.evidence, Witness):
        lines += _table(answer, verdict.evidence, chain, paint)
    elif not isinstance(verdict.evidence, Contradiction):
        title, rows = figures(answer.obligation, verdict.evidence, chain)
        lines += _rows(title, rows, paint)
    return [*lines, f"  {paint.frame('=')} obligation: {answer.obligation.id}"]


def _table(answer: Answer, witness: Witness, chain: ChainReport, paint: Paint) -> list[str]:
    """The witness by member, as far as the question reads it: `*` marks those of the clause that
    fails, which come first."""
    question = set(answer.obligation.view)
    rows = members(dict.fromkeys(question, True), chain.shown)
    if not rows:
        return []
    read = {name for name, _ in variables(witness.failed.formula)}
    ranked = sorted(rows, key=lambda member: read.isdisjoint(rows[member]))
    step = step_of(answer.obligation, chain)
    place = "there" if answer.obligation.rule in (*OF_BLOCKS, *OF_PLANTS) else "at the end"
    header = ["", place if step is None else f"before step {step.label}"]
    moved = any(answer.start.get(name) != answer.state.get(name) for name in question)
    table = [[*header, "at the start"] if moved else header]
    for member in ranked[:MOST_ROWS]:
        sign = " " if read.isdisjoint(rows[member]) else "*"
        states = [answer.state, answer.start] if moved else [answer.state]
        cells = [readable_member(rows[member], state, chain.shown) for state in states]
        table.append([f"{sign} {member}", *cells])
    lines = _rows("for example", table, paint)
    hidden = len(ranked) - MOST_ROWS
    return [*lines, f"      and {hidden} more, see --format json"] if hidden > 0 else lines


def _rows(title: str, table: Sequence[Sequence[str]], paint: Paint) -> list[str]:
    """A table in columns under its title; nothing without rows."""
    if not table:
        return []
    widths = [max(len(row[column]) for row in table) for column in range(len(table[0]))]
    lines = [f"  {paint.frame('=')} {title}:"]
    for row in table:
        padded = (cell.ljust(size) for cell, size in zip(row, widths, strict=True))
        lines.append(f"      {'  '.join(padded)}".rstrip())
    return lines


def _unknowns(chain: ChainReport, texts: Mapping[str, str], paint: Paint) -> list[str]:
    """The unknown obligations; those with the same reason together."""
    reasons: dict[str, list[Answer]] = {}
    for answer in chain.answers:
        if isinstance(answer.verdict, Unknown):
            reasons.setdefault(answer.verdict.reason, []).append(answer)
    lines: list[str] = []
    for reason, answers in reasons.items():
        if len(answers) > 1 or chain_verdict(chain) == "refuted":
            told = f"{_count(len(answers), 'obligation')} of {chain.name}: {reason}"
            lines.append(f"{paint.word('unknown')}: {paint.strong(told)}")
            lines += [f"  {paint.frame('=')} {line}" for line in _ids(answers)]
        else:
            lines += _unknown(answers[0], reason, chain, texts, paint)
        if "timeout" in reason:
            lines.append(f"  {paint.frame('=')} help: `--timeout SECONDS` allows more time")
        lines.append("")
    for promise in chain.properties:
        if promise.status == "unknown":
            lines += _open(promise, chain, texts, paint)
    return lines


def _open(
    promise: Promise, chain: ChainReport, texts: Mapping[str, str], paint: Paint
) -> list[str]:
    headline = f"property {promise.name} of {chain.name} is neither proved nor watched"
    marks = [Mark(promise.span, promise.reason or "")]
    told = f"{paint.word('unknown')}: {paint.strong(headline)}"
    return [told, *excerpt(marks, texts, paint), ""]


def _ids(answers: Sequence[Answer]) -> list[str]:
    ids = [answer.obligation.id for answer in answers]
    hidden = len(ids) - MOST_IDS
    return ids if hidden <= 1 else [*ids[:MOST_IDS], f"and {hidden} more, see --format json"]


def _unknown(
    answer: Answer, reason: str, chain: ChainReport, texts: Mapping[str, str], paint: Paint
) -> list[str]:
    step = step_of(answer.obligation, chain)
    whose = chain.name if step is None else f"{chain.name}, step {step.label}, {step.text}"
    headline = f"{whose} is neither proved nor refuted"
    return [
        f"{paint.word('unknown')}: {paint.strong(headline)}",
        *excerpt([Mark(answer.obligation.span, reason)], texts, paint),
        f"  {paint.frame('=')} obligation: {answer.obligation.id}",
    ]


def _deferred(chain: ChainReport, texts: Mapping[str, str], paint: Paint) -> list[str]:
    """What the bundle's monitors take over, a line each."""
    rows: list[tuple[str, str, str]] = []
    for answer in chain.answers:
        if isinstance(answer.verdict, Deferred):
            step = step_of(answer.obligation, chain)
            whose = "" if step is None else f"step {step.label}, {step.text}"
            goals = " and ".join(
                f"`{clause(g, texts)}`" for g in facts_of(answer.obligation.question)
            )
            rows.append((whose, goals, answer.verdict.fallback))
    if chain_verdict(chain) != "refuted":
        promised = [each for each in chain.properties if each.fallback is not None]
        rows += [(f"property {p.name}", p.reason or "", p.fallback or "") for p in promised]
    if not rows:
        return []
    told = f"the bundle watches what {chain.name} cannot promise beforehand"
    widths = [max(len(row[column]) for row in rows) for column in range(2)]
    return [
        f"{paint.word('deferred')}: {paint.strong(told)}",
        *(f"  {a:<{widths[0]}}  {b:<{widths[1]}}  else {c}" for a, b, c in rows),
        "",
    ]


def _repairs(chain: ChainReport, texts: Mapping[str, str], paint: Paint) -> list[str]:
    lines: list[str] = []
    for repair in chain.repairs:
        lines += [*_repair(repair, chain, texts, paint), ""]
    if not lines and chain.search:
        return [f"{paint.strong('repair')}: {chain.search}", ""]
    return lines


def _repair(
    repair: Repair, chain: ChainReport, texts: Mapping[str, str], paint: Paint
) -> list[str]:
    """The line of the source as it would read, with plus signs under what is new."""
    edited = {**texts, repair.added.file: repair.edited}
    behind = repair.before_step > len(chain.steps)
    where = "at the end" if behind else f"before step {repair.before_step}"
    return [
        f"{paint.strong('repair')}: insert `{repair.insert}` {where}; "
        f"every obligation of {chain.name} then holds",
        *excerpt([Mark(repair.added, "", "+")], edited, paint),
    ]


def _summary(chain: ChainReport, chains: Sequence[ChainReport], paint: Paint) -> str:
    width = max(len(other.name) for other in chains)
    verdict = chain_verdict(chain)
    counts = dict.fromkeys(("proved", "refuted", "unknown", "deferred"), 0)
    for answer in chain.answers:
        counts[status(answer.verdict)] += 1
    words = [solvers(a.verdict) for a in chain.answers if evidence(a.verdict) == "solver"]
    told = [f"{n} {word}" for word, n in counts.items() if n]
    if words:
        whose = "two solvers'" if all(len(each) > 1 for each in words) else "a solver's"
        told[0] += f" ({len(words)} by {whose} word alone)"
    shortest = _seconds(chain.shortest)
    longest = "or more" if chain.longest is None else f"to {_seconds(chain.longest)} s"
    duration = f"; {shortest} s {longest}" if chain.timed else ""
    padding = " " * (8 - len(verdict))
    promised = [promise.status for promise in chain.properties]
    kinds = [w for w in ("proved", "refuted", "deferred", "unknown") if w in promised]
    properties = ", ".join(f"{promised.count(word)} {word}" for word in kinds)
    noun = "property" if len(promised) == 1 else "properties"
    more = f"; {len(promised)} {noun}: {properties}" if promised else ""
    return (
        f"{chain.name:<{width}}  {paint.word(verdict)}{padding} "
        f"{_count(len(chain.answers), 'obligation')}: {', '.join(told)}{more}{duration}"
    )


def _total(chains: Sequence[ChainReport], paint: Paint) -> list[str]:
    if len(chains) < 2:
        return []
    verdicts = [chain_verdict(chain) for chain in chains]
    told = [
        f"{verdicts.count(word)} {word}"
        for word in ("proved", "refuted", "unknown")
        if word in verdicts
    ]
    return [f"{_count(len(chains), 'chain')}: {', '.join(told)}"]


def _seconds(value: Fraction) -> str:
    text = exact(value)
    return text if "/" not in text else f"about {approximate(value)}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
