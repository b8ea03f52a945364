"""Prints the C tree. The same tree always gives the same bytes."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterator

from verifier.emit.ctree import (
    Arrow,
    Assign,
    At,
    Binary,
    Braces,
    Call,
    Cast,
    Choose,
    Declare,
    Do,
    Dot,
    Enum,
    Expression,
    File,
    Function,
    Id,
    If,
    Include,
    Int,
    Macro,
    Real,
    Remark,
    Repeat,
    Return,
    Statement,
    Struct,
    Switch,
    Table,
    Text,
    TopLevel,
    Unary,
    Verbatim,
)

WIDTH = 100
INDENT = "    "


def printed(file: File) -> str:
    """The file's text."""
    lines = [*_comment(file.remark, "")]
    if file.guard is not None:
        lines += ["", f"#ifndef {file.guard}", f"#define {file.guard}"]
    for before, part in zip((None, *file.parts), file.parts, strict=False):
        if not _together(before, part):
            lines.append("")
        lines += [folded for line in _top(part) for folded in _folded(line)]
    if file.guard is not None:
        lines += ["", f"#endif /* {file.guard} */"]
    return "\n".join(lines) + "\n"


def _together(before: TopLevel | None, part: TopLevel) -> bool:
    return isinstance(part, Include | Macro) and isinstance(before, type(part))


def _folded(line: str) -> list[str]:
    """The line, broken at spaces where it is too long; code only, a comment or a string stays."""
    if len(line) <= WIDTH or "/*" in line or '"' in line or line.startswith(("#", " *")):
        return [line]
    indent = " " * (len(line) - len(line.lstrip()) + len(INDENT))
    return textwrap.wrap(
        line,
        WIDTH,
        subsequent_indent=indent,
        drop_whitespace=True,
        break_long_words=False,
        break_on_hyphens=False,
    )


# ---- top level ---------------------------------------------------------------------------------


def _top(part: TopLevel) -> Iterator[str]:
    match part:
        case Include(header, system):
            yield f"#include <{header}>" if system else f'#include "{header}"'
        case Macro(name, value):
            yield f"#define {name} {expression(value)}"
        case Verbatim(line):
            yield line
        case Remark(text):
            yield from _comment(text, "")
        case Struct():
            yield from _struct(part)
        case Enum():
            yield from _enum(part)
        case Table():
            yield from _table(part)
        case Function():
            yield from _function(part)


def _struct(part: Struct) -> Iterator[str]:
    yield from _comment(part.remark, "")
    yield f"typedef struct {part.name} {{"
    for member in part.members:
        sizes = "".join(f"[{expression(size)}]" for size in member.sizes)
        yield from _remarked(f"{member.type} {member.name}{sizes};", member.remark)
    yield f"}} {part.name};"


def _enum(part: Enum) -> Iterator[str]:
    yield from _comment(part.remark, "")
    yield f"typedef enum {part.name} {{"
    for number, (label, remark) in enumerate(part.labels):
        comma = "," if number + 1 < len(part.labels) else ""
        yield from _remarked(f"{label} = {number}{comma}", remark)
    yield f"}} {part.name};"


def _remarked(code: str, remark: str | None) -> Iterator[str]:
    """A line with its remark behind it, or before it where that is too long."""
    if remark is None:
        yield INDENT + code
    elif len(INDENT + code) + len(_safe(remark)) + 7 <= WIDTH:
        yield f"{INDENT}{code} /* {_safe(remark)} */"
    else:
        yield from _comment(remark, INDENT)
        yield INDENT + code


def _table(part: Table) -> Iterator[str]:
    yield from _comment(part.remark, "")
    sizes = "".join(f"[{expression(size)}]" for size in part.sizes)
    yield f"static const {part.type} {part.name}{sizes} = {{"
    for number, item in enumerate(part.value.items):
        comma = "," if number + 1 < len(part.value.items) else ""
        yield f"{INDENT}{_item(item)}{comma}"
    yield "};"


def _function(part: Function) -> Iterator[str]:
    yield from _comment(part.remark, "")
    head = f"{'static ' if part.static else ''}{_typed(part.type, part.name)}("
    parameters = [_typed(p.type, p.name) for p in part.parameters] or ["void"]
    one = head + ", ".join(parameters) + ")"
    tail = ";" if part.body is None else ""
    if len(one) + len(tail) <= WIDTH:
        yield one + tail
    else:
        for number, parameter in enumerate(parameters):
            start = head if number == 0 else " " * len(head)
            yield start + parameter + ("," if number + 1 < len(parameters) else ")" + tail)
    if part.body is not None:
        yield "{"
        yield from _body(part.body, INDENT)
        yield "}"


def _typed(type_name: str, name: str) -> str:
    return f"{type_name}{name}" if type_name.endswith("*") else f"{type_name} {name}"


# ---- statements --------------------------------------------------------------------------------


def _body(statements: tuple[Statement, ...], indent: str) -> Iterator[str]:
    for statement in statements:
        yield from _statement(statement, indent)


