"""The numbers between which declarations keep each scalar, where the domain is a constant box."""

from __future__ import annotations

from verifier.core.enclosure import Range
from verifier.core.sets import Box
from verifier.core.term import Number
from verifier.model.contract import members
from verifier.model.expression import scalar_names
from verifier.model.region import declared_domain
from verifier.model.scope import Scope


def ranges(scope: Scope) -> dict[str, Range]:
    """Of every scalar that is bounded on both sides. Raises SourceError."""
    found: dict[str, Range] = {}
    for variable in scope.variables.values():
        region = declared_domain(scope, variable) if variable.name in scope.domains else None
        if not isinstance(region, Box):
            continue
        for member in members(scope, variable):
            for name, low, high in zip(
                scalar_names(variable, member), region.lower, region.upper, strict=True
            ):
                if isinstance(low, Number) and isinstance(high, Number):
                    found[name] = low.value, high.value
    return found
