"""How much of the judge the tests of the judge would miss: `python tests/benchmarks/mutants.py`.

A mutant is one small change of one file of verifier/check: a comparison turned, a connective
exchanged, a constant moved, a `raise` or a call left out, a condition always true or false, two
arguments exchanged. It is killed if the tests of the judge then fail or do not come to an end
(DeMillo, Lipton, Sayward: Hints on test data selection, 1978). Prints the survivors, and exits with
1 if less than 95 % are killed. With `--share`, a sample of the mutants of each file is run, drawn
with a fixed seed.

    mutants.py [--only FILE:LINE] [--share PERCENT] [--processes N]
"""

from __future__ import annotations

import argparse
import ast
import copy
import importlib.abc
import importlib.util
import os
import random
import resource
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

ROOT = Path(__file__).parents[2]
JUDGE = ("tests/test_judge_rules.py", "tests/test_check.py")
SETS = ("tests/test_containment.py", "-k", "honest or forgery")
COVERS = (
    *("tests/test_cover_rules.py", "tests/test_claims.py"),
    *("-k", "cover_rules or evidence or forged or false or box"),
)
MOTIONS = ("tests/test_motion.py", "-k", "honest or forgery or whatever or cell or polygon")
MEASURES = ("tests/test_measure_rules.py",)
TESTS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("network", "schedule", "budget", "measure", "measure_codec"), MEASURES),
    **dict.fromkeys(("judge", "facts", "polynomial", "survey", "codec", "rational"), JUDGE),
    **dict.fromkeys(("containment", "containment_codec"), SETS),
    **dict.fromkeys(("cover", "cover_codec", "bernstein", "bowl"), COVERS),
    **dict.fromkeys(("motion", "motion_codec", "barrier", "cells"), MOTIONS),
}
"""What pytest is told to run against the mutants of each file."""
ENOUGH = 0.95
SEED = 41
LIMIT_S = 60
MEMORY_MAX = 4 * 2**30

COMPARED: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
COMPUTED: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Add,
    ast.FloorDiv: ast.Mult,
    ast.Div: ast.Mult,
}
NAMES = {"all": "any", "any": "all", "min": "max", "max": "min", "gcd": "lcm", "lcm": "gcd"}
COMMUTATIVE = {"min", "max", "gcd", "lcm", "dot", "multiply", "_inner_product"}
"""Whose arguments may be exchanged. Likewise `strict=True` of `zip` is an assertion of ours."""
Change = Callable[[ast.AST], ast.AST | None]


@dataclass(frozen=True, slots=True)
class Mutant:
    file: str
    line: int
    what: str
    code: Callable[[], ast.Module]


def mutants(name: str) -> Iterator[Mutant]:
    """Every mutant of one file."""
    tree = ast.parse((ROOT / f"verifier/check/{name}.py").read_text(encoding="utf-8"))
    nodes = list(ast.walk(tree))
    told = _told(tree)
    for place, node in enumerate(nodes):
        for what, change in _changes(node, id(node) in told):
            line = getattr(node, "lineno", 0)
            yield Mutant(name, line, what, partial(_mutated, tree, place, change))


def _mutated(tree: ast.Module, place: int, change: Change) -> ast.Module:
    """The tree with this change of its node at this place of the walk."""
    mutated = copy.deepcopy(tree)
    twin = list(ast.walk(mutated))[place]
    changed = change(twin)
    if changed is not None:
        _put(mutated, twin, changed)
    return ast.fix_missing_locations(mutated)


def _told(tree: ast.Module) -> set[int]:
    """What only says something to a reader, or to mypy: messages, docstrings, annotations."""
    words: set[int] = set()
    for node in ast.walk(tree):
        hidden: list[ast.AST | None] = []
        match node:
            case ast.Raise(exc=ast.Call(args=arguments)):
                hidden += arguments
            case ast.Call(func=ast.Name(id="Rejected"), args=arguments):
                hidden += arguments
            case ast.Call(func=ast.Name(id="dataclass")):
                hidden.append(node)
            case ast.Expr(value=ast.Constant(value=str())):
                hidden.append(node)
            case ast.FunctionDef(name="shown" | "_told"):
                hidden.append(node)
            case ast.FunctionDef(returns=returns):
                hidden.append(returns)
            case ast.arg(annotation=annotation):
                hidden.append(annotation)
            case ast.AnnAssign(annotation=annotation, value=value):
                hidden.append(annotation)
                if ast.unparse(annotation) == "TypeAlias":
                    hidden.append(value)
            case ast.JoinedStr() | ast.Assert() | ast.keyword(arg="strict"):
                hidden.append(node)
        words |= {id(inner) for each in hidden if each is not None for inner in ast.walk(each)}
    return words


