"""The report as SARIF 2.1.0 (OASIS), for code scanning and editors."""

from __future__ import annotations

import json
from pathlib import PurePath
from typing import Any
from urllib.parse import quote

from verifier.core.span import Span
from verifier.report.findings import Finding, findings
from verifier.report.values import Report

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def render(report: Report, version: str) -> str:
    """One run with one result for each finding; ASCII only."""
    found = list(findings(report))
    driver = {
        "name": "verify-chain",
        "version": version,
        "rules": [{"id": rule} for rule in dict.fromkeys(finding.rule for finding in found)],
    }
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [_result(finding) for finding in found],
    }
    document = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
    return json.dumps(document, indent=2) + "\n"


def _result(finding: Finding) -> dict[str, Any]:
    return {
        "ruleId": finding.rule,
        "level": finding.level,
        "message": {"text": f"{finding.title}: {finding.message}"},
        "locations": [{"physicalLocation": _place(finding.span)}],
        "relatedLocations": [
            {"id": number, "physicalLocation": _place(mark.span), "message": {"text": mark.message}}
            for number, mark in enumerate(finding.related, start=1)
            if mark.message
        ],
    }


def _place(span: Span) -> dict[str, Any]:
    path = PurePath(span.file)
    relative = quote(path.as_posix(), errors="surrogateescape")
    uri = path.as_uri() if path.is_absolute() else relative
    region = {
        "startLine": span.line,
        "startColumn": span.column,
        "endLine": span.end_line,
        "endColumn": span.end_column,
    }
    return {"artifactLocation": {"uri": uri}, "region": region}
