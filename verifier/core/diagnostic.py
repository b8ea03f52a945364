"""The user's mistakes as values: collected, located, and shown together."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches

from verifier.core.span import Span


class Severity(enum.Enum):
    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Label:
    """A second place that explains a diagnostic."""

    span: Span
    message: str


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One mistake. `code` names the page docs/errors/<code>.md; the fix goes into `help`."""

    code: str
    span: Span
    message: str
    notes: tuple[Label, ...] = ()
    help: str | None = None
    severity: Severity = Severity.ERROR


class SourceError(Exception):
    """Carries diagnostics out of a stage that cannot return a value for this source."""

    def __init__(self, diagnostics: Iterable[Diagnostic]) -> None:
        self.diagnostics: tuple[Diagnostic, ...] = tuple(diagnostics)
        super().__init__("; ".join(f"{d.span}: {d.message}" for d in self.diagnostics))


def near_miss(found: str, known: Iterable[str]) -> str | None:
    """A help line that suggests the known name closest to `found`, if one is close."""
    matches = get_close_matches(found, list(known), n=1, cutoff=0.6)
    return f"did you mean `{matches[0]}`?" if matches else None