def _changes(node: ast.AST, told: bool) -> Iterator[tuple[str, Change]]:
    if told:
        return
    match node:
        case ast.Compare(ops=operators):
            for place, operator in enumerate(operators):
                for other in COMPARED.get(type(operator), ()):
                    yield f"{_word(operator)} -> {other.__name__}", _operator(place, other)
        case ast.BoolOp(op=ast.And(), values=values):
            yield "and -> or", _set(op=ast.Or())
            yield from _dropped(values)
        case ast.BoolOp(op=ast.Or(), values=values):
            yield "or -> and", _set(op=ast.And())
            yield from _dropped(values)
        case ast.UnaryOp(op=ast.Not()):
            yield "`not` left out", lambda twin: twin.operand  # type: ignore[attr-defined]
        case ast.UnaryOp(op=ast.USub()):
            yield "minus left out", lambda twin: twin.operand  # type: ignore[attr-defined]
        case ast.BinOp(op=operator) if type(operator) in COMPUTED:
            other_operator = COMPUTED[type(operator)]
            yield f"{_word(operator)} -> {other_operator.__name__}", _set(op=other_operator())
        case ast.AugAssign(op=operator) if type(operator) in COMPUTED:
            other_operator = COMPUTED[type(operator)]
            yield f"{_word(operator)} -> {other_operator.__name__}", _set(op=other_operator())
        case ast.Constant(value=bool(value)):
            yield f"{value} -> {not value}", _set(value=not value)
        case ast.Constant(value=int(value)):
            yield f"{value} -> {value + 1}", _set(value=value + 1)
            if value > 0:
                yield f"{value} -> {value - 1}", _set(value=value - 1)
        case ast.Constant(value=str(value)) if " " not in value:
            yield f"{value!r} -> another", _set(value=f"{value}?")
        case ast.Raise():
            yield "`raise` left out", lambda _: ast.Pass()
        case ast.Expr(value=ast.Call()):
            yield f"`{ast.unparse(node)[:40]}` left out", lambda _: ast.Pass()
        case ast.If() | ast.IfExp():
            yield "condition -> True", _set(test=ast.Constant(True))
            yield "condition -> False", _set(test=ast.Constant(False))
        case ast.comprehension(ifs=[_, *_]):
            yield "filter left out", _set(ifs=[])
        case ast.match_case(guard=ast.expr()):
            yield "guard left out", _set(guard=None)
        case ast.Continue():
            yield "continue -> break", lambda _: ast.Break()
        case ast.Break():
            yield "break -> continue", lambda _: ast.Continue()
        case ast.Name(id=name) if name in NAMES:
            yield f"{name} -> {NAMES[name]}", _set(id=NAMES[name])
    match node:
        case ast.Call(args=[_, _, *_] as arguments):
            commutes = isinstance(node.func, ast.Name) and node.func.id in COMMUTATIVE
            for place in range(0 if commutes else len(arguments) - 1):
                what = (
                    f"arguments {place + 1} and {place + 2} of {ast.unparse(node.func)} exchanged"
                )
                yield what, _exchange(place)


def _dropped(values: list[ast.expr]) -> Iterator[tuple[str, Change]]:
    for place, value in enumerate(values):

        def drop(twin: ast.AST, place: int = place) -> None:
            assert isinstance(twin, ast.BoolOp)
            del twin.values[place]

        yield f"`{ast.unparse(value)[:40]}` left out", drop


def _set(**fields: object) -> Change:
    def change(twin: ast.AST) -> None:
        for name, value in fields.items():
            setattr(twin, name, value)

    return change


def _operator(place: int, other: type[ast.cmpop]) -> Change:
    def change(twin: ast.AST) -> None:
        assert isinstance(twin, ast.Compare)
        twin.ops[place] = other()

    return change


