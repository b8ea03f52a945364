"""Tree to text: `parse(format_file(t)) == t` but for the spans, and formatting twice changes
nothing.

Parentheses stand only where the grammar needs them, and around a quantified formula that is an
operand. Comments and single blank lines stay with their neighbours, which the spans tell.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import assert_never

from verifier.core.span import Span
from verifier.syntax import tree

WIDTH = 100
INDENT = 4
# Longer lists of names stand out of the column rather than pushing it away.
NAME_COLUMN = 24

# How tightly each form binds, as in grammar.lark.
_QUANTIFIED, _IFF, _IMPLIES, _OR, _AND, _UNTIL, _NOT = range(7)
_COMPARISON, _SUM, _PRODUCT, _NEGATION, _POWER, _POSTFIX = range(7, 13)
_BINARY = {
    "iff": _IFF,
    "implies": _IMPLIES,
    "or": _OR,
    "and": _AND,
    "+": _SUM,
    "-": _SUM,
    "*": _PRODUCT,
    "/": _PRODUCT,
    "^": _POWER,
}

# ---- expressions -------------------------------------------------------------------------------


def format_expression(expression: tree.Expression) -> str:
    """The expression on one line."""
    return _plain(expression)


def _text(expression: tree.Expression, level: int) -> str:
    """`expression`, in parentheses if it binds less tightly than `level`."""
    plain = _plain(expression)
    return f"({plain})" if _level(expression) < level else plain


def _level(expression: tree.Expression) -> int:
    match expression:
        case tree.Quantified():
            return _QUANTIFIED
        case tree.Binary(operator=operator):
            return _BINARY[operator]
        case tree.Temporal(operands=operands):
            return _UNTIL if len(operands) == 2 else _NOT
        case tree.Unary(operator=operator):
            return _NOT if operator == "not" else _NEGATION
        case tree.Comparing() | tree.Membership():
            return _COMPARISON
        case tree.Literal(text=text) if text.startswith("-"):
            return _NEGATION
        case _:
            return _POSTFIX


def _plain(expression: tree.Expression) -> str:
    match expression:
        case tree.Literal(text=text, unit=unit):
            return text if unit is None else f"{text} {unit}"
        case tree.TruthLiteral(value=value):
            return "true" if value else "false"
        case tree.Reference(name=name):
            return name
        case tree.Index(base=base, index=index):
            return f"{_base(base)}[{format_expression(index)}]"
        case tree.Part(base=base, part=part):
            return f"{_base(base)}.{part.text}"
        case tree.Unary(operator=operator, operand=operand):
            if operator == "not":
                return f"not {_text(operand, _NOT)}"
            return f"-{_text(operand, _NEGATION)}"
        case tree.Binary(operator="^", left=left, right=right):
            return f"{_power_base(left)}^{_exponent(right)}"
        case tree.Binary(operator=operator, left=left, right=right):
            level = _BINARY[operator]
            levels = (level + 1, level) if operator == "implies" else (level, level + 1)
            return f"{_text(left, levels[0])} {operator} {_text(right, levels[1])}"
        case tree.Comparing(operators=operators, operands=operands):
            first, *rest = (_text(operand, _SUM) for operand in operands)
            pairs = zip(operators, rest, strict=True)
            return first + "".join(f" {operator} {operand}" for operator, operand in pairs)
        case tree.Membership(element=element, region=region):
            return f"{_text(element, _SUM)} in {_text(region, _SUM)}"
        case tree.Range(low=low, high=high):
            return f"{_text(low, _SUM)} .. {_text(high, _SUM)}"
        case tree.Labels(names=names):
            return f"{{{_names(names)}}}"
        case tree.ListLiteral(items=items):
            return f"[{', '.join(map(_item, items))}]"
        case tree.Call(function=function, arguments=arguments):
            return f"{function.text}({', '.join(map(_argument, arguments))})"
        case tree.Quantified(body=body):
            return _quantifier(expression) + format_expression(body)
        case tree.Temporal(operands=[operand]):
            return _temporal_head(expression) + _shielded(expression, _text(operand, _NOT))
        case tree.Temporal(operands=operands):
            before, after = _text(operands[0], _NOT), _text(operands[-1], _UNTIL)
            return f"{before} {_temporal_head(expression)}{_shielded(expression, after)}"
        case _:
            assert_never(expression)


def _item(expression: tree.Expression) -> str:
    """The expression on one line: quickly for the bare numbers, of which matrices have many."""
    negative = isinstance(expression, tree.Unary) and expression.operator == "-"
    number = expression.operand if isinstance(expression, tree.Unary) and negative else expression
    if isinstance(number, tree.Literal) and number.unit is None and number.text[:1] != "-":
        return f"-{number.text}" if negative else number.text
    return format_expression(expression)


def _base(expression: tree.Expression) -> str:
    """What `[…]` or `.x` may stand behind."""
    match expression:
        case tree.Reference() | tree.Call() | tree.Index() | tree.Part():
            return _plain(expression)
        case _:
            return f"({_plain(expression)})"


def _power_base(expression: tree.Expression) -> str:
    """`(2 m)^2`: without the parentheses the power would be the unit's."""
    if isinstance(expression, tree.Literal) and expression.unit is not None:
        return f"({_plain(expression)})"
    return _text(expression, _POSTFIX)


