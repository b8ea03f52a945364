"""The report as JSON, schema version 1: for programs, exact and complete."""

from __future__ import annotations

import json
from fractions import Fraction
from typing import Any

from verifier.core.diagnostic import Diagnostic
from verifier.core.motion import Strayed
from verifier.core.obligation import Passage
from verifier.core.span import Span
from verifier.core.verdict import (
    Contradiction,
    Deferred,
    Proved,
    Refuted,
    SolverWord,
    Unknown,
    Verdict,
    Witness,
)
from verifier.report.measure_json import document
from verifier.report.quantity import exact_state
from verifier.report.strayed import strayed_document
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

SCHEMA = 1


def render(report: Report, version: str) -> str:
    """The report as one JSON document with a final newline; ASCII only."""
    document = {
        "schema": SCHEMA,
        "tool": "verify-chain",
        "version": version,
        "diagnostics": [_diagnostic(diagnostic) for diagnostic in report.diagnostics],
        "chains": [_chain(chain) for chain in report.chains],
    }
    return json.dumps(document, indent=2) + "\n"


def _span(span: Span) -> dict[str, Any]:
    return {
        "file": span.file,
        "line": span.line,
        "column": span.column,
        "end_line": span.end_line,
        "end_column": span.end_column,
    }


def _diagnostic(diagnostic: Diagnostic) -> dict[str, Any]:
    return {
        "code": diagnostic.code,
        "severity": diagnostic.severity.value,
        "message": diagnostic.message,
        "help": diagnostic.help,
        "span": _span(diagnostic.span),
        "notes": [{"message": n.message, "span": _span(n.span)} for n in diagnostic.notes],
    }


def _chain(chain: ChainReport) -> dict[str, Any]:
    return {
        "name": chain.name,
        "verdict": chain_verdict(chain),
        "duration_s": {"min": _float(chain.shortest), "max": _float(chain.longest)},
        "obligations": [_answer(answer, chain) for answer in chain.answers],
        "properties": [_promise(promise) for promise in chain.properties],
        "repairs": [_repair(repair) for repair in chain.repairs],
    }


def _promise(promise: Promise) -> dict[str, Any]:
    return {
        "name": promise.name,
        "status": promise.status,
        "reason": promise.reason,
        "fallback": promise.fallback,
        "span": _span(promise.span),
    }


def _answer(answer: Answer, chain: ChainReport) -> dict[str, Any]:
    verdict = answer.verdict
    entry: dict[str, Any] = {
        "id": answer.obligation.id,
        "rule": answer.obligation.rule,
        "status": status(verdict),
        "reason": _reason(verdict),
        "evidence": evidence(verdict),
        "span": _span(answer.obligation.span),
        "witness": _witness(answer, chain),
        "margin": _margin(verdict),
        "fallback": verdict.fallback if isinstance(verdict, Deferred) else None,
    }
    match verdict:
        case Refuted(Contradiction(facts)):
            entry["contradiction"] = [
                {"origin": fact.origin, "span": _span(fact.span)} for fact in facts
            ]
        case Deferred(monitor):
            entry["monitor"] = monitor
        case Proved(SolverWord()):
            entry["solvers"] = solvers(verdict)
    return entry


def _reason(verdict: Verdict) -> str | None:
    match verdict:
        case Unknown(reason):
            return reason
        case Refuted(Contradiction()):
            return "no state satisfies these facts together"
        case _:
            return None


def _margin(verdict: Verdict) -> float | None:
    return _float(verdict.margin) if isinstance(verdict, Proved) else None


def _float(value: Fraction | None) -> float | None:
    """The nearest float; null where there is no number, or none that JSON can hold."""
    try:
        return None if value is None else float(value)
    except OverflowError:
        return None


def _witness(answer: Answer, chain: ChainReport) -> dict[str, Any] | None:
    match answer.verdict:
        case Refuted(Witness(_, failed)):
            return {
                "step": answer.obligation.step,
                "state": exact_state(answer.state, chain.shown),
                "start": exact_state(answer.start, chain.shown),
                "failed": _span(failed.span),
            }
        case Refuted(evidence) if not isinstance(evidence, Witness | Contradiction):
            question = answer.obligation.question
            if isinstance(question, Passage) and isinstance(evidence, Strayed):
                return strayed_document(question, evidence, chain)
            return document(question, evidence)
        case _:
            return None


def _repair(repair: Repair) -> dict[str, Any]:
    return {"insert": repair.insert, "before_step": repair.before_step, "verdict": "proved"}
