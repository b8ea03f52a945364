"""The report as JUnit XML: a suite for each chain, a case for each obligation."""

from __future__ import annotations

import unicodedata
from xml.sax.saxutils import escape, quoteattr

from verifier.core.verdict import Deferred, Refuted, Unknown
from verifier.report.explain import explain
from verifier.report.values import Answer, ChainReport, Report, status


def render(report: Report, version: str) -> str:
    """The document. Refuted is a failure, unknown an error, deferred is skipped with its
    monitor; mistakes in the input are a suite of their own."""
    suites = [_suite(chain, report) for chain in report.chains]
    if report.diagnostics:
        cases = [
            _case(str(found.span), _problem("error", found.message, found.code))
            for found in report.diagnostics
        ]
        suites.insert(0, _wrapped("input", cases, errors=len(cases)))
    head = f"<testsuites name={_attribute(f'verify-chain {version}')}>"
    return "\n".join(['<?xml version="1.0" encoding="UTF-8"?>', head, *suites, "</testsuites>\n"])


def _suite(chain: ChainReport, report: Report) -> str:
    words = [status(answer.verdict) for answer in chain.answers]
    return _wrapped(
        chain.name,
        [_case(answer.obligation.id, _outcome(answer, chain, report)) for answer in chain.answers],
        failures=words.count("refuted"),
        errors=words.count("unknown"),
        skipped=words.count("deferred"),
    )


def _wrapped(
    name: str, cases: list[str], failures: int = 0, errors: int = 0, skipped: int = 0
) -> str:
    counts = f'failures="{failures}" errors="{errors}" skipped="{skipped}"'
    head = f'  <testsuite name={_attribute(name)} tests="{len(cases)}" {counts}>'
    return "\n".join([head, *cases, "  </testsuite>"])


def _case(name: str, outcome: str) -> str:
    head = f'    <testcase classname="verify-chain" name={_attribute(name)}'
    return f"{head}>{outcome}</testcase>" if outcome else f"{head}/>"


def _outcome(answer: Answer, chain: ChainReport, report: Report) -> str:
    match answer.verdict:
        case Refuted(evidence):
            told = explain(answer, evidence, chain, report.texts)
            places = "\n".join(f"{mark.span}: {mark.message}" for mark in told.marks)
            return _problem("failure", told.headline, answer.obligation.rule, places)
        case Unknown(reason):
            return _problem("error", reason, answer.obligation.rule)
        case Deferred(monitor, fallback):
            return f"<skipped message={_attribute(f'{monitor}, else {fallback}')}/>"
        case _:
            return ""


def _problem(kind: str, message: str, rule: str, body: str = "") -> str:
    attributes = f"message={_attribute(message)} type={_attribute(rule)}"
    return f"<{kind} {attributes}>{escape(_allowed(body))}</{kind}>"


def _attribute(text: str) -> str:
    return quoteattr(_allowed(text))


def _allowed(text: str) -> str:
    """The text without the characters that XML 1.0 has no way to write."""
    return "".join(
        "\ufffd" if unicodedata.category(c) in ("Cc", "Cs") and c not in "\t\n" else c
        for c in text.replace("\ufffe", "\ufffd").replace("\uffff", "\ufffd")
    )
