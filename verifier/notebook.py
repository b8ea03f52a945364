"""For notebooks: a contract's verdict as rich output, and plots of sets in a plane.

A plot shows what a condition means, point by point on a grid of doubles: it is a picture, not a
proof. The condition is drawn where its value below is at most 0, with the largest of the parts for
`and`, the smallest for `or`, and `left - right` for a comparison.
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from verifier.closing.wording import base_unit
from verifier.core.evaluate import Value
from verifier.core.sets import Region, membership
from verifier.core.term import (
    NOW,
    And,
    Comparison,
    Formula,
    Not,
    Or,
    Real,
    Truth,
    Variable,
)
from verifier.judging import Effort
from verifier.model.expression import Context
from verifier.model.expression import formula as settle_formula
from verifier.model.values import Model
from verifier.monitor.measured import Readings, measure, truth
from verifier.pipeline import check as judge_chains
from verifier.report import terminal
from verifier.report.paint import Paint
from verifier.report.values import ChainReport, Report, chain_verdict
from verifier.scene import Scene, scene
from verifier.source import Mistakes, Source, settled
from verifier.syntax.parse import parse_expression

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

TIMEOUT_S = 10.0
CELLS = 160
FRAME = 0.06  # of the larger side, around what is shown
COLOURS = ("tab:blue", "tab:orange", "tab:green", "tab:red", "tab:purple")
_VERDICT = re.compile(r"(?m)^(refuted|unknown|deferred|proved|repair|error)\b")

Drawn: TypeAlias = "Region | Formula"


# ---- verdicts ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Checked:
    """The report on a contract. `source` is None if there are mistakes in it.

    A notebook shows it as the command line prints it.
    """

    report: Report
    source: Source | None

    def __repr__(self) -> str:
        found = self.report.diagnostics
        if found:
            return terminal.diagnostics(found, self.report.texts, Paint(False))
        return terminal.render(self.report, Paint(False))

    def _repr_html_(self) -> str:
        shown = _VERDICT.sub(r"<b>\1</b>", html.escape(repr(self)))
        return f"<pre>{shown}</pre>"

    def chain(self, name: str) -> ChainReport:
        """The report on one chain. Raises KeyError."""
        return {chain.name: chain for chain in self.report.chains}[name]

    def verdict(self, name: str) -> str:
        """`proved`, `refuted` or `unknown`. Raises KeyError."""
        return chain_verdict(self.chain(name))


def check(contract: str | Path, *chains: str) -> Checked:
    """The verdicts of a contract, given as its text or as the path of its file.

    Without names, of every chain in it. Files that a text uses are looked for from the working
    folder.
    """
    try:
        if isinstance(contract, Path):
            source = settled(str(contract))
        else:
            source = settled("notebook.contract", contract)
        report = judge_chains(source, chains, Effort(TIMEOUT_S, None), lambda done, total: None)
    except Mistakes as mistakes:
        return Checked(Report(mistakes.diagnostics, (), dict(mistakes.texts)), None)
    return Checked(report, source)


def witness(checked: Checked, chain: str) -> Mapping[str, Value]:
    """The state in which the chain's first refuted obligation fails, by scalar, in base units.

    Empty if nothing is refuted by a state. Raises KeyError for a chain that was not judged.
    """
    return next((answer.state for answer in checked.chain(chain).answers if answer.state), {})


def condition(checked: Checked, text: str) -> Formula:
    """The meaning of a condition in the contract's names: `ee in ball(center = pose[cup], …)`.

    Raises SourceError.
    """
    if checked.source is None:
        raise Mistakes(checked.report.diagnostics, checked.report.texts)
    return settle_formula(parse_expression(text), Context(checked.source.scope))


# ---- plots -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Picture:
    """A figure that a notebook shows."""

    figure: Figure

    def _repr_png_(self) -> bytes:
        image = BytesIO()
        self.figure.savefig(image, format="png", dpi=90)
        return image.getvalue()

    def svg(self) -> str:
        """The figure as an SVG document."""
        from matplotlib import rc_context

        image = BytesIO()
        with rc_context({"svg.hashsalt": "verify-chain"}):
            self.figure.savefig(image, format="svg", metadata={"Date": None})
        return image.getvalue().decode("utf-8")


def plot_transition(checked: Checked, chain: str, step: int, plane: tuple[str, str]) -> Picture:
    """The transition that a step of a chain is, seen along all but two of its moved scalars (`ee.x`
    and `ee.y`): obstacles, starts, end set, tube, and the motions from corners of the starts.

    Raises KeyError where the step is no transition or the scalars are not moved by it.
    """
    from matplotlib.figure import Figure

    assert checked.source is not None
    model = checked.source.model
    contract = model.chains[chain].steps[step - 1].contract
    table = contract.transition
    if table is None or not set(plane) <= set(table.moved):
        raise KeyError(f"step {step} of {chain} moves no {plane[0]} and {plane[1]}")
    figure = Figure(figsize=(6.0, 6.0), layout="constrained")
    axes = figure.add_subplot()
    handles = _draw(axes, scene(table, (table.moved.index(plane[0]), table.moved.index(plane[1]))))
    high = contract.duration.high
    within = "" if high is None else f", at most {float(high):g} s"
    axes.set_title(f"{chain}, step {step}: {contract.skill}{within}")
    across, up = (_with_unit(model, name) for name in plane)
    axes.set_xlabel(across)
    axes.set_ylabel(up)
    figure.legend(handles=handles, loc="outside lower center", ncols=3)
    return Picture(figure)


def _with_unit(model: Model, name: str) -> str:
    sort = model.scalars[name].sort
    unit = base_unit(sort.dimension) if isinstance(sort, Real) else None
    return f"{name} ({unit.symbol})" if unit else name


def _draw(axes: Axes, shown: Scene) -> list[Artist]:
    """Draws the scene, what is in the way last; handles for the legend."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch, Polygon, Rectangle

    looks: dict[str, dict[str, Any]] = {
        "bounds": {"facecolor": "none", "edgecolor": "0.4", "linestyle": "--"},
        "zones": {"facecolor": "tab:purple", "alpha": 0.08},
        "tube": {"facecolor": "tab:blue", "alpha": 0.1},
        "starts": {"facecolor": "tab:orange", "alpha": 0.45, "edgecolor": "tab:orange"},
        "ends": {"facecolor": "tab:green", "alpha": 0.45, "edgecolor": "tab:green"},
        "radius and clearance": {"facecolor": "0.85", "edgecolor": "0.6", "linestyle": ":"},
        "obstacles": {"facecolor": "0.55", "edgecolor": "0.3"},
    }
    boxes = {"bounds": [shown.bounds] if shown.bounds else [], "tube": shown.tube}
    rings = {
        "zones": shown.zones,
        "starts": [shown.starts],
        "ends": [shown.end] if shown.end else [],
        "radius and clearance": shown.grown,
        "obstacles": shown.obstacles,
    }
    handles: list[Artist] = []
    for layer, (label, look) in enumerate(looks.items()):
        shapes = [
            *(
                Rectangle(low, high[0] - low[0], high[1] - low[1])
                for low, high in boxes.get(label, ())
            ),
            *(Polygon(ring, closed=True) for ring in rings.get(label, ())),
        ]
        for shape in shapes:
            shape.set(**look, zorder=layer)
            axes.add_patch(shape)
        if shapes:
            handles.append(Patch(**look, label=label))
    for path in shown.paths:
        axes.plot(*zip(*path, strict=True), color="tab:blue", linewidth=1.0, zorder=len(looks))
    ends = [spot for path in shown.paths for spot in (path[0], path[-1])]
    xs, ys = zip(*ends, strict=True)
    axes.scatter(xs, ys, s=8, color="tab:blue", zorder=len(looks) + 1)
    handles.append(Line2D([], [], color="tab:blue", label="from corners"))
    axes.set_aspect("equal")
    axes.autoscale_view()
    _focus(axes, shown)
    return handles


