"""Every kind of set handed over to every other kind, in the language, in one to three axes."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from fractions import Fraction
from pathlib import Path

import pytest

from verifier.core.verdict import Proved, Refuted, SolverWord
from verifier.judging import Effort, judged
from verifier.source import settled

Written = Callable[[Fraction], str]
WITHOUT_END = ("halfspace", "above")


Row = Sequence[Fraction | int]


def row(values: Row) -> str:
    return f"[{', '.join(map(str, values))}]"


def rows(lines: Sequence[Row]) -> str:
    return f"[{', '.join(map(row, lines))}]"


def axes(size: int, length: Fraction | int) -> list[Row]:
    return [[length if k == i else 0 for k in range(size)] for i in range(size)]


def kinds(n: int) -> dict[str, Written]:
    """A set of each kind by its size: it lies within ten times its size around zero, and a ball of
    a fifth of its size lies in it."""
    ones, zeros = [1] * n, [0] * n
    shape = [[(4, 1)[i != j] if abs(i - j) < 2 else 0 for j in range(n)] for i in range(n)]
    sheared = [[(2, 1)[j - i] if j - i in (0, 1) else 0 for j in range(n)] for i in range(n)]

    def box(s: Fraction) -> str:
        return f"box(lower = {row([-s] * n)}, upper = {row([s] * n)})"

    def ball(s: Fraction, norm: str = "2") -> str:
        written = "" if norm == "2" else f", norm = {norm}"
        return f"ball(center = {row([s / 8, *zeros[1:]])}, radius = {s}{written})"

    def ellipsoid(s: Fraction) -> str:
        scaled = [[s * s * value for value in line] for line in shape]
        return f"ellipsoid(center = {row(zeros)}, shape = {rows(scaled)})"

    def polytope(s: Fraction) -> str:
        return f"polytope(rows = {rows([*axes(n, -1), ones])}, bounds = {row([s] * (n + 1))})"

    found: dict[str, Written] = {
        "box": box,
        "ball1": lambda s: ball(s, "1"),
        "ball2": ball,
        "ballmax": lambda s: ball(s, "max"),
        "ellipsoid": ellipsoid,
        "polytope": polytope,
        "vertices": lambda s: f"polytope(vertices = {rows([*axes(n, 2 * s), [-s] * n])})",
        "zonotope": lambda s: (
            f"zonotope(center = {row(zeros)}, generators = {rows([*axes(n, s), [s / 2] * n])})"
        ),
        "halfspace": lambda s: f"halfspace(normal = {row([1, *[2] * (n - 1)])}, offset = {s})",
        "intersection": lambda s: f"intersection({box(s)}, {ball(s * Fraction(5, 4))})",
        "minkowski": lambda s: f"minkowski({box(s / 2)}, {ball(s, '1')})",
        "hull": lambda s: (
            f"hull({ball(s, '1')}, box(lower = {row(zeros)}, upper = {row([s] * n)}))"
        ),
        "image": lambda s: f"image(region = {ball(s, '1')}, matrix = {rows(sheared)})",
        "preimage": lambda s: f"preimage(region = {ball(s)}, matrix = {rows(sheared)})",
        "translate": lambda s: f"translate(region = {ellipsoid(s)}, by = {row([s / 4] * n)})",
        "scale": lambda s: f"scale(region = {ball(Fraction(1), '1')}, by = {-s})",
        "erode": lambda s: f"erode(region = {box(2 * s)}, by = {ball(s)})",
    }
    if n == 3:
        found["above"] = lambda s: f"above(point = [0, 0, 0], height = {-s})"
    return found


def text(n: int, outers: Collection[str]) -> str:
    """Chains that hand over from each kind to each: to one twenty times as large, whose name ends
    in `_t`, and to one a twentieth as large."""
    lines = [f"state {{ x : {'point' if n == 3 else f'real[{n}]'} }}"]
    for inner, give in kinds(n).items():
        for outer in outers:
            take = kinds(n)[outer]
            for end, size in (("t", Fraction(20)), ("f", Fraction(1, 20))):
                name = f"{inner}_{outer}_{end}"
                lines.append(f"skill Give_{name} {{ terminal x in {give(Fraction(1))} }}")
                lines.append(f"skill Take_{name} {{ initial x in {take(size)}  modifies x }}")
                lines.append(f"chain C_{name} {{ Give_{name}(); Take_{name}() }}")
    return "\n".join(lines)


ROUND = ("ball2", "ellipsoid", "intersection", "preimage", "translate")


@pytest.mark.parametrize(
    ("n", "outers"),
    [
        (2, ROUND),
        *(pytest.param(n, tuple(kinds(n)), marks=pytest.mark.nightly) for n in (1, 2, 3)),
    ],
)
def test_every_pair_is_proved_with_a_certificate_or_refuted(
    n: int, outers: tuple[str, ...], tmp_path: Path
) -> None:
    path = tmp_path / "pairs.contract"
    path.write_text(text(n, outers))
    model = settled(str(path)).model
    wrong = []
    for chain in model.chains.values():
        _, inner, outer, end = chain.name.split("_")
        lies_in = end == "t" and (inner not in WITHOUT_END or inner == outer)
        for answer in judged(model, chain, Effort(30, 1), lambda done, total: None):
            match answer.verdict:
                case Proved(evidence) if isinstance(evidence, SolverWord):
                    wrong.append(f"{answer.obligation.id}: a solver's word")
                case Proved() if answer.obligation.rule != "initial" or lies_in:
                    pass
                case Refuted() if answer.obligation.rule == "initial" and not lies_in:
                    pass
                case other:
                    wrong.append(f"{answer.obligation.id}: {other}")
    assert not wrong
    assert len(model.chains) == 2 * len(kinds(n)) * len(outers)


@pytest.mark.parametrize(
    "written",
    [
        "intersection(halfspace(normal = [1, 1, 1], offset = 0),"
        " halfspace(normal = [-1, -1, -1], offset = 0), box(lower = -1, upper = 1))",
        "halfspace(normal = [1, 2, 2], offset = 1)",
    ],
    ids=["flat", "without an end"],
)
def test_a_promise_that_no_single_bound_keeps_has_a_choice(written: str, tmp_path: Path) -> None:
    """It is kept from every start, though each variable's bounds speak of the others."""
    path = tmp_path / "promise.contract"
    path.write_text(
        f"state {{ x : point }}\nskill Give {{ terminal x in {written} }}\nchain C {{ Give() }}\n"
    )
    model = settled(str(path)).model
    answers = judged(model, model.chains["C"], Effort(30, 1), lambda done, total: None)
    assert {type(answer.verdict) for answer in answers} == {Proved}
