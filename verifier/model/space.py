"""Where a moved point may be, as the engine of motions is told."""

from __future__ import annotations

from fractions import Fraction

from verifier.core.description import facets
from verifier.core.motion import Box, Polytope, Space
from verifier.core.region import Box as BoxRegion
from verifier.core.root import root_above, root_below
from verifier.core.term import Number
from verifier.model.motion import MotionLimits
from verifier.model.region import declared_domain
from verifier.model.scope import Scope
from verifier.model.values import StateVariable
from verifier.model.world import grown, place

ZERO = Fraction(0)


def space_of(scope: Scope, variable: StateVariable, bounds: MotionLimits) -> Space:
    """Where the moved point may be: in its domain, inside of the zones, away from the obstacles.

    Raises SourceError for an obstacle with too many corners.
    """
    size = len(bounds.scalars)
    domain = declared_domain(scope, variable)
    around = _box(domain)
    free: list[Polytope] = []
    if domain is not None and around is None:
        sides = facets(domain, size, root_below)
        turned = [(tuple(-a for a in side.row), -side.bound) for side in sides if side.equal]
        every = [*((side.row, side.bound) for side in sides), *turned]
        free = [Polytope(tuple(row for row, _ in every), tuple(bound for _, bound in every))]
    if bounds.zones:
        free = [
            _eroded(solid.facets, bounds)
            for name in bounds.zones
            for solid in place(scope, scope.places[name]).solids
        ]
    solids = tuple(
        each
        for name in bounds.obstacles
        for solid in place(scope, scope.places[name]).solids
        for each in grown(solid, bounds.bodies, bounds.span)
    )
    return Space(size, around, solids, tuple(free) or None, bounds.clearance)


def _box(domain: object) -> Box | None:
    if not isinstance(domain, BoxRegion):
        return None
    lower = [side.value for side in domain.lower if isinstance(side, Number)]
    upper = [side.value for side in domain.upper if isinstance(side, Number)]
    whole = len(lower) == len(domain.lower) and len(upper) == len(domain.upper)
    return Box(tuple(lower), tuple(upper)) if whole else None


def _eroded(zone: Polytope, bounds: MotionLimits) -> Polytope:
    """Where the moved point may be so that every body is in the zone."""
    kept = []
    for row, bound in zip(zone.rows, zone.bounds, strict=True):
        norm = root_above(sum((a * a for a in row), ZERO))
        reach = [
            sum((a * x for a, x in zip(row, end, strict=True)), ZERO) + body.radius * norm
            for body in bounds.bodies
            for end in body.vertices
        ]
        kept.append(bound - max(reach, default=ZERO))
    return Polytope(zone.rows, tuple(kept))
