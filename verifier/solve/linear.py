"""Linear programs by HiGHS (Huangfu and Hall, Mathematical Programming Computation 10, 2018).

The home of highspy, which is imported with the first program. Answers are floating point: whoever
makes a claim of one rounds it to rationals and has it judged.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from verifier.core.linear import INFINITY, Minimize, NoPoint, Optimum, Program, Solution, Stopped

Row: TypeAlias = tuple[float, float, Sequence[int], Sequence[float]]
"""low <= coefficients at these indices <= high."""

SECONDS_MAX = 20.0
TOLERANCE = 1e-9


def minimize(program: Program) -> Solution:
    """The optimum of the program, or why there is none."""
    return _answer(_run(program, None))


def series() -> Minimize:
    """Minimizes programs of which many have the same shape: one starts at the basis at which the
    last one of its shape ended."""
    bases: dict[tuple[int, int], Any] = {}

    def solve(program: Program) -> Solution:
        shape = len(program.cost), len(program.low)
        solver = _run(program, bases.get(shape))
        answer = _answer(solver)
        if shape in bases and not isinstance(answer, Optimum):
            solver = _run(program, None)
            answer = _answer(solver)
        if isinstance(answer, Optimum):
            bases[shape] = solver.getBasis()
        return answer

    return solve


def _run(program: Program, basis: Any) -> Any:
    """The solver after its run, from the basis if there is one."""
    solver = _quiet()  # type: ignore[no-untyped-call]
    solver.passModel(_model(program))
    if basis is not None:
        solver.setOptionValue("presolve", "off")
        solver.setBasis(basis)
    solver.run()
    return solver


def _answer(solver: Any) -> Solution:
    import highspy

    status = solver.getModelStatus()
    if status == highspy.HighsModelStatus.kOptimal:
        return Optimum(
            solver.getInfo().objective_function_value, tuple(solver.getSolution().col_value)
        )
    if status in (
        highspy.HighsModelStatus.kInfeasible,
        highspy.HighsModelStatus.kUnboundedOrInfeasible,
    ):
        return NoPoint()
    return Stopped(f"HiGHS: {solver.modelStatusToString(status).lower()}")


def _model(program: Program):  # type: ignore[no-untyped-def]  # highspy carries no types
    """The program as HiGHS takes it, row by row."""
    import highspy
    import numpy

    model = highspy.HighsLp()
    model.num_col_, model.num_row_ = len(program.cost), len(program.low)
    model.col_cost_ = numpy.array(program.cost)
    model.col_lower_ = numpy.array(program.lower)
    model.col_upper_ = numpy.array(program.upper)
    model.row_lower_ = numpy.array(program.low)
    model.row_upper_ = numpy.array(program.high)
    model.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    model.a_matrix_.start_ = numpy.array(program.starts, dtype=numpy.int32)
    model.a_matrix_.index_ = numpy.array(program.indices, dtype=numpy.int32)
    model.a_matrix_.value_ = numpy.array(program.coefficients, dtype=float)
    return model


def maximizer(rows: Sequence[Row], columns: int) -> Callable[[Sequence[float]], list[int]]:
    """Gives, for an objective to maximize over free variables, the rows at which HiGHS stopped.

    They are a proposal: fewer than `columns` where the optimum is degenerate, and any rows at all
    where there is no optimum. A next objective starts where the last one ended.
    """
    import highspy
    import numpy

    solver = _quiet()  # type: ignore[no-untyped-call]
    for name, value in (("presolve", "off"), ("solver", "simplex"), ("simplex_strategy", 4)):
        solver.setOptionValue(name, value)
    model = Program([0.0] * columns, [-INFINITY] * columns, [INFINITY] * columns)
    for low, high, indices, coefficients in rows:
        model.row(indices, coefficients, low, high)
    solver.passModel(_model(model))
    solver.changeObjectiveSense(highspy.ObjSense.kMaximize)
    every = numpy.arange(columns, dtype=numpy.int32)
    basic = highspy.HighsBasisStatus.kBasic

    def active(objective: Sequence[float]) -> list[int]:
        solver.changeColsCost(columns, every, numpy.array(objective, dtype=float))
        solver.run()
        statuses = solver.getBasis().row_status
        return [number for number, status in enumerate(statuses) if status != basic]

    return active


def _quiet():  # type: ignore[no-untyped-def]  # highspy carries no types
    """A solver that says nothing, on one thread and for a limited time."""
    import highspy

    solver = highspy.Highs()  # type: ignore[no-untyped-call]
    solver.setOptionValue("output_flag", False)
    solver.setOptionValue("threads", 1)
    solver.setOptionValue("time_limit", SECONDS_MAX)
    solver.setOptionValue("primal_feasibility_tolerance", TOLERANCE)
    solver.setOptionValue("dual_feasibility_tolerance", TOLERANCE)
    return solver
