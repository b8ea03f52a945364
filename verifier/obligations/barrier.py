"""Barrier: in every state of the safe set some command of the box keeps the row of each barrier.

The condition of control barrier functions (A. Ames et al., Control Barrier Functions: Theory and
Applications, ECC 2019, definition 2), of continuous time and without a margin: the supremum over
the box of commands is its middle and half its width times |L_g h|. Of a plant without inputs, and
of a barrier without alpha, the rate is owed on the boundary alone (M. Nagumo 1942; S. Prajna and
A. Jadbabaie, Safety Verification of Hybrid Systems Using Barrier Certificates, HSCC 2004).
"""

from __future__ import annotations

from verifier.core.obligation import Fact, Obligation
from verifier.core.term import Comparison
from verifier.obligations.control import ZERO, Group, at_best, at_least_zero, entailed


def barrier(group: Group) -> list[Obligation]:
    """One obligation a row."""
    owed = []
    for row in group.rows:
        known = list(group.safe)
        if row.alpha is None:
            boundary = Comparison("<=", row.levels[-1], ZERO)
            known.append(Fact(boundary, row.barrier.span, "boundary"))
        goal = at_least_zero(at_best(row, group.plant))
        told = (
            f"no command keeps `{row.name}` from falling faster than its gain allows"
            if row.gains
            else f"`{row.name}` falls"
        )
        owed.append(entailed(group, row, "barrier", "barrier", known, goal, told))
    return owed
