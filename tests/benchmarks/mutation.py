"""The mutants of a file of verifier/check: small changes of its text, as code.

The operators are the usual ones (DeMillo, Lipton, Sayward: Hints on test data selection, 1978;
Offutt et al.: An experimental determination of sufficient mutant operators, 1996): a comparison
turned or made strict, an arithmetic operator or a connective exchanged, an operand or a `not` left
out, a constant moved by one, a condition always true or false, a filter or a guard left out, a
statement left out, a value not returned, two arguments exchanged. What only speaks to a reader or
to mypy is left alone: messages, docstrings, annotations, assertions.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

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
    ast.Mod: ast.Mult,
}
NAMES = {"all": "any", "any": "all", "min": "max", "max": "min", "gcd": "lcm", "lcm": "gcd"}
COMMUTATIVE = {"min", "max", "gcd", "lcm", "dot", "plus", "multiply", "overlap"} | {
    *("_inner_product", "_clash", "_alike", "_gap"),
}
"""Whose arguments may be exchanged."""

Change = Callable[[ast.AST], ast.AST | None]


@dataclass(frozen=True, slots=True)
class Mutant:
    """One change. `owner` is the function or method around it, dotted, or "" for what the module
    itself says; `code` is what stands in the owner's place, or the statement of the module."""

    file: str
    line: int
    what: str
    owner: str
    code: Callable[[], ast.stmt]


def mutants(name: str, path: Path) -> Iterator[Mutant]:
    """Every mutant of one file."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    told = _told(tree)
    for owner, statement in _owners(tree):
        for place, node in enumerate(ast.walk(statement)):
            if id(node) in told:
                continue
            for what, change in _changes(node):
                code = partial(_mutated, statement, place, change)
                line = getattr(node, "lineno", None) or _line(node)
                yield Mutant(name, line, what, owner, code)


def _owners(tree: ast.Module) -> Iterator[tuple[str, ast.stmt]]:
    for statement in tree.body:
        match statement:
            case ast.ClassDef(name=name, body=body):
                for inner in body:
                    if isinstance(inner, ast.FunctionDef):
                        yield f"{name}.{inner.name}", inner
            case ast.FunctionDef(name=name):
                yield name, statement
            case _:
                yield "", statement


def _line(node: ast.AST) -> int:
    return min((n.lineno for n in ast.walk(node) if hasattr(n, "lineno")), default=0)


def _mutated(statement: ast.stmt, place: int, change: Change) -> ast.stmt:
    """The statement with this change of its node at this place of the walk."""
    mutated = copy.deepcopy(statement)
    twin = list(ast.walk(mutated))[place]
    changed = change(twin)
    if changed is not None:
        _put(mutated, twin, changed)
    if isinstance(mutated, ast.FunctionDef):
        mutated.decorator_list = []
    return ast.fix_missing_locations(mutated)


def _put(tree: ast.AST, old: ast.AST, new: ast.AST) -> None:
    for parent in ast.walk(tree):
        for name, value in ast.iter_fields(parent):
            if value is old:
                setattr(parent, name, new)
            elif isinstance(value, list) and any(each is old for each in value):
                value[:] = [new if each is old else each for each in value]


def _told(tree: ast.Module) -> set[int]:
    """What only says something to a reader, or to mypy: messages, docstrings, annotations."""
    words: set[int] = set()
    for node in ast.walk(tree):
        hidden: list[ast.AST | None] = []
        match node:
            case ast.Raise(exc=ast.Call(args=arguments)):
                hidden += arguments
            case ast.Call(func=ast.Name(id="Rejected" | "TypeVar"), args=arguments):
                hidden += arguments
            case ast.Expr(value=ast.Constant(value=str())):
                hidden.append(node)
            case ast.FunctionDef(name="shown" | "_told", body=body):
                hidden += body
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
        if isinstance(node, ast.FunctionDef):
            hidden.append(node.returns)
        words |= {id(inner) for each in hidden if each is not None for inner in ast.walk(each)}
    return words


# ---- operators ---------------------------------------------------------------------------------


def _changes(node: ast.AST) -> Iterator[tuple[str, Change]]:
    yield from _operators(node)
    yield from _values(node)
    yield from _statements(node)
    match node:
        case ast.Call(args=[_, _, *_] as arguments):
            commutes = isinstance(node.func, ast.Name) and node.func.id in COMMUTATIVE
            for place in range(0 if commutes else len(arguments) - 1):
                called = ast.unparse(node.func)
                if ast.unparse(arguments[place]) != ast.unparse(arguments[place + 1]):
                    what = f"arguments {place + 1} and {place + 2} of {called} exchanged"
                    yield what, _swap(place)


def _operators(node: ast.AST) -> Iterator[tuple[str, Change]]:
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
        case ast.BinOp(op=operator) | ast.AugAssign(op=operator) if type(operator) in COMPUTED:
            exchanged = COMPUTED[type(operator)]
            yield f"{_word(operator)} -> {exchanged.__name__}", _set(op=exchanged())


def _values(node: ast.AST) -> Iterator[tuple[str, Change]]:
    match node:
        case ast.Constant(value=bool(value)):
            yield f"{value} -> {not value}", _set(value=not value)
        case ast.Constant(value=int(value)):
            yield f"{value} -> {value + 1}", _set(value=value + 1)
            if value > 0:
                yield f"{value} -> {value - 1}", _set(value=value - 1)
        case ast.Constant(value=str(value)) if " " not in value:
            yield f"{value!r} -> another", _set(value=f"{value}?")
        case ast.Name(id=name) if name in NAMES:
            yield f"{name} -> {NAMES[name]}", _set(id=NAMES[name])


def _statements(node: ast.AST) -> Iterator[tuple[str, Change]]:
    match node:
        case ast.Raise():
            yield "`raise` left out", lambda _: ast.Pass()
        case ast.Return(value=None):
            yield "`return` left out", lambda _: ast.Pass()
        case ast.Return(value=ast.expr() as value) if ast.unparse(value) not in ("None", "False"):
            yield "returns None", _set(value=ast.Constant(None))
        case ast.Expr(value=ast.Call()) | ast.AugAssign() | ast.Delete():
            yield f"`{ast.unparse(node)[:40]}` left out", lambda _: ast.Pass()
        case ast.Assign(targets=[ast.Subscript() | ast.Attribute()]):
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


def _swap(place: int) -> Change:
    def change(twin: ast.AST) -> None:
        assert isinstance(twin, ast.Call)
        twin.args[place : place + 2] = reversed(twin.args[place : place + 2])

    return change


def _word(operator: ast.AST) -> str:
    return type(operator).__name__