def _focus(axes: Axes, shown: Scene) -> None:
    """Shows the bounds, or what moves, with room around it; not all of what is in the way."""
    spots = [*shown.starts, *shown.end, *(corner for box in shown.tube for corner in box)]
    spots += shown.bounds or [spot for path in shown.paths for spot in path]
    columns = list(zip(*spots, strict=True))
    room = FRAME * max(max(column) - min(column) for column in columns) or 1.0
    axes.set_xlim(min(columns[0]) - room, max(columns[0]) + room)
    axes.set_ylim(min(columns[1]) - room, max(columns[1]) + room)


def plot_sets(
    sets: Mapping[str, Drawn],
    plane: tuple[str, str],
    around: tuple[float, float],
    reach: float,
    at: Mapping[str, Value] | None = None,
    points: Mapping[str, tuple[float, float]] | None = None,
) -> Picture:
    """Each set in the plane of two scalars (`ee.x` and `ee.y`), labelled by its name.

    The picture is a square that reaches `reach` from `around` to each side, in base units. A region
    has two dimensions; a condition may read more scalars, which take their values from `at`, so
    that the plane cuts through that state. `points` are marked and named. A set without
    inner points in the plane is drawn as a thin line.
    """
    from matplotlib.figure import Figure
    from matplotlib.patches import Patch

    figure = Figure(figsize=(5.5, 5.5), layout="constrained")
    axes = figure.add_subplot()
    xs, ys = (_line(middle, reach) for middle in around)
    legend: list[Patch] = []
    for (label, drawn), colour in zip(sets.items(), _colours(len(sets)), strict=True):
        values = _values(_condition(drawn, plane), plane, xs, ys, at or {}, reach / CELLS)
        axes.contourf(xs, ys, values, levels=[-float("inf"), 0.0], colors=[colour], alpha=0.25)
        axes.contour(xs, ys, values, levels=[0.0], colors=[colour])
        legend.append(Patch(facecolor=colour, alpha=0.4, label=label))
    for label, (x, y) in (points or {}).items():
        axes.plot([x], [y], marker="x", color="black")
        axes.annotate(label, (x, y), textcoords="offset points", xytext=(6, 6))
    axes.set_aspect("equal")
    axes.set_xlabel(f"{plane[0]} (SI)")
    axes.set_ylabel(f"{plane[1]} (SI)")
    figure.legend(handles=legend, loc="outside lower center")
    return Picture(figure)


