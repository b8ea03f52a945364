"""How much of the judge the tests of the judge would miss: `python tests/benchmarks/mutants.py`.

A mutant is one small change of one file of verifier/check: a comparison turned, a connective
exchanged, a constant moved, a `raise` or a call left out, a condition always true or false, two
arguments exchanged. It is killed if the tests of the judge then fail or do not come to an end
(DeMillo, Lipton, Sayward: Hints on test data selection, 1978). Prints the survivors, and exits with
1 if less than 95 % are killed.

    mutants.py [--only FILE:LINE] [--processes N]
"""

from __future__ import annotations

import argparse
import ast
import copy
import importlib.abc
import importlib.util
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
FILES = ("judge", "facts", "polynomial", "survey", "codec")
TESTS = ("tests/test_judge_rules.py", "tests/test_check.py")
ENOUGH = 0.95
LIMIT_S = 60

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
Change = Callable[[ast.AST], ast.AST | None]


@dataclass(frozen=True, slots=True)
class Mutant:
    file: str
    line: int
    what: str
    code: ast.Module


def mutants(name: str) -> Iterator[Mutant]:
    """Every mutant of one file."""
    tree = ast.parse((ROOT / f"verifier/check/{name}.py").read_text(encoding="utf-8"))
    nodes = list(ast.walk(tree))
    told = _told(tree)
    for place, node in enumerate(nodes):
        for what, change in _changes(node, id(node) in told):
            mutated = copy.deepcopy(tree)
            twin = list(ast.walk(mutated))[place]
            changed = change(twin)
            if changed is not None:
                _put(mutated, twin, changed)
            line = getattr(node, "lineno", 0)
            yield Mutant(name, line, what, ast.fix_missing_locations(mutated))


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
            case ast.JoinedStr() | ast.Assert():
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
            for place in range(len(arguments) - 1):
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
        self.code = compile(mutant.code, f"<mutant of {mutant.file}>", "exec")

    def find_spec(self, name: str, *_: object) -> importlib.machinery.ModuleSpec | None:
        return importlib.util.spec_from_loader(name, self) if name == self.name else None

    def exec_module(self, module: object) -> None:
        exec(self.code, vars(module))


def killed(mutant: Mutant) -> bool:
    """Whether the tests notice, in a child of this process."""
    child = os.fork()
    if child == 0:
        os._exit(_tests_fail(mutant))
    deadline = time.monotonic() + LIMIT_S
    while time.monotonic() < deadline:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status) != 0
        time.sleep(0.02)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return True


def _tests_fail(mutant: Mutant) -> int:
    import pytest

    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 1)
    os.dup2(nothing, 2)
    try:
        sys.meta_path.insert(0, _Finder(mutant))
        return int(
            pytest.main(
                ["-x", "-q", "-p", "no:cacheprovider", *(str(ROOT / each) for each in TESTS)]
            )
            != 0
        )
    except BaseException:  # whatever ends the tests has noticed the mutant
        return 1


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--only", metavar="FILE:LINE", help="`judge` or `judge:120`")
    parser.add_argument("--processes", type=int, default=1)
    options = parser.parse_args()
    wanted = [m for name in FILES for m in mutants(name) if _asked(m, options.only)]
    import hypothesis  # noqa: F401 - so that every child need not
    import pytest  # noqa: F401

    import verifier.core.obligation  # noqa: F401

    assert not any(name.startswith("verifier.check.") for name in sys.modules)
    for name in {mutant.file for mutant in wanted}:
        source = (ROOT / f"verifier/check/{name}.py").read_text(encoding="utf-8")
        assert not killed(Mutant(name, 0, "unchanged", ast.parse(source))), (
            "the tests fail as it is"
        )
    with ThreadPoolExecutor(options.processes) as pool:
        outcomes = list(pool.map(killed, wanted))
    survivors = [m for m, dead in zip(wanted, outcomes, strict=True) if not dead]
    for mutant in survivors:
        print(f"survived  {mutant.file}.py:{mutant.line}  {mutant.what}")
    share = 1 - len(survivors) / max(1, len(wanted))
    print(f"{len(wanted)} mutants, {len(wanted) - len(survivors)} killed ({share:.1%})")
    return 0 if share >= ENOUGH else 1


def _asked(mutant: Mutant, only: str | None) -> bool:
    return only in (None, mutant.file, f"{mutant.file}:{mutant.line}")


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    sys.exit(main())