def _statement(statement: Statement, indent: str) -> Iterator[str]:
    deeper = indent + INDENT
    match statement:
        case Declare(type_name, name, value, sizes):
            where = _typed(type_name, name) + "".join(f"[{expression(size)}]" for size in sizes)
            yield f"{indent}{where}{'' if value is None else ' = ' + expression(value)};"
        case Assign(target, value, operator):
            yield f"{indent}{expression(target)} {operator} {expression(value)};"
        case Do(effect):
            yield f"{indent}{expression(effect)};"
        case If(condition, then, otherwise):
            yield f"{indent}if ({expression(condition)}) {{"
            yield from _body(then, deeper)
            if otherwise:
                yield f"{indent}}} else {{"
                yield from _body(otherwise, deeper)
            yield f"{indent}}}"
        case Repeat(variable, bound, body, also):
            within = f"{variable} < {expression(bound)}"
            goes = within if also is None else f"({within}) && {_operand(also)}"
            yield f"{indent}for (uint32_t {variable} = 0u; {goes}; ++{variable}) {{"
            yield from _body(body, deeper)
            yield f"{indent}}}"
        case Switch(chosen, cases, otherwise):
            yield f"{indent}switch ({expression(chosen)}) {{"
            for label, body in cases:
                yield f"{indent}case {expression(label)}:"
                yield from _case(body, deeper)
            yield f"{indent}default:"
            yield from _case(otherwise, deeper)
            yield f"{indent}}}"
        case Return(None):
            yield f"{indent}return;"
        case Return(value) if value is not None:
            yield f"{indent}return {expression(value)};"
        case Remark(text):
            yield from _comment(text, indent)


def _case(body: tuple[Statement, ...], indent: str) -> Iterator[str]:
    yield from _body(body, indent)
    if not body or not isinstance(body[-1], Return):
        yield f"{indent}break;"


def _comment(text: str | None, indent: str) -> Iterator[str]:
    if text is None:
        return
    wrapped = [
        textwrap.wrap(line, WIDTH - len(indent) - 6, break_long_words=False) or [""]
        for line in text.split("\n")
    ]
    lines = [_safe(piece) for pieces in wrapped for piece in pieces]
    if len(lines) == 1:
        yield f"{indent}/* {lines[0]} */"
        return
    for number, line in enumerate(lines):
        start = "/* " if number == 0 else " * "
        end = " */" if number + 1 == len(lines) else ""
        yield f"{indent}{start}{line}{end}".rstrip()


def _safe(text: str) -> str:
    """Text that cannot end the comment it stands in, nor open another, nor splice a line."""
    plain = text.replace("*/", "* /").replace("/*", "/ *").replace("??", "? ?")
    return plain.replace("\n", " ").rstrip("\\ ")


# ---- expressions -------------------------------------------------------------------------------


def expression(e: Expression) -> str:
    """The expression's text. Every operand that is not atomic stands in parentheses."""
    match e:
        case Id(name):
            return name
        case Int(value, suffix):
            return _integer(value, suffix)
        case Real(value):
            return real(value)
        case Text(value):
            return _quoted(value)
        case Unary(operator, operand):
            return f"{operator}{_operand(operand)}"
        case Binary(operator, left, right):
            return f"{_left(operator, left)} {operator} {_operand(right)}"
        case Call(function, arguments):
            return f"{function}({', '.join(map(expression, arguments))})"
        case Dot(base, name):
            return f"{_operand(base)}.{name}"
        case Arrow(base, name):
            return f"{_operand(base)}->{name}"
        case At(base, index):
            return f"{_operand(base)}[{expression(index)}]"
        case Choose(condition, yes, no):
            return f"{_operand(condition)} ? {_operand(yes)} : {_operand(no)}"
        case Cast(type_name, operand):
            return f"({type_name}){_operand(operand)}"
        case Braces(items):
            return "{" + ", ".join(map(_item, items)) + "}"


def _item(item: Expression | tuple[str, Expression]) -> str:
    if isinstance(item, tuple):
        return f".{item[0]} = {expression(item[1])}"
    return expression(item)


def _operand(e: Expression) -> str:
    bare = isinstance(e, Id | Text | Call | Dot | Arrow | At | Braces)
    bare = bare or (isinstance(e, Int | Real) and not math.copysign(1.0, e.value) < 0)
    return expression(e) if bare else f"({expression(e)})"


def _left(operator: str, e: Expression) -> str:
    """A chain of one associative-by-parsing operator needs no parentheses on its left."""
    same = isinstance(e, Binary) and e.operator == operator and operator in ("+", "*", "&&", "||")
    return expression(e) if same else _operand(e)


def _integer(value: int, suffix: str) -> str:
    if suffix in ("INT64_C", "UINT64_C"):
        if value == -(2**63):
            return "INT64_MIN"
        return f"{suffix}({value})"
    return f"{value}{suffix}"


def real(value: float) -> str:
    """A constant expression with exactly this value: decimal where that is short, else hex."""
    if math.isnan(value):
        return "NAN"
    if math.isinf(value):
        return "INFINITY" if value > 0 else "-INFINITY"
    if value == math.trunc(value) and abs(value) < 1e6:
        return f"{value:.1f}"
    return value.hex()


_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "?": "\\?"}


def _quoted(value: str) -> str:
    return '"' + "".join(_ESCAPES.get(c, c) for c in value) + '"'