def _colours(count: int) -> list[str]:
    return [COLOURS[i % len(COLOURS)] for i in range(count)]


def _line(middle: float, reach: float) -> list[float]:
    return [middle + reach * (2 * i / CELLS - 1) for i in range(CELLS + 1)]


def _condition(drawn: Drawn, plane: tuple[str, str]) -> Formula:
    if isinstance(drawn, Formula):
        return drawn
    return membership(tuple(Variable(name) for name in plane), drawn)


def _values(
    formula: Formula,
    plane: tuple[str, str],
    xs: Sequence[float],
    ys: Sequence[float],
    at: Mapping[str, Value],
    thickness: float,
) -> list[list[float]]:
    """How far each point of the grid is outside, row by row from the lowest y."""
    known: dict[tuple[str, int], bool | str | float] = {
        (name, NOW): value if isinstance(value, bool | str) else float(value)
        for name, value in at.items()
    }
    across, up = plane
    return [
        [_outside(formula, {**known, (across, NOW): x, (up, NOW): y}, thickness) for x in xs]
        for y in ys
    ]


def _outside(formula: Formula, at: Readings, thickness: float) -> float:
    match formula:
        case And(parts):
            return max((_outside(part, at, thickness) for part in parts), default=-1.0)
        case Or(parts):
            return min((_outside(part, at, thickness) for part in parts), default=1.0)
        case Not(body):
            return -_outside(body, at, thickness)
        case Comparison("==", left, right):
            return abs(measure(left, at) - measure(right, at)) - thickness
        case Comparison(_, left, right):
            return measure(left, at) - measure(right, at)
        case Truth(value):
            return -1.0 if value else 1.0
        case _:
            return -1.0 if truth(formula, at) else 1.0
