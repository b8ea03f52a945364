"""From what the parser recognised to tree nodes: one function per rule of grammar.lark.

Every function takes the rule's children in the order written, punctuation included: tokens, and
for what has been built already a Piece. A Piece remembers how far its text reaches (with the
parentheses around it, so that `(a) + (b)` spans both) and how deep its expression is. What is
deeper than NESTING_LIMIT is refused here, so that everybody behind may recurse, with up to four
calls for each level. A sum or a conjunction of n terms is a tree of depth n: it may have
NESTING_LIMIT terms, and a longer one is refused too.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, TypeAlias

from verifier.core.diagnostic import Diagnostic, SourceError
from verifier.core.span import Span
from verifier.syntax import lexer, tree
from verifier.syntax.lexer import NESTING_LIMIT, Token, too_deep


@dataclass(frozen=True, slots=True)
class Piece:
    """`node` is a node of the tree, or a tuple of several; `span` its reach; `depth` its depth."""

    node: Any
    span: Span
    depth: int


Child: TypeAlias = "Token | Piece"
Children: TypeAlias = Sequence[Child]


def _reach(children: Children) -> Span:
    return children[0].span.to(children[-1].span)


def _piece(node: Any, span: Span, children: Children = ()) -> Piece:
    depth = 1 + max((child.depth for child in children if isinstance(child, Piece)), default=0)
    if depth > NESTING_LIMIT:
        signs = [child.span for child in children if isinstance(child, Token)]
        raise SourceError([too_deep((signs or [span])[0])])
    return Piece(node, span, depth)


def _name(child: Child) -> tree.Name:
    assert isinstance(child, Token)
    return tree.Name(child.text, child.span)


def _nodes(children: Children) -> tuple[Any, ...]:
    return tuple(child.node for child in children if isinstance(child, Piece))


def _words(children: Children, kind: str = lexer.NAME) -> tuple[Token, ...]:
    return tuple(child for child in children if isinstance(child, Token) and child.kind == kind)


def _kind(child: Child) -> str | None:
    return child.kind if isinstance(child, Token) else None


# ---- declarations ------------------------------------------------------------------------------


def use(children: Children) -> Piece:
    (path,) = _words(children, lexer.STRING)
    span = _reach(children)
    return Piece((tree.Use(path.text, span),), span, 0)


def types(children: Children) -> Piece:
    span = _reach(children)
    names, *definition = _nodes(children)
    return Piece(
        tuple(
            tree.TypeDeclaration(
                name,
                definition[0] if definition else None,
                span if len(names) == 1 or definition else name.span,
            )
            for name in names
        ),
        span,
        0,
    )


def objects(children: Children) -> Piece:
    span = _reach(children)
    (names,) = _nodes(children)
    node = tree.ObjectDeclaration(names, _name(children[-1]), span)
    return Piece((node,), span, 0)


def state(children: Children) -> Piece:
    span = _reach(children)
    assert isinstance(children[0], Token)
    node = tree.StateDeclaration(children[0].text, _nodes(children), span)
    return Piece((node,), span, 0)


def variable(children: Children) -> Piece:
    names, type_, *domain = _nodes(children)
    span = _reach(children)
    node = tree.VariableDeclaration(names, type_, domain[0] if domain else None, span)
    return Piece(node, span, 0)


def constant(children: Children) -> Piece:
    span = _reach(children)
    (value,) = _nodes(children)
    node = tree.ConstantDeclaration(_name(children[1]), value, span)
    return Piece((node,), span, 0)


def temporal_property(children: Children) -> Piece:
    span = _reach(children)
    (formula,) = _nodes(children)
    node = tree.PropertyDeclaration(_name(children[1]), formula, span)
    return Piece((node,), span, 0)


def pattern(children: Children) -> Piece:
    span = _reach(children)
    *groups, formula = _nodes(children)
    parameters = tuple(parameter for group in groups for parameter in group)
    node = tree.PatternDeclaration(_name(children[1]), parameters, formula, span)
    return Piece((node,), span, 0)


def violation(children: Children) -> Piece:
    span = _reach(children)
    (names,) = _nodes(children)
    node = tree.ViolationDeclaration(names, _name(children[-1]), span)
    return Piece((node,), span, 0)


@dataclass(frozen=True, slots=True)
class _Labelled:
    """A part of a block that is told from the others by its word."""

    word: str
    value: Any


def robot(children: Children) -> Piece:
    span = _reach(children)
    name, form, tip, *joints = _words(children)
    (path,) = _words(children, lexer.STRING)
    node = tree.RobotDeclaration(
        _name(name),
        _name(form),
        _name(path),
        _name(tip),
        _name(joints[0]) if joints else None,
        span,
    )
    return Piece((node,), span, 0)


def plant(children: Children) -> Piece:
    span = _reach(children)
    nodes = _nodes(children)
    labelled = [node for node in nodes if isinstance(node, _Labelled)]
    inputs, disturbances, rates = (
        tuple(part.value for part in labelled if part.word == word)
        for word in ("input", "disturbance", "dynamics")
    )
    parts = tuple(node for node in nodes if not isinstance(node, _Labelled))
    node = tree.PlantDeclaration(_name(children[1]), inputs, disturbances, rates, parts, span)
    return Piece((node,), span, 0)


def _word_of(children: Children) -> str:
    assert isinstance(children[0], Token)
    return children[0].text


def plant_value(children: Children) -> Piece:
    span = _reach(children)
    (value,) = _nodes(children)
    return Piece(tree.PlantValue(_word_of(children), value, span), span, 0)


def plant_box(children: Children) -> Piece:
    span = _reach(children)
    (region,) = _nodes(children)
    return Piece(tree.PlantBox(_word_of(children), _name(children[1]), region, span), span, 0)


def reserve(children: Children) -> Piece:
    span = _reach(children)
    leave, *back = _nodes(children)
    node = tree.Reserve(_name(children[1]), leave, back[0] if back else None, span)
    return Piece(node, span, 0)


def return_(children: Children) -> Piece:
    span = _reach(children)
    hold, *condition = _nodes(children)
    return Piece(tree.Return(hold, condition[0] if condition else None, span), span, 0)


def confidence(children: Children) -> Piece:
    span = _reach(children)
    (least,) = _nodes(children)
    return Piece(tree.Confidence(_name(children[1]), least, span), span, 0)


def measured(children: Children) -> Piece:
    span = _reach(children)
    (names,) = _nodes(children)
    return Piece(tree.Measured(names, span), span, 0)


def _labelled(children: Children, value: Any) -> Piece:
    assert isinstance(children[0], Token)
    return Piece(_Labelled(children[0].text, value), _reach(children), 0)


def plant_input(children: Children) -> Piece:
    return _labelled(children, _nodes(children)[0])


def dynamics(children: Children) -> Piece:
    function, variable_ = _words(children)
    if function.text != "der":
        raise SourceError(
            [
                Diagnostic(
                    "syntax",
                    function.span,
                    f"`dynamics` gives `der` of a variable, not `{function.text}`",
                    help=f"write `dynamics der({variable_.text}) = …`",
                )
            ]
        )
    (value,) = _nodes(children)
    return _labelled(children, tree.Dynamics(_name(variable_), value, _reach(children)))


def barrier(children: Children) -> Piece:
    span = _reach(children)
    name, *index = _words(children)
    nodes = _nodes(children)
    values = [node for node in nodes if not isinstance(node, tree.BarrierPart)]
    node = tree.BarrierDeclaration(
        _name(name),
        (_name(index[0]), values[0]) if index else None,
        values[-1],
        tuple(node for node in nodes if isinstance(node, tree.BarrierPart)),
        span,
    )
    return Piece((node,), span, 0)


def barrier_part(children: Children) -> Piece:
    span = _reach(children)
    (value,) = _nodes(children)
    return Piece(tree.BarrierPart(_word_of(children), value, span), span, 0)


def waiver(children: Children) -> Piece:
    span = _reach(children)
    rule, subject = _words(children)
    (reason,) = _words(children, lexer.STRING)
    node = tree.WaiverDeclaration(_name(rule), _name(subject), _name(reason), span)
    return Piece((node,), span, 0)


def place(children: Children) -> Piece:
    span = _reach(children)
    assert isinstance(children[0], Token)
    nodes = _nodes(children)
    types_ = [node for node in nodes if isinstance(node, tree.TypeExpression)]
    parts = [node for node in nodes if isinstance(node, tree.MotionPart)]
    (region,) = (
        node for node in nodes if not isinstance(node, tree.TypeExpression | tree.MotionPart)
    )
    node = tree.PlaceDeclaration(
        children[0].text,
        _name(children[1]),
        types_[0] if types_ else None,
        region,
        parts[0].values[0] if parts else None,
        span,
    )
    return Piece((node,), span, 0)


def motion(children: Children) -> Piece:
    span = _reach(children)
    variable_, *parts = _nodes(children)
    return Piece((tree.MotionDeclaration(variable_, tuple(parts), span),), span, 0)


def limit(children: Children) -> Piece:
    """A part of `motion`: its word, and what stands behind it."""
    span = _reach(children)
    assert isinstance(children[0], Token)
    return Piece(tree.MotionPart(children[0].text, _nodes(children), span), span, 0)


clearance = limit
body = limit
moving = limit


def named_places(children: Children) -> Piece:
    span = _reach(children)
    assert isinstance(children[0], Token)
    (listed,) = _nodes(children)
    values = tuple(tree.Reference(name.text, name.span) for name in listed)
    return Piece(tree.MotionPart(children[0].text, values, span), span, 0)


def skill(children: Children) -> Piece:
    span = _reach(children)
    nodes = _nodes(children)
    node = tree.SkillDeclaration(
        _name(children[1]),
        tuple(parameter for group in nodes if isinstance(group, tuple) for parameter in group),
        next((node for node in nodes if isinstance(node, tree.Name)), None),
        tuple(node for node in nodes if not isinstance(node, tuple | tree.Name)),
        span,
    )
    return Piece((node,), span, 0)


def refines(children: Children) -> Piece:
    return Piece(_name(children[-1]), _reach(children), 0)


def parameter(children: Children) -> Piece:
    names, type_ = _nodes(children)
    span = _reach(children)
    whole = len(names) == 1
    group = tuple(tree.Parameter(name, type_, span if whole else name.span) for name in names)
    return Piece(group, span, 0)


def clause(children: Children) -> Piece:
    span = _reach(children)
    assert isinstance(children[0], Token)
    fallback = _words(children)
    (formula,) = _nodes(children)
    node = tree.Clause(children[0].text, formula, _name(fallback[0]) if fallback else None, span)
    return Piece(node, span, 0)


assume = clause


def modifies(children: Children) -> Piece:
    span = _reach(children)
    return Piece(tree.Modifies(_nodes(children), span), span, 0)


def duration(children: Children) -> Piece:
    span = _reach(children)
    low, high = _nodes(children)
    chosen = _kind(children[-1]) == "chosen"
    return Piece(tree.Duration(low, high, chosen, span), span, 0)


def uses(children: Children) -> Piece:
    span = _reach(children)
    (amount,) = _nodes(children)
    return Piece(tree.Uses(_name(children[1]), amount, span), span, 0)


def transition(children: Children) -> Piece:
    span = _reach(children)
    variable_, course_ = _nodes(children)
    return Piece(tree.Transition(variable_, course_, span), span, 0)


def course(children: Children) -> Piece:
    span = _reach(children)
    nodes = _nodes(children)
    if _kind(children[1]) != "if":
        return Piece(tree.Course(nodes, None, (), span), span, 1)
    condition, yes, no = nodes
    return _piece(tree.Course((), condition, (yes, no), span), span, children)


def knot(children: Children) -> Piece:
    span = _reach(children)
    velocity, duration_ = _nodes(children)
    return Piece(tree.Knot(velocity, duration_, span), span, 0)


def within(children: Children) -> Piece:
    span = _reach(children)
    bound_, *ends = _nodes(children)
    return Piece(tree.Within(bound_, (ends[0], ends[1]) if ends else None, span), span, 0)


def moment(children: Children) -> Piece:
    span = _reach(children)
    label, *edge = _words(children)
    return Piece(tree.Moment(_name(label), _name(edge[0]) if edge else None, span), span, 0)


def beside(children: Children) -> Piece:
    span = _reach(children)
    return Piece(tree.Beside(_nodes(children)[0], span), span, 0)


def chain(children: Children) -> Piece:
    span = _reach(children)
    nodes = _nodes(children)

    def of_kind(kind: str) -> tuple[tree.Clause, ...]:
        return tuple(n for n in nodes if isinstance(n, tree.Clause) and n.kind == kind)

    node = tree.ChainDeclaration(
        _name(children[1]),
        tuple(parameter for group in nodes if isinstance(group, tuple) for parameter in group),
        of_kind("assume"),
        tuple(node for node in nodes if isinstance(node, tree.Statement)),
        of_kind("achieve"),
        tuple(node for node in nodes if isinstance(node, tree.Within)),
        span,
        tuple(node for node in nodes if isinstance(node, tree.Beside)),
        of_kind("relies"),
        of_kind("guarantees"),
    )
    return Piece((node,), span, 0)


def chain_parameter(children: Children) -> Piece:
    names, type_, *domain = _nodes(children)
    span = _reach(children)
    within_ = domain[0] if domain else None
    group = tuple(
        tree.ChainParameter(name, type_, within_, span if len(names) == 1 else name.span)
        for name in names
    )
    return Piece(group, span, 0)


# ---- the statements of a chain -----------------------------------------------------------------


def block(children: Children) -> Piece:
    span = _reach(children)
    return Piece(tree.Block(_nodes(children), span), span, 0)


def parallel(children: Children) -> Piece:
    span = _reach(children)
    branches = tuple(
        node if isinstance(node, tree.Block) else tree.Block((node,), node.span)
        for node in _nodes(children)
    )
    return Piece(tree.Parallel(branches, span), span, 0)


def labelled(children: Children) -> Piece:
    span = _reach(children)
    (step_,) = _nodes(children)
    return Piece(tree.Labelled(_name(children[0]), step_, span), span, 0)


def guarded(children: Children) -> Piece:
    span = _reach(children)
    condition, body = _nodes(children)
    return Piece(tree.Guarded(condition, body, span), span, 0)


def conditional(children: Children) -> Piece:
    span = _reach(children)
    nodes = _nodes(children)
    cases = tuple(node for node in nodes if isinstance(node, tree.Guarded))
    if len(cases) > NESTING_LIMIT:
        raise SourceError([too_deep(cases[NESTING_LIMIT].span)])
    otherwise = nodes[-1] if isinstance(nodes[-1], tree.Block) else None
    return Piece(tree.Conditional(cases, otherwise, span), span, 0)


def repeat(children: Children) -> Piece:
    span = _reach(children)
    count, body = _nodes(children)
    return Piece(tree.Repeat(count, body, span), span, 0)


def while_(children: Children) -> Piece:
    span = _reach(children)
    condition, *clauses, body = _nodes(children)
    return Piece(tree.While(condition, tuple(clauses), body, span), span, 0)


loop_clause = clause


def try_(children: Children) -> Piece:
    span = _reach(children)
    body, recovery = _nodes(children)
    return Piece(tree.Try(body, recovery, span), span, 0)


# ---- time and resources ------------------------------------------------------------------------


def processor(children: Children) -> Piece:
    span = _reach(children)
    nodes = _nodes(children)
    node = tree.ProcessorDeclaration(
        _name(children[1]),
        tuple(node for node in nodes if isinstance(node, tree.Name)),
        tuple(node for node in nodes if isinstance(node, tree.TaskDeclaration)),
        span,
    )
    return Piece((node,), span, 0)


def policy(children: Children) -> Piece:
    return Piece(_name(children[-1]), _reach(children), 0)


def task(children: Children) -> Piece:
    span = _reach(children)
    node = tree.TaskDeclaration(_name(children[1]), _nodes(children), span)
    return Piece(node, span, 0)


def task_clause(children: Children) -> Piece:
    (value,) = _nodes(children)
    return Piece((_name(children[0]), value), _reach(children), 0)


def resource(children: Children) -> Piece:
    span = _reach(children)
    capacity, *shares = _nodes(children)
    block_ = tuple(shares) if _kind(children[-1]) == "}" else None
    node = tree.ResourceDeclaration(_name(children[1]), capacity, block_, span)
    return Piece((node,), span, 0)


def budget(children: Children) -> Piece:
    span = _reach(children)
    name, resource_ = _words(children)
    node = tree.BudgetDeclaration(_name(name), _name(resource_), _nodes(children), span)
    return Piece((node,), span, 0)


def share(children: Children) -> Piece:
    span = _reach(children)
    (amount,) = _nodes(children)
    return Piece(tree.ShareDeclaration(_name(children[1]), amount, span), span, 0)


def group(children: Children) -> Piece:
    span = _reach(children)
    assert isinstance(children[0], Token)
    return _piece(tree.Group(children[0].text, _nodes(children), span), span, children)


def total(children: Children) -> Piece:
    span = _reach(children)
    assert isinstance(children[0], Token)
    return Piece(tree.Total(children[0].text, _nodes(children)[0], span), span, 0)


# ---- names and types ---------------------------------------------------------------------------


def names(children: Children) -> Piece:
    return Piece(tuple(_name(word) for word in _words(children)), _reach(children), 0)


def type_expression(children: Children) -> Piece:
    span = _reach(children)
    first, *indices = children
    units = _words(children, lexer.UNIT)
    node = tree.TypeExpression(
        _name(first) if isinstance(first, Token) else first.node,
        _nodes(indices),
        _name(units[0]) if units else None,
        span,
    )
    return Piece(node, span, 0)


def index(children: Children) -> Piece:
    return Piece(_nodes(children)[0], _reach(children), 0)


# ---- expressions -------------------------------------------------------------------------------


def binary(children: Children) -> Piece:
    span = _reach(children)
    left, operator, right = children
    assert isinstance(operator, Token) and isinstance(left, Piece) and isinstance(right, Piece)
    return _piece(tree.Binary(operator.text, left.node, right.node, span), span, children)


def unary(children: Children) -> Piece:
    span = _reach(children)
    operator, operand = children
    assert isinstance(operator, Token) and isinstance(operand, Piece)
    return _piece(tree.Unary(operator.text, operand.node, span), span, children)


def temporal_prefix(children: Children) -> Piece:
    span = _reach(children)
    operator, *rest = children
    assert isinstance(operator, Token)
    *bounds, operand = _nodes(rest)
    node = tree.Temporal(operator.text, bounds[0] if bounds else None, (operand,), span)
    return _piece(node, span, children)


def temporal_infix(children: Children) -> Piece:
    span = _reach(children)
    operator = children[1]
    assert isinstance(operator, Token)
    left, *bounds, right = _nodes(children)
    node = tree.Temporal(operator.text, bounds[0] if bounds else None, (left, right), span)
    return _piece(node, span, children)


def bound(children: Children) -> Piece:
    span = _reach(children)
    low, *high = _nodes(children)
    unbounded = bool(_words(children, lexer.INFINITY))
    node = tree.Bound(
        low, None if unbounded else high[0], unbounded or _kind(children[-1]) == ")", span
    )
    return _piece(node, span, children)


def quantified(children: Children) -> Piece:
    """`forall a, b : Item, e` is `forall a : Item, forall b : Item, e`."""
    span = _reach(children)
    quantifier = children[0]
    assert isinstance(quantifier, Token)
    variables, *domains, body = _nodes(children)
    if not domains:
        (word,) = _words(children)
        domains = [tree.Reference(word.text, word.span)]
    deepest = max(child.depth for child in children if isinstance(child, Piece))
    if deepest + len(variables) > NESTING_LIMIT:
        raise SourceError([too_deep(quantifier.span)])
    for variable_ in reversed(variables):
        body = tree.Quantified(quantifier.text, variable_, domains[0], body, span)
    return Piece(body, span, deepest + len(variables))


def comparing(children: Children) -> Piece:
    span = _reach(children)
    operators = tuple(child.text for child in children if isinstance(child, Token))
    return _piece(tree.Comparing(operators, _nodes(children), span), span, children)


def membership(children: Children) -> Piece:
    span = _reach(children)
    element_, region = _nodes(children)
    return _piece(tree.Membership(element_, region, span), span, children)


def interval(children: Children) -> Piece:
    span = _reach(children)
    low, high = _nodes(children)
    return _piece(tree.Range(low, high, span), span, children)


def labels(children: Children) -> Piece:
    span = _reach(children)
    node = tree.Labels(tuple(_name(word) for word in _words(children)), span)
    return _piece(node, span)


def part(children: Children) -> Piece:
    span = _reach(children)
    (base,) = _nodes(children)
    return _piece(tree.Part(base, _name(children[-1]), span), span, children)


def element(children: Children) -> Piece:
    span = _reach(children)
    base, place = _nodes(children)
    return _piece(tree.Index(base, place, span), span, children)


def reference(children: Children) -> Piece:
    (word,) = _words(children)
    return _piece(tree.Reference(word.text, word.span), word.span)


def call(children: Children) -> Piece:
    span = _reach(children)
    return _piece(tree.Call(_name(children[0]), _nodes(children), span), span, children)


step = call


def argument(children: Children) -> Piece:
    span = _reach(children)
    word = _words(children)
    (value,) = _nodes(children)
    return _piece(tree.Argument(_name(word[0]) if word else None, value, span), span, children)


def parenthesized(children: Children) -> Piece:
    inner = children[1]
    assert isinstance(inner, Piece)
    return Piece(inner.node, _reach(children), inner.depth)


def number(children: Children) -> Piece:
    span = _reach(children)
    (digits,) = _words(children, lexer.NUMBER)
    units = _words(children, lexer.UNIT)
    node = tree.Literal(digits.text, Fraction(digits.text), units[0].text if units else None, span)
    return _piece(node, span)


def truth(children: Children) -> Piece:
    span = _reach(children)
    return _piece(tree.TruthLiteral(_kind(children[0]) == "true", span), span)


def list_literal(children: Children) -> Piece:
    span = _reach(children)
    return _piece(tree.ListLiteral(_nodes(children), span), span, children)


_SIGNED = re.compile(r"(-)?[ \t]*([0-9.]+)")


def row(children: Children) -> Piece:
    (token,) = _words(children, lexer.ROW)
    reach = token.span
    file, line, start = reach.file, reach.line, reach.column
    items: list[tree.Expression] = []
    depth = 2
    for match in _SIGNED.finditer(token.text):
        digits = match[2]
        begin, end = match.span()
        end += start
        value = Fraction(digits) if "." in digits else Fraction(int(digits))
        span = Span(file, line, end - len(digits), line, end)
        item: tree.Expression = tree.Literal(digits, value, None, span)
        if match[1] is not None:
            item = tree.Unary("-", item, Span(file, line, start + begin, line, end))
            depth = 3
        items.append(item)
    return Piece(tree.ListLiteral(tuple(items), reach), reach, depth)