def _exchange(place: int) -> Change:
    def change(twin: ast.AST) -> None:
        assert isinstance(twin, ast.Call)
        twin.args[place : place + 2] = reversed(twin.args[place : place + 2])

    return change


def _word(operator: ast.AST) -> str:
    return type(operator).__name__


def _put(tree: ast.AST, old: ast.AST, new: ast.AST) -> None:
    for parent in ast.walk(tree):
        for name, value in ast.iter_fields(parent):
            if value is old:
                setattr(parent, name, new)
            elif isinstance(value, list) and any(each is old for each in value):
                value[:] = [new if each is old else each for each in value]


# ---- running -----------------------------------------------------------------------------------


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Gives the mutated code for one module."""

    def __init__(self, mutant: Mutant) -> None:
        self.name = f"verifier.check.{mutant.file}"
        self.code = compile(mutant.code(), f"<mutant of {mutant.file}>", "exec")

    def find_spec(self, name: str, *_: object) -> importlib.machinery.ModuleSpec | None:
        return importlib.util.spec_from_loader(name, self) if name == self.name else None

    def exec_module(self, module: object) -> None:
        exec(self.code, vars(module))


def killed(mutant: Mutant) -> bool:
    """Whether the tests notice, in a child of this process."""
    child = os.fork()
    if child == 0:
        os._exit(_tests_fail(mutant))
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status) != 0


def _tests_fail(mutant: Mutant) -> int:
    import pytest

    resource.setrlimit(resource.RLIMIT_CPU, (LIMIT_S, LIMIT_S))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_MAX, MEMORY_MAX))
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 1)
    os.dup2(nothing, 2)
    try:
        sys.meta_path.insert(0, _Finder(mutant))
        os.chdir(ROOT)
        return int(
            pytest.main(["-x", "-q", "-n0", "-p", "no:cacheprovider", *TESTS[mutant.file]]) != 0
        )
    except BaseException:  # whatever ends the tests has noticed the mutant
        return 1


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--only", metavar="FILE:LINE", help="`judge` or `judge:120`")
    parser.add_argument("--share", type=int, default=100, metavar="PERCENT")
    parser.add_argument("--processes", type=int, default=1)
    options = parser.parse_args()
    rng = random.Random(SEED)
    wanted = [
        mutant
        for name in TESTS
        for mutant in mutants(name)
        if _asked(mutant, options.only) and rng.randrange(100) < options.share
    ]
    import pytest  # noqa: F401 - so that every child need not
    from hypothesis import HealthCheck, settings

    import verifier.solve.containment
    import verifier.solve.discharge
    import verifier.solve.validity  # noqa: F401

    # The same examples for all mutants, and no complaint about a machine that is busy.
    settings.register_profile("all", derandomize=True, suppress_health_check=list(HealthCheck))
    settings.load_profile("all")
    assert not any(name.startswith("verifier.check.") for name in sys.modules)
    for name in {mutant.file for mutant in wanted}:
        source = (ROOT / f"verifier/check/{name}.py").read_text(encoding="utf-8")
        unchanged = Mutant(name, 0, "unchanged", partial(ast.parse, source))
        assert not killed(unchanged), f"{name}: the tests fail as it is"
    with ThreadPoolExecutor(options.processes) as pool:
        outcomes = []
        for mutant, dead in zip(wanted, pool.map(killed, wanted), strict=True):
            outcomes.append(dead)
            if not dead:
                print(f"survived  {mutant.file}.py:{mutant.line}  {mutant.what}", flush=True)
    survivors = [m for m, dead in zip(wanted, outcomes, strict=True) if not dead]
    for name in TESTS:
        asked = sum(mutant.file == name for mutant in wanted)
        alive = sum(mutant.file == name for mutant in survivors)
        print(f"{name}.py: {asked} mutants, {asked - alive} killed")
    share = 1 - len(survivors) / max(1, len(wanted))
    print(f"{len(wanted)} mutants, {len(wanted) - len(survivors)} killed ({share:.1%})")
    return 0 if share >= ENOUGH else 1


def _asked(mutant: Mutant, only: str | None) -> bool:
    return only in (None, mutant.file, f"{mutant.file}:{mutant.line}")


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    sys.exit(main())