def _exponent(expression: tree.Expression) -> str:
    if isinstance(expression, tree.Unary) and expression.operator == "-":
        return f"-{_exponent(expression.operand)}"
    return _text(expression, _POSTFIX)


def _argument(argument: tree.Argument) -> str:
    return _argument_name(argument) + format_expression(argument.value)


def _argument_name(argument: tree.Argument) -> str:
    return f"{argument.name.text} = " if argument.name else ""


def _quantifier(expression: tree.Quantified) -> str:
    sign = " in" if isinstance(expression.domain, tree.Range) else " :"
    domain = _plain(expression.domain)
    return f"{expression.quantifier} {expression.variable.text}{sign} {domain}, "


def _temporal_head(expression: tree.Temporal) -> str:
    return f"{expression.operator}{_bound(expression.bound) if expression.bound else ''} "


def _shielded(expression: tree.Temporal, operand: str) -> str:
    """The operand; where a list would be taken for the missing bound, in parentheses."""
    return f"({operand})" if expression.bound is None and operand.startswith("[") else operand


def _bound(bound: tree.Bound) -> str:
    low = format_expression(bound.low)
    if bound.high is None:
        return f"[{low}, inf)"
    return f"[{low}, {format_expression(bound.high)}{')' if bound.high_open else ']'}"


def _names(names: Iterable[tree.Name]) -> str:
    return ", ".join(name.text for name in names)


# ---- expressions that are too long for one line ------------------------------------------------


def _fit(expression: tree.Expression, column: int, level: int = _QUANTIFIED) -> str:
    """Like `_text`, where the first line starts at `column`; broken in front of connectives and
    behind commas if it would pass WIDTH, and aligned there."""
    flat = _text(expression, level)
    if column + len(flat) <= WIDTH:
        return flat
    if _level(expression) < level:
        return f"({_fit(expression, column + 1)})"
    match expression:
        case tree.Binary(operator="and" | "or" as operator):
            first, *rest = _terms(expression, operator)
            start = column + len(operator) + 1
            lines = [_fit(first, column, _BINARY[operator])]
            lines += [f"{operator} {_fit(term, start, _BINARY[operator] + 1)}" for term in rest]
            return _aligned(lines, column, "")
        case tree.Binary(operator="implies", left=left, right=right):
            lines = [_fit(left, column, _OR), f"implies {_fit(right, column + 8, _IMPLIES)}"]
            return _aligned(lines, column, "")
        case tree.Membership(element=element, region=region):
            head = f"{_text(element, _SUM)} in "
            return head + _fit(region, column + len(head), _SUM)
        case tree.Call(function=function, arguments=arguments):
            start = column + len(function.text) + 1
            lines = [_fit_argument(argument, start) for argument in arguments]
            return f"{function.text}({_aligned(lines, start)})"
        case tree.ListLiteral(items=items):
            return f"[{_filled(map(format_expression, items), column + 1)}]"
        case tree.Unary(operator="not", operand=operand):
            return f"not {_fit(operand, column + 4, _NOT)}"
        case tree.Temporal(operands=[operand]):
            head = _temporal_head(expression)
            return head + _shielded(expression, _fit(operand, column + len(head), _NOT))
        case tree.Quantified(body=body):
            head = _quantifier(expression)
            return head + _fit(body, column + len(head))
        case _:
            return flat


