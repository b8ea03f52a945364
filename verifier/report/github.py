"""The report as workflow commands of GitHub Actions: one annotation for each finding."""

from __future__ import annotations

from verifier.report.findings import Finding, findings
from verifier.report.values import Report, chain_verdict


def render(report: Report, version: str) -> str:
    """One `::error` or `::warning` line for each finding, and a line for each chain."""
    lines = [_line(finding) for finding in findings(report)]
    lines += [f"{chain.name}: {chain_verdict(chain)}" for chain in report.chains]
    return "\n".join([*lines, f"verify-chain {version}"]) + "\n"


def _line(finding: Finding) -> str:
    span = finding.span
    properties = {
        "file": span.file,
        "line": str(span.line),
        "col": str(span.column),
        "endLine": str(span.end_line),
        "endColumn": str(span.end_column),
        "title": finding.title,
    }
    listed = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    related = [f"{mark.span}: {mark.message}" for mark in finding.related if mark.message]
    return f"::{finding.level} {listed}::{_data(chr(10).join([finding.message, *related]))}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
