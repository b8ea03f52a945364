"""Whether a function is convex over a box and lowest at a point of it, and its value there.

Trusted. A function whose Hessian is positive semidefinite all over a box is convex on it, so
f(x) >= f(p) + grad f(p) . (x - p); and each term of that product is >= 0 if the slope is zero, or
if p stands at that end of the side towards which f falls. The Hessian lies between bounds, entry by
entry; with M the matrix of their middles and r_ij half their widths, it is semidefinite if
M - diag(sum_j r_ij) is (Gershgorin), which elimination decides exactly.
"""

from __future__ import annotations

from fractions import Fraction

from verifier.check.bernstein import combination_bounds, resolved
from verifier.check.polynomial import Refused
from verifier.core.exact import positive_semidefinite
from verifier.core.slope import NoSlope, derivative
from verifier.core.term import Key, Term

Ranges = dict[Key, tuple[Fraction, Fraction]]
Weighted = list[tuple[Fraction, Term]]


def bowl_floor(weighted: Weighted, box: Ranges, lowest: dict[Key, Fraction]) -> Fraction:
    """A lower bound of the sum of weight times term over the box; `lowest` lies in the box.
    Raises Refused where the sum is not shown to be convex and lowest there."""
    try:
        return _floor([(w, resolved(term, box)) for w, term in weighted], box, lowest)
    except NoSlope as reason:
        raise Refused(str(reason)) from None


def _floor(weighted: Weighted, box: Ranges, lowest: dict[Key, Fraction]) -> Fraction:
    combination_bounds(weighted, box)  # refuses what is undefined somewhere in the box
    here = {key: (value, value) for key, value in lowest.items()}
    slopes = {key: [(w, derivative(term, key)) for w, term in weighted] for key in box}
    for key, (low, high) in box.items():
        below, above = combination_bounds(slopes[key], here)
        rises = below >= 0 and lowest[key] == low
        falls = above <= 0 and lowest[key] == high
        if not (rises or falls or below == above == 0):
            raise Refused(f"the point is not shown to be lowest along `{key[0]}`")
    keys = list(box)
    middles = [[Fraction(0)] * len(keys) for _ in keys]
    for i, one in enumerate(keys):
        for j, other in enumerate(keys):
            seconds = [(w, derivative(slope, other)) for w, slope in slopes[one]]
            low, high = combination_bounds(seconds, box)
            middles[i][j] += (low + high) / 2
            middles[i][i] -= (high - low) / 2
    if not positive_semidefinite(middles):
        raise Refused("the function is not shown to be convex")
    return combination_bounds(weighted, here)[0]