def _terms(expression: tree.Expression, operator: str) -> list[tree.Expression]:
    terms = []
    while isinstance(expression, tree.Binary) and expression.operator == operator:
        terms.append(expression.right)
        expression = expression.left
    return [expression, *reversed(terms)]


def _fit_argument(argument: tree.Argument, column: int) -> str:
    name = _argument_name(argument)
    return name + _fit(argument.value, column + len(name))


def _aligned(lines: Sequence[str], column: int, separator: str = ",") -> str:
    return f"{separator}\n{' ' * column}".join(lines)


def _filled(items: Iterable[str], column: int, separator: str = ",") -> str:
    """The items, as many on each line as fit."""
    lines: list[str] = []
    for item in items:
        if lines and column + len(lines[-1]) + len(separator) + len(item) + 2 <= WIDTH:
            lines[-1] += f"{separator} {item}"
        else:
            lines.append(item)
    return _aligned(lines, column, separator)


# ---- declarations ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Line:
    """What is printed on one line (or more, if it had to be broken), and the first and last line
    of the source where it stood. `role` is `header` or `closer` for the ends of a block, `hinge`
    for the end of one that starts the next; `apart` asks for an empty line above."""

    text: str
    first: int
    last: int
    indent: int = 0
    role: str = ""
    apart: bool = False


def _line(text: str, span: Span, indent: int = 0) -> _Line:
    return _Line(text, span.line, span.end_line, indent)


def _block(header: str, header_end: int, lines: Sequence[_Line], span: Span) -> list[_Line]:
    return [
        _Line(f"{header} {{", span.line, max(header_end, span.line), role="header"),
        *lines,
        _Line("}", span.end_line, span.end_line, role="closer"),
    ]


def _declaration(declaration: tree.Declaration) -> list[_Line]:
    match declaration:
        case tree.Use(path=path):
            text = f'use "{path}"'
        case tree.TypeDeclaration(name=name, definition=definition):
            text = f"type {name.text}" + (f" = {_type(definition)}" if definition else "")
        case tree.ObjectDeclaration(names=names, type=type_):
            text = f"object {_names(names)} : {type_.text}"
        case tree.ConstantDeclaration(name=name, value=value):
            text = _headed(f"const {name.text} = ", value)
        case tree.PropertyDeclaration(name=name, formula=formula):
            text = _headed(f"property {name.text} = ", formula)
        case tree.PatternDeclaration(name=name, parameters=parameters, formula=formula):
            texts = ", ".join(f"{p.name.text} : {_type(p.type)}" for p in parameters)
            text = _headed(f"pattern {name.text}({texts}) = ", formula)
        case tree.ViolationDeclaration(properties=properties, fallback=fallback):
            text = f"on violation of {_names(properties)} : {fallback.text}"
        case tree.BarrierDeclaration():
            text = _barrier(declaration)
        case tree.RobotDeclaration():
            text = _robot(declaration)
        case tree.WaiverDeclaration(rule=rule, subject=subject, reason=reason):
            text = f'waive {rule.text} of {subject.text} because "{reason.text}"'
        case tree.PlaceDeclaration():
            text = _place(declaration)
        case tree.MotionDeclaration():
            return _motion(declaration)
        case tree.StateDeclaration():
            return _state(declaration)
        case tree.PlantDeclaration():
            return _plant(declaration)
        case tree.SkillDeclaration():
            return _skill(declaration)
        case tree.ChainDeclaration():
            return _chain(declaration)
        case tree.ProcessorDeclaration():
            return _processor(declaration)
        case tree.ResourceDeclaration():
            return _resource(declaration)
        case tree.BudgetDeclaration(name=name, resource=resource, parts=parts):
            header = f"budget {name.text} of {resource.text}"
            lines = _parts(parts, INDENT)
            return _block(header, resource.span.line, lines, declaration.span)
        case _:
            assert_never(declaration)
    return [_line(text, declaration.span)]


def _headed(
    head: str, expression: tree.Expression, indent: int = 0, level: int = _QUANTIFIED
) -> str:
    return head + _fit(expression, indent + len(head), level)


def _type(expression: tree.TypeExpression) -> str:
    base = expression.base
    text = base.text if isinstance(base, tree.Name) else _plain(base)
    text += "".join(f"[{format_expression(index)}]" for index in expression.indices)
    return f"{text} {expression.unit.text}" if expression.unit else text


def _barrier(declaration: tree.BarrierDeclaration) -> str:
    head = f"barrier {declaration.name.text}"
    if declaration.index is not None:
        name, values = declaration.index
        head += f"[{name.text} in {_plain(values)}]"
    text = _headed(head + " = ", declaration.value)
    for part in declaration.parts:
        written = f"{part.kind} {format_expression(part.value)}"
        here = len(text.rsplit("\n", 1)[-1])
        gap = " " if here + len(written) < WIDTH else "\n" + " " * INDENT
        text += gap + written
    return text


def _robot(declaration: tree.RobotDeclaration) -> str:
    source = f'{declaration.form.text} "{declaration.path.text}"'
    text = f"robot {declaration.name.text} from {source} tip {declaration.tip.text}"
    return f"{text} joints {declaration.joints.text}" if declaration.joints else text


def _place(declaration: tree.PlaceDeclaration) -> str:
    head = f"{declaration.kind} {declaration.name.text}"
    if declaration.type is not None:
        head += f" : {_type(declaration.type)}"
    text = _headed(head + " = ", declaration.region)
    clearance = declaration.clearance
    return f"{text} clearance {format_expression(clearance)}" if clearance else text


def _motion(declaration: tree.MotionDeclaration) -> list[_Line]:
    lines = []
    for part in declaration.parts:
        word, values = (
            ("modifies", part.targets)
            if isinstance(part, tree.Modifies)
            else (
                part.word,
                part.values,
            )
        )
        text = f"{word:12} {_filled(map(format_expression, values), INDENT + 13)}"
        lines.append(_line(text, part.span, INDENT))
    header = f"motion {format_expression(declaration.variable)}"
    return _block(header, declaration.variable.span.line, lines, declaration.span)


def _state(declaration: tree.StateDeclaration) -> list[_Line]:
    variables = declaration.variables
    in_column = [v for v in variables if len(_names(v.names)) <= NAME_COLUMN]
    name_width = max((len(_names(v.names)) for v in in_column), default=0)
    type_width = max((len(_type(v.type)) for v in in_column if v.domain), default=0)
    lines = [
        _line(_variable("", v, name_width, type_width, INDENT), v.span, INDENT) for v in variables
    ]
    return _block(declaration.kind, 0, lines, declaration.span)


def _variable(
    head: str, variable: tree.VariableDeclaration, name_width: int, type_width: int, indent: int
) -> str:
    text = f"{head}{_names(variable.names):{name_width}} : {_type(variable.type)}"
    if variable.domain is None:
        return text
    column = len(head) + name_width + 3 + type_width
    return _headed(f"{text:{column}} in ", variable.domain, indent, _SUM)


def _plant(declaration: tree.PlantDeclaration) -> list[_Line]:
    lines = [
        _line(_variable(f"{head:8} ", variable, 0, 0, INDENT), variable.span, INDENT)
        for head, variables in (
            ("input", declaration.inputs),
            ("disturbance", declaration.disturbances),
        )
        for variable in variables
    ]
    for dynamics in declaration.dynamics:
        head = f"dynamics der({dynamics.variable.text}) = "
        lines.append(_line(_headed(head, dynamics.value, INDENT), dynamics.span, INDENT))
    lines += [_line(_plant_part(part), part.span, INDENT) for part in declaration.parts]
    header_end = declaration.name.span.line
    return _block(f"plant {declaration.name.text}", header_end, lines, declaration.span)


def _plant_part(part: tree.PlantPart) -> str:
    match part:
        case tree.PlantValue(kind=kind, value=value):
            return _headed(f"{kind:8} ", value, INDENT)
        case tree.PlantBox(kind=kind, name=name, region=region):
            return _headed(f"{kind:8} {name.text} in ", region, INDENT, _SUM)
        case tree.Reserve(barrier=barrier, leave=leave, back=back):
            text = f"switch   {barrier.text} at {format_expression(leave)}"
            return f"{text} back {format_expression(back)}" if back else text
        case tree.Return(hold=hold, condition=condition):
            text = f"return   {format_expression(hold)}"
            return f"{text} when {format_expression(condition)}" if condition else text
        case tree.Confidence(score=score, least=least):
            return f"confidence {score.text} at {format_expression(least)}"
        case tree.Measured(names=names):
            return f"measured {_names(names)}"
        case _:
            assert_never(part)


def _skill(declaration: tree.SkillDeclaration) -> list[_Line]:
    header, parameters = f"skill {declaration.name.text}", declaration.parameters
    if parameters:
        texts = [f"{p.name.text} : {_type(p.type)}" for p in parameters]
        header += f"({_filled(texts, len(header) + 1)})"
    header_end = parameters[-1].span.end_line if parameters else declaration.name.span.line
    if declaration.refines is not None:
        header += f" refines {declaration.refines.text}"
        header_end = declaration.refines.span.line
    lines = [line for clause in declaration.clauses for line in _skill_part(clause)]
    return _block(header, header_end, lines, declaration.span)


def _skill_part(part: tree.SkillPart) -> list[_Line]:
    if isinstance(part, tree.Transition):
        return _course(f"transition {format_expression(part.variable)} ", part.course, INDENT)
    return [_line(_clause(part), part.span, INDENT)]


def _course(head: str, course: tree.Course, indent: int) -> list[_Line]:
    """The knots between braces, one a line; below a condition two courses."""
    first, last = course.span.line, course.span.end_line
    lines = [_Line(f"{head}{{", first, first, indent, "header")]
    for knot in course.knots:
        text = _headed("velocity ", knot.velocity, indent + INDENT)
        after = f"{text} after {format_expression(knot.duration)}"
        lines.append(_line(after, knot.span, indent + INDENT))
    if course.condition is not None:
        yes, no = course.parts
        inner = indent + INDENT
        lines += _course(_headed("if ", course.condition, inner) + " ", yes, inner)[:-1]
        hinge, *rest = _course("} else ", no, inner)
        lines += [replace(hinge, role="hinge"), *rest]
    return [*lines, _Line("}", last, last, indent, "closer")]


def _clause(clause: tree.Clause | tree.Modifies | tree.Duration | tree.Uses) -> str:
    match clause:
        case tree.Clause(kind=kind, formula=formula, fallback=fallback):
            text = _headed(f"{kind:9} ", formula, INDENT)
            return f"{text} else {fallback.text}" if fallback else text
        case tree.Modifies(targets=targets):
            return f"modifies  {_filled(map(format_expression, targets), INDENT + 10)}"
        case tree.Duration(low=low, high=high):
            text = f"duration  {_text(low, _SUM)} .. {_text(high, _SUM)}"
            return f"{text} chosen" if clause.chosen else text
        case tree.Uses(resource=resource, amount=amount):
            return f"uses      {resource.text} {_text(amount, _SUM)}"
        case _:
            assert_never(clause)


def _chain(declaration: tree.ChainDeclaration) -> list[_Line]:
    lines = [
        _line(f"beside     {', '.join(name.text for name in each.chains)}", each.span, INDENT)
        for each in declaration.beside
    ]
    shared = (*declaration.relies, *declaration.guarantees)
    lines += [_chain_clause(clause) for clause in (*shared, *declaration.assumptions)]
    lines += _statements(declaration.steps, INDENT)
    lines += [_chain_clause(clause) for clause in declaration.goals]
    lines += [_line(_within(each), each.span, INDENT) for each in declaration.deadlines]
    header, parameters = f"chain {declaration.name.text}", declaration.parameters
    if parameters:
        texts = [_chain_parameter(parameter) for parameter in parameters]
        fits = len(header) + len(", ".join(texts)) + 4 <= WIDTH
        header += f"({', '.join(texts) if fits else _aligned(texts, len(header) + 1)})"
    header_end = parameters[-1].span.end_line if parameters else declaration.name.span.line
    return _block(header, header_end, lines, declaration.span)


def _within(deadline: tree.Within) -> str:
    text = f"within   {format_expression(deadline.bound)}"
    if deadline.ends is None:
        return text
    first, last = map(_moment, deadline.ends)
    return f"{text} from {first} to {last}"


def _moment(moment: tree.Moment) -> str:
    return f"{moment.label.text}.{moment.edge.text}" if moment.edge else moment.label.text


def _chain_parameter(parameter: tree.ChainParameter) -> str:
    text = f"{parameter.name.text} : {_type(parameter.type)}"
    return f"{text} in {_text(parameter.domain, _SUM)}" if parameter.domain else text


def _chain_clause(clause: tree.Clause) -> _Line:
    width = 10 if clause.kind in ("relies", "guarantees") else 8
    return _line(_headed(f"{clause.kind:{width}} ", clause.formula, INDENT), clause.span, INDENT)


# ---- the statements of a chain -----------------------------------------------------------------


def _statements(statements: Sequence[tree.Statement], indent: int) -> list[_Line]:
    """The statements; simple ones that began on one line of the source stay on one line."""
    lines: list[_Line] = []
    run: list[tree.Statement] = []
    for place, statement in enumerate(statements, start=1):
        follower = statements[place] if place < len(statements) else None
        if not _simple(statement):
            lines += _compound(statement, indent)
            if isinstance(statement, tree.Parallel) and follower is not None:
                lines[-1] = replace(lines[-1], text=f"{lines[-1].text};")
            continue
        run.append(statement)
        goes_on = follower is not None and _simple(follower)
        if not goes_on or (follower and follower.span.line != statement.span.line):
            text = _filled(map(_inline, run), indent, ";")
            end = ";" if follower is not None else ""
            lines.append(_line(text + end, run[0].span.to(run[-1].span), indent))
            run = []
    return lines


def _simple(statement: tree.Statement) -> bool:
    """Whether the statement is printed on one line: a call, or calls at the same time."""
    match statement:
        case tree.Call() | tree.Labelled():
            return True
        case tree.Parallel(branches):
            return all(_simple(each) for branch in branches for each in branch.statements)
        case _:
            return False


def _inline(statement: tree.Statement) -> str:
    match statement:
        case tree.Call():
            return _plain(statement)
        case tree.Labelled(label=label, call=call):
            return f"{label.text}: {_plain(call)}"
        case tree.Parallel(branches):
            return " || ".join(map(_inline_branch, branches))
        case _:
            raise AssertionError(statement)


def _inline_branch(branch: tree.Block) -> str:
    match branch.statements:
        case ():
            return "{ }"
        case (tree.Call() | tree.Labelled() as step,):
            return _inline(step)
        case statements:
            return f"{{ {'; '.join(map(_inline, statements))} }}"


def _compound(statement: tree.Statement, indent: int) -> list[_Line]:
    """A statement with blocks: each block indented between its header and its closer."""
    match statement:
        case tree.Parallel(branches):
            return _blocks([("{", branch) for branch in branches], "|| ", indent)
        case tree.Conditional(cases, otherwise):
            parts = [(f"{_headed('if ', c.condition, indent)} {{", c.body) for c in cases]
            parts += [("{", otherwise)] if otherwise is not None else []
            return _blocks(parts, "else ", indent)
        case tree.Repeat(count, body):
            return _blocks([(f"repeat {format_expression(count)} {{", body)], "", indent)
        case tree.While(condition, clauses, body):
            return _while(condition, clauses, body, indent)
        case tree.Try(body, recovery):
            parts = [("try {", body), ("{", recovery)]
            return _blocks(parts, "recover ", indent)
        case _:
            raise AssertionError(statement)


def _blocks(parts: Sequence[tuple[str, tree.Block]], word: str, indent: int) -> list[_Line]:
    """Blocks one behind the other: `if c {` … `} else {` … `}`."""
    lines: list[_Line] = []
    for number, (header, block) in enumerate(parts):
        first = block.span.line
        if number == 0:
            lines.append(_Line(header, first, first, indent, "header"))
        else:
            lines.append(_Line(f"}} {word}{header}", first, first, indent, "hinge"))
        lines += _statements(block.statements, indent + INDENT)
    last = parts[-1][1].span.end_line
    return [*lines, _Line("}", last, last, indent, "closer")]


def _while(
    condition: tree.Expression, clauses: Sequence[tree.Clause], body: tree.Block, indent: int
) -> list[_Line]:
    head = _headed("while ", condition, indent)
    if not clauses:
        return _blocks([(f"{head} {{", body)], "", indent)
    inner = indent + INDENT
    lines = [_line(head, condition.span, indent)]
    for clause in clauses:
        lines.append(_line(_headed(f"{clause.kind:9} ", clause.formula, inner), clause.span, inner))
    return [*lines, *_blocks([("{", body)], "", indent)]


# ---- time and resources ------------------------------------------------------------------------


def _processor(declaration: tree.ProcessorDeclaration) -> list[_Line]:
    tasks = declaration.tasks
    width = max((len(task.name.text) for task in tasks), default=0)
    lines = [_line(f"policy {each.text}", each.span, INDENT) for each in declaration.policies]
    for task in tasks:
        values = (f"{word.text} {format_expression(value)}" for word, value in task.values)
        text = f"task {task.name.text:{width}} {' '.join(values)}".rstrip()
        lines.append(_line(text, task.span, INDENT))
    header_end = declaration.name.span.line
    return _block(f"processor {declaration.name.text}", header_end, lines, declaration.span)


def _resource(declaration: tree.ResourceDeclaration) -> list[_Line]:
    text = _headed(f"resource {declaration.name.text} ", declaration.capacity)
    if declaration.shares is None:
        return [_line(text, declaration.span)]
    lines = _parts(declaration.shares, INDENT)
    return _block(text, declaration.capacity.span.end_line, lines, declaration.span)


def _parts(
    parts: Sequence[tree.ShareDeclaration | tree.Group | tree.Total], indent: int
) -> list[_Line]:
    shares = [part for part in parts if isinstance(part, tree.ShareDeclaration)]
    width = max((len(share.name.text) for share in shares), default=0)
    lines: list[_Line] = []
    for part in parts:
        match part:
            case tree.ShareDeclaration(name=name, amount=amount):
                text = _headed(f"share {name.text:{width}} = ", amount, indent)
                lines.append(_line(text, part.span, indent))
            case tree.Total(kind=kind, amount=amount):
                lines.append(_line(_headed(f"{kind} ", amount, indent), part.span, indent))
            case tree.Group(kind=kind, parts=inner, span=span):
                lines.append(_Line(f"{kind} of {{", span.line, span.line, indent, "header"))
                lines += _parts(inner, indent + INDENT)
                lines.append(_Line("}", span.end_line, span.end_line, indent, "closer"))
    return lines


# ---- the file ----------------------------------------------------------------------------------


def format_file(file: tree.File) -> str:
    """The text of the file, with its comments."""
    lines: list[_Line] = []
    for declaration in file.declarations:
        group = _declaration(declaration)
        apart = bool(lines) and (len(group) > 1 or lines[-1].role == "closer")
        lines += [replace(group[0], apart=apart), *group[1:]]
    trailing, leading = _placed(file.comments, lines)
    printed: list[str] = []
    previous: _Line | None = None
    for number, line in enumerate([*lines, None]):
        block = [
            _comment_line(comment, line, first=place == 0)
            for place, comment in enumerate(leading.get(number, []))
        ]
        if line is not None:
            text = "  ".join([line.text, *trailing.get(number, [])])
            block.append(replace(line, text=text, apart=line.apart and not block))
        for entry in block:
            if previous is not None and _blank_between(previous, entry):
                printed.append("")
            printed.append(" " * entry.indent + entry.text)
            previous = entry
    return "\n".join(printed) + "\n"


def _placed(
    comments: Sequence[tree.Name], lines: Sequence[_Line]
) -> tuple[dict[int, list[str]], dict[int, list[tree.Name]]]:
    """Which comments go behind which line, and which stand above it, by the line's number; those
    above `len(lines)` end the file. A comment inside a formula moves above it."""
    order = sorted(range(len(lines)), key=lambda number: (lines[number].last, number))
    ends = [lines[number].last for number in order]
    trailing: dict[int, list[str]] = {}
    leading: dict[int, list[tree.Name]] = {}
    for comment in comments:
        place = bisect_right(ends, comment.span.line)
        if place > 0 and ends[place - 1] == comment.span.line:
            trailing.setdefault(order[place - 1], []).append(comment.text)
        else:
            target = order[place] if place < len(order) else len(lines)
            leading.setdefault(target, []).append(comment)
    return trailing, leading


def _comment_line(comment: tree.Name, line: _Line | None, *, first: bool) -> _Line:
    """A comment on its own above `line`, in its column; above a closer, in that of the block."""
    if line is None:
        return _Line(comment.text, comment.span.line, comment.span.line)
    place = min(comment.span.line, line.first)
    indent = line.indent + (INDENT if line.role in ("closer", "hinge") else 0)
    return _Line(comment.text, place, place, indent, apart=first and line.apart)


def _blank_between(upper: _Line, lower: _Line) -> bool:
    """Whether an empty line is kept, or wanted; a block has none inside its braces' edges."""
    if upper.role in ("header", "hinge") or lower.role in ("closer", "hinge"):
        return False
    return lower.apart or lower.first - upper.last > 1
