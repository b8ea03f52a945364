"""What may be written, what it is read as, where a mistake is shown, and that formatting keeps
the meaning."""

from __future__ import annotations

import dataclasses
from fractions import Fraction
from pathlib import Path

import pytest
import timed_trees
from hypothesis import given, settings
from hypothesis import strategies as st

from verifier.core.diagnostic import Diagnostic, SourceError
from verifier.core.span import Span
from verifier.syntax import lexer, tree
from verifier.syntax.formatter import WIDTH, format_expression, format_file
from verifier.syntax.parse import parse, parse_expression

ROOT = Path(__file__).resolve().parent.parent
SHIPPED = sorted(
    path
    for folder in ("specs", "contracts", "examples")
    for path in (ROOT / folder).rglob("*")
    if path.suffix in (".spec", ".contract")
)
HERE = Span("here", 1, 1, 1, 1)


def bare(node: object) -> object:
    """The node as nested tuples, without spans and comments."""
    if dataclasses.is_dataclass(node):
        fields = [f.name for f in dataclasses.fields(node) if f.name not in ("span", "comments")]
        return (type(node).__name__, *(bare(getattr(node, name)) for name in fields))
    if isinstance(node, tuple):
        return tuple(bare(item) for item in node)
    return node


def nodes(node: object) -> list[object]:
    """Every node of the tree below `node`, itself first."""
    if dataclasses.is_dataclass(node) and not isinstance(node, Span):
        below = [getattr(node, field.name) for field in dataclasses.fields(node)]
        return [node, *(found for child in below for found in nodes(child))]
    if isinstance(node, tuple):
        return [found for item in node for found in nodes(item)]
    return []


def mistakes(text: str) -> tuple[Diagnostic, ...]:
    with pytest.raises(SourceError) as error:
        parse(text, "here")
    return error.value.diagnostics


def marked(text: str) -> tuple[str, Span]:
    """The text without its «marks», and the span between them."""
    before, inside, after = text.replace("»", "«").split("«")
    place = [
        (part.count("\n") + 1, len(part) - part.rfind("\n")) for part in (before, before + inside)
    ]
    return before + inside + after, Span("here", *place[0], *place[1])


def covered(text: str, span: Span) -> str:
    """What stands in the text at the span."""
    lines = text.split("\n")[span.line - 1 : span.end_line]
    lines[-1] = lines[-1][: span.end_column - 1]
    lines[0] = lines[0][span.column - 1 :]
    return "\n".join(lines)


def same(left: str, right: str) -> None:
    assert bare(parse_expression(left)) == bare(parse_expression(right))


# ---- what is read ------------------------------------------------------------------------------


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.name)
def test_shipped_files_survive_formatting(path: Path) -> None:
    file = parse(path.read_text(encoding="utf-8"), path.name)
    text = format_file(file)
    again = parse(text, path.name)
    assert bare(again) == bare(file)
    assert [c.text for c in again.comments] == [c.text for c in file.comments]
    assert format_file(again) == text


EVERYTHING = """\
# leading
use "world.spec"
type Item
type Mode = {idle, busy}
type Height = real m
object cup, shelf : Item
const tol = 2.5e-3 m
state {
    q : real[7] rad/s in box(lower = -1, upper = [1, 2])  # trailing
    s : bool
    m, g : real
    lamp : {on, off} in {on}
}
environment { near : bool[Item] }
property p = always (near[cup] implies eventually[0, 500 ms] not s) until[1 s, inf) true
property r = forall o : Item, exists j in 1 .. 7, 0 <= q[j] < 5 or near[o] iff m == -g ^ 2
pattern w(a, b : bool, t : real s) = always[0, t] a and b
on violation of p, r : stop
plant arm {
    input u : real[7] rad/s in 0 .. 1
    disturbance w : real[7] rad/s in -1 .. 1
    dynamics der(q) = u
    period 1 ms
    baseline brake
    clamp velocity in box(lower = -1, upper = 1)
    switch limit at 1 back 2
    return 200 ms when s
    confidence g at 0.8
    measured period, w
}
barrier limit[j in 1 .. 7] = (q[j] - q.lower[j]) * (q.upper[j] - q[j]) alpha 3 1/s
robot arm from urdf "arm.urdf" tip hand joints q
waive sampling of limit because "measured"
skill Move(o, p : Item, h : real m) {
    requires near[o] else stop
    modifies q, m
    duration 1 s .. 2 s
}
skill Hurry refines Move { }
chain Both { assume s  Move(cup, p = shelf); Stop  achieve m in ball(center = g)  within 3 s }
chain Next { beside Both  relies s  guarantees old(s) implies s  Stop }
chain All(o, p : Item, at : point in box(lower = -1, upper = 1)) {
    if s { Stop } else if m > 3 { } else { if s { Both() } }
    { Stop; Stop } || Stop || { };
    repeat 3 { Stop() };
    while m > 0 invariant m >= 0 variant m / 1 cm { Stop }
    try { Stop } recover { Move(o, p) }
}
obstacle wall : real[2] m = polygon(corners = [[0, 0], [1, 0], [1, 1]]) clearance 2 cm
zone cell = box(lower = 0, upper = 1)
motion ee { speed 1 m/s  body ball(radius = 1 cm)  avoids wall, post  modifies q }
skill Move {
    terminal  ee in cell
    transition ee {
        if ee.x <= 0.5 m { velocity 1 1/s * (cup - ee) after 1 s  velocity 0 after 1 s } else { }
    }
}
processor gpu { policy rate_monotonic task safety period 1 ms execution 100 us }
resource compute 2 TFLOPS { share base = 1 TFLOPS }
budget Night of compute { one of { share a = 0 } total 1 TFLOPS }
skill Wait { duration 0 s .. 1 s chosen uses compute 1 TFLOPS }
chain Timed { a: Wait(); b: Wait within 1 s .. 2 s from a.end to b }
"""


def test_every_node_of_the_tree_can_be_written() -> None:
    file = parse(EVERYTHING, "here")
    known = {
        item for item in vars(tree).values() if dataclasses.is_dataclass(item) and item is not Span
    }
    assert {type(node) for node in nodes(file)} == known
    text = format_file(file)
    assert bare(parse(text, "here")) == bare(file)
    assert format_file(parse(text, "here")) == text


def test_each_name_of_a_group_is_declared() -> None:
    file = parse("type A, B\nskill S(a, b : A, c : B) { }", "here")
    assert [bare(d.name) for d in file.declarations] == [
        ("Name", "A"),
        ("Name", "B"),
        ("Name", "S"),
    ]
    skill = file.declarations[2]
    assert isinstance(skill, tree.SkillDeclaration)
    assert [(p.name.text, p.type.base.text) for p in skill.parameters] == [
        ("a", "A"),
        ("b", "A"),
        ("c", "B"),
    ]


def test_a_step_without_parentheses_is_a_call_without_arguments() -> None:
    both = [parse(f"chain C {{ {step} }}", "here") for step in ("Open", "Open()", "Open;")]
    assert len({bare(file) for file in both}) == 1


def test_steps_may_be_split_over_several_runs() -> None:
    chain = parse("chain C { A; B within 1 s C(x); assume a D }", "here").declarations[0]
    assert isinstance(chain, tree.ChainDeclaration)
    assert [step.function.text for step in chain.steps] == ["A", "B", "C", "D"]


@pytest.mark.parametrize(
    ("text", "value", "unit"),
    [
        ("10", Fraction(10), None),
        ("0.1", Fraction(1, 10), None),
        ("2.5e-3", Fraction(1, 400), None),
        ("1e9", Fraction(10**9), None),
        ("1E+2 mm", Fraction(100), "mm"),
        ("10ms", Fraction(10), "ms"),
        ("3 \t rad/s", Fraction(3), "rad/s"),
        ("3 m/s^2", Fraction(3), "m/s^2"),
        ("3 N*m", Fraction(3), "N*m"),
        ("3 1/s", Fraction(3), "1/s"),
        ("3 m^-1", Fraction(3), "m^-1"),
        ("9" * 60, Fraction(10**60 - 1), None),
        ("1e999", Fraction(10**999), None),
    ],
)
def test_numbers_are_exact(text: str, value: Fraction, unit: str | None) -> None:
    literal = parse_expression(text)
    assert isinstance(literal, tree.Literal)
    assert (literal.value, literal.unit) == (value, unit)
    assert covered(text, literal.span) == text


def test_a_unit_stands_on_the_line_of_its_number() -> None:
    state = parse("state {\n a : real\n s : bool\n b : real in 0 .. 70\n m, g : real }", "x")
    block = state.declarations[0]
    assert isinstance(block, tree.StateDeclaration)
    assert [[n.text for n in v.names] for v in block.variables] == [["a"], ["s"], ["b"], ["m", "g"]]
    assert [v.type.unit for v in block.variables] == [None] * 4


@pytest.mark.parametrize(
    "text",
    [
        "state { a : real s : bool }",  # in front of `:` a word is a name
        "state { a : real in 0 .. 1 s : bool }",
        "chain C { within 3 Grasp(cup) }",  # and in front of `(`
        "chain C { within 3 s(cup) }",
    ],
)
def test_a_word_in_front_of_a_colon_or_parenthesis_is_no_unit(text: str) -> None:
    declaration = parse(text, "here").declarations[0]
    assert len(declaration.variables if "state" in text else declaration.steps) in (1, 2)
    assert all(getattr(node, "unit", None) is None for node in nodes(declaration))


@pytest.mark.parametrize("text", ["0 .. 70", "1..7", "0.5 s .. 3 s", "0.5s..3s", "-1 .. 1 m"])
def test_ranges(text: str) -> None:
    membership = parse_expression(f"x in {text}")
    assert isinstance(membership, tree.Membership)
    assert isinstance(membership.region, tree.Range)


def test_a_unit_ends_where_a_variable_begins() -> None:
    same("2 m*height", "(2 m) * height")
    same("2 m/height", "(2 m) / height")
    same("2 m*g.x", "(2 m) * g.x")
    same("2 m*g[1]", "(2 m) * g[1]")
    assert bare(parse_expression("2 m*s")) != bare(parse_expression("2 m * s"))


@pytest.mark.parametrize(
    ("text", "grouped"),
    [
        ("a or b and c", "a or (b and c)"),
        ("a and b and c", "(a and b) and c"),
        ("a implies b implies c", "a implies (b implies c)"),
        ("a iff b iff c", "(a iff b) iff c"),
        ("a implies b iff c implies d", "(a implies b) iff (c implies d)"),
        ("a or b implies c", "(a or b) implies c"),
        ("not a and b", "(not a) and b"),
        ("not a == b", "not (a == b)"),
        ("not not a", "not (not a)"),
        ("always a implies b", "(always a) implies b"),
        ("always (a) and b", "(always a) and b"),
        ("always not (a and b)", "always (not (a and b))"),
        ("eventually[0, 500 ms] not a", "eventually[0, 500 ms] (not a)"),
        ("once[0,1 s] x > 2", "once[0, 1 s] (x > 2)"),
        ("a until b and c", "(a until b) and c"),
        ("a until b until c", "a until (b until c)"),
        ("not a until[1, 2) b", "(not a) until[1, 2) b"),
        ("always a since b", "(always a) since b"),
        ("a + b - c", "(a + b) - c"),
        ("a - b * c / d", "a - ((b * c) / d)"),
        ("-a * b", "(-a) * b"),
        ("-a ^ 2", "-(a ^ 2)"),
        ("a ^ -2", "a ^ (-2)"),
        ("a * -b", "a * (-b)"),
        ("a - -b", "a - (-b)"),
        ("-q[1].x ^ 2", "-(((q[1]).x) ^ 2)"),
        ("a + 1 in 0 .. b + 1 and c", "((a + 1) in (0) .. (b + 1)) and c"),
        ("a <= b + 1 == c", "a <= (b + 1) == c"),
        ("forall o : T, a implies b", "forall o : T, (a implies b)"),
        ("a and forall o : T, b or c", "a and (forall o : T, (b or c))"),
        ("not exists j in 1 .. 7, a and b", "not (exists j in 1 .. 7, (a and b))"),
        ("forall a, b : T, c", "forall a : T, (forall b : T, c)"),
        ("1 / 3 * x", "(1 / 3) * x"),
    ],
)
def test_precedence(text: str, grouped: str) -> None:
    same(text, grouped)


def test_a_chain_of_comparisons_is_one_node() -> None:
    chain = parse_expression("0 <= x < y != z")
    assert isinstance(chain, tree.Comparing)
    assert chain.operators == ("<=", "<", "!=")
    assert len(chain.operands) == 4


@pytest.mark.parametrize(
    ("text", "unbounded", "half_open"),
    [("[0, 1]", False, False), ("[0, 1)", False, True), ("[0, inf)", True, True)],
)
def test_bounds(text: str, unbounded: bool, half_open: bool) -> None:
    formula = parse_expression(f"always{text} a")
    assert isinstance(formula, tree.Temporal)
    assert formula.bound is not None
    assert (formula.bound.high is None, formula.bound.high_open) == (unbounded, half_open)


def test_words_of_one_declaration_are_names_elsewhere() -> None:
    text = """\
state { input, period, dynamics, alpha, violation, of, der : real  lamp : {on, off} }
const c = lamp == on
const d = on
plant P { input period : real  dynamics der(input) = period * alpha  period period }
barrier b = alpha * alpha alpha alpha
on violation of violation, of : of
"""
    file = parse(text, "here")
    assert len(file.declarations) == 6
    plant, barrier = file.declarations[3:5]
    assert isinstance(plant, tree.PlantDeclaration)
    assert isinstance(barrier, tree.BarrierDeclaration)
    assert [bare(part.value) for part in plant.parts] == [("Reference", "period")]
    assert [bare(part.value) for part in barrier.parts] == [("Reference", "alpha")]


def test_the_words_of_robots_plants_and_waivers_are_names_elsewhere() -> None:
    text = """\
state { robot, waive, tip, joints, from, because, switch, clamp, at, back, error, rate : real }
const c = robot * waive
const robots = c
plant switch { clamp velocity in 0 .. at  switch back at back back error  return rate when from }
waive robot of waive because "tip"
robot robot from urdf "tip" tip joints
"""
    file = parse(text, "here")
    assert len(file.declarations) == 6
    assert bare(parse(format_file(file), "here")) == bare(file)


@pytest.mark.parametrize(
    "text",
    [
        "const c = 0 on violation of p : stop",
        "plant P { input u : {period} }",
        "plant P { period always[1, 2] period }",
        "state { a : real in (once[c, d] b) }",
        *("state { a : bool in (always b) }", "resource a b in {of, share}"),
        "state { a : real[n[1]][2] m }",
    ],
)
def test_once_read_wrongly(text: str) -> None:
    file = parse(text, "here")
    assert bare(parse(format_file(file), "here")) == bare(file)


def test_line_ends_of_every_system() -> None:
    text = "const a = 1\n# c\nconst b = 2\n"
    trees = [parse(text.replace("\n", end), "here") for end in ("\n", "\r\n", "\r")]
    assert trees[0] == trees[1] == trees[2]


# ---- where it stands ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (tree.Clause, "skill A {\n  «requires a and\n   b else stop»\n  ensures c }"),
        (tree.Binary, "const x = ( «(a) + (b)» )"),
        (tree.Comparing, "skill A { requires «a == 2 m»  }"),
        (tree.Temporal, "property p = «always (a implies b)»"),
        (tree.Bound, "property p = always«[0, 1 s)» a"),
        (tree.Quantified, "const x = a and «forall o : T,\n b»"),
        (tree.Argument, "const x = f(1, «b = [2, 3]»)"),
        (tree.ListLiteral, "const x = f(1, b = «[2, 3]»)"),
        (tree.Part, "const x = 1 + «(a + b).x»"),
        (tree.Index, "const x = 1 + «a.lower[3]»"),
        (tree.TypeExpression, "state { a, b : «real[7] rad/s» in 0 .. 1 }"),
        (tree.VariableDeclaration, "state { «a, b : real[7] rad/s\n in 0 .. 1» }"),
        (tree.SkillDeclaration, "# c\n«skill A {\n}» # d"),
        (tree.Labels, "const x = a in «{b, c}»"),
        (tree.Membership, "const x = not «a in {b, c}»"),
        (tree.Range, "const x = a in «0 .. 7 m» and b"),
        (tree.Call, "chain C { assume a\n  «Grasp(cup)»; achieve b }"),
        (tree.Within, "chain C { «within 3 s» }"),
        *timed_trees.SPANS,
        (tree.Dynamics, "plant P { «dynamics der(q) = 2 * u» period 1 s }"),
        (tree.BarrierDeclaration, "«barrier b[j in 1 .. 7] = q[j] alpha 2»\nconst x = 1"),
        (tree.Use, '«use "a.spec"» # c'),
    ],
)
def test_the_span_of_a_node_covers_just_the_node(kind: type, text: str) -> None:
    source, span = marked(text)
    assert span in [node.span for node in nodes(parse(source, "here")) if isinstance(node, kind)]


def test_every_span_covers_what_reads_back_as_the_same_node() -> None:
    for path in SHIPPED:
        text = path.read_text(encoding="utf-8")
        for node in nodes(parse(text, path.name)):
            if isinstance(node, tree.Expression) and not isinstance(node, tree.Range | tree.Labels):
                source = covered(text, node.span)
                if isinstance(node, tree.Call) and not source.endswith(")"):
                    source += "()"  # a step needs none
                assert bare(parse_expression(source)) == bare(node)


def test_comments_are_kept_with_their_places() -> None:
    text = "# one\ntype A   # two  \n  #three\n"
    comments = parse(text, "here").comments
    assert [comment.text for comment in comments] == ["# one", "# two", "#three"]
    assert [(c.span.line, c.span.column) for c in comments] == [(1, 1), (2, 10), (3, 3)]


# ---- mistakes ----------------------------------------------------------------------------------

MISTAKES = [
    ("unknown-unit", "const x = 3 «furlong»", "`furlong` is not a unit"),
    ("unknown-unit", "const x = [1, 3 «furlong», 4]", "`furlong` is not a unit"),
    ("unknown-unit", "state { a : real «furlong» }", "`furlong` is not a unit"),
    ("unknown-unit", "state { a : real[7] «furlong» in 0 .. 1 }", "`furlong` is not a unit"),
    ("unknown-unit", "chain C { assume x > 3 «furlong» A() }", "`furlong` is not a unit"),
    ("unknown-unit", "const x = 1«_000»", "`_000` is not a unit"),
    ("reserved-word", "state { a : bool «once» : bool }", "`once` is a word of the language"),
    ("reserved-word", "const «state» = 3", "`state` is a word of the language"),
    ("reserved-word", "skill A(«skill» : Item) { }", "`skill` is a word of the language"),
    ("unclosed-bracket", "const x = 1 + 2«)»", "`)` closes nothing"),
    ("unclosed-bracket", "const x = (1 + 2«]»", "expected `)`, found `]`"),
    ("unclosed-bracket", "const x = [1, 2«)»", "expected `]`, found `)`"),
    ("unclosed-bracket", "skill A {\n  ensures a\n«skill» B { }", "expected `}` before `skill`"),
    ("unclosed-bracket", "skill A {\n  ensures a« »\n", "expected `}` before the end of the file"),
    ("not-a-finite-number", "const x = «inf»", "`inf` is not a finite number"),
    ("not-a-finite-number", "const x = [1, -«Infinity»]", "`Infinity` is not a finite number"),
    ("not-a-finite-number", "const x = polytope([[1, «NaN»]], [2])", "`NaN` is not a finite"),
    ("number-too-long", f"const x = 1 + «{'1' * 61}» m", "61 digits; at most 60"),
    ("number-too-long", f"const x = «0.{'1' * 60}»", "61 digits; at most 60"),
    ("number-too-long", "const x = «1e1000»", "4 digits; at most 3"),
    ("number-too-long", "const x = «1e-0001»", "4 digits; at most 3"),
    ("syntax", "«skil» A { }", "expected a declaration, found `skil`"),
    ("syntax", "skill A { «ensure» a }", "expected a clause or `}`, found `ensure`"),
    ("syntax", "skill A { ensures gripper «=» open }", "found `=`"),
    ("syntax", "skill A { ensures a «&&» b }", "`&&` is not an operator"),
    ("syntax", "skill A { ensures a «||» b }", "`||` is not an operator"),
    ("syntax", "skill A { ensures «!» a }", "`!` is not an operator"),
    ("syntax", "skill A { ensures a «→» b }", "`→` is not an operator"),
    ("syntax", "skill A { ensures «}»", "expected an expression, found `}`"),
    ("syntax", "skill A { ensures «and» b }", "expected an expression, found `and`"),
    ("syntax", "skill A { ensures a else «3» }", "expected a name, found `3`"),
    ("syntax", "skill A { «achieve» a }", "expected a clause or `}`, found `achieve`"),
    ("syntax", "chain C { «requires» a }", "expected a step, a clause or `}`, found `requires`"),
    ("syntax", "chain C { A() «B»() }", "expected a clause, `;` or `}`, found `B`"),
    ("syntax", "chain C { if a { A() «B»() } }", "expected `;` or `}`, found `B`"),
    ("syntax", "chain C { A() «if» a { } }", "expected a clause, `;` or `}`, found `if`"),
    ("syntax", "chain C { assume a «||» b }", "found `||`"),
    ("syntax", "chain C { { A() } «}»", "expected `||`, found `}`"),
    ("syntax", "chain C { try { A() } «}»", "expected `recover`"),
    ("syntax", "chain C { if a «A»() }", "found `A`"),
    ("syntax", "state { a : bool«;» b : bool }", "found `;`"),
    ("syntax", "const x =« »", "expected an expression, found the end of the file"),
    ("syntax", "const x =\n«const» y = 1", "expected an expression, found `const`"),
    ("syntax", "const x = «.»5", "expected an expression, found `.`"),
    ("syntax", "const x = 2^3«^»4", "found `^`"),
    ("syntax", "const x = 2 m «^» 2", "a power behind a unit can be read in two ways"),
    ("syntax", "const x = 1 «..» 2", "expected an operator, found `..`"),
    ("syntax", "const x = a == «not» b", "expected an expression, found `not`"),
    ("syntax", "const x = f(a «b»)", "found `b`"),
    ("syntax", "const x = 1 «// two»", "a comment starts with `#`"),
    ("syntax", "const «é» = 1", "`é` means nothing here"),
    ("syntax", "const x = 1 «@» 2", "`@` means nothing here"),
    ("syntax", "use «tabletop».spec", "expected a path in quotes, found `tabletop`"),
    ("syntax", 'use «"tabletop.spec»\ntype A', "no closing"),
    ("syntax", "on violation «p» : stop", "expected `of`, found `p`"),
    ("syntax", "plant P { dynamics «foo»(q) = u }", "`dynamics` gives `der` of a variable"),
    ("syntax", "property p = always[0, 1 s «a»", "expected"),
]


@pytest.mark.parametrize(("code", "text", "message"), MISTAKES, ids=[m[1] for m in MISTAKES])
def test_a_mistake_is_shown_where_it_stands(code: str, text: str, message: str) -> None:
    source, span = marked(text)
    if covered(source, span) == " ":  # the place behind the last word, where nothing stands
        source = source.replace(" \n", "\n").removesuffix(" ")
    (found,) = mistakes(source)
    assert (found.code, found.span) == (code, span)
    assert message in found.message


@pytest.mark.parametrize(
    ("text", "help"),
    [
        ("const x = 3 secs", "did you mean `s`?"),
        ("const x = 3 raad", "did you mean `rad`?"),
        ("const x = 90°", "did you mean `deg`?"),
        ("const x = 3 µm", "did you mean `um`?"),
        ("const x = 2 height", "a product needs `*`"),
        ("skil A { }", "did you mean `skill`?"),
        ("skill A { ensure a }", "did you mean `ensures`?"),
        ("skill A { ensures a = b }", "`==` compares"),
        ("skill A { ensures a && b }", "write `and`"),
        ("const x = a ** 2", "write `^`"),
        ("chain C { A() B() }", "two steps are separated by `;`"),
        ("chain C { assume a || b }", "`or` joins two conditions"),
        ("chain C { requires a }", "`requires` belongs to a skill"),
        ("skill A { within 3 s }", "`within` belongs to a chain"),
        ("skill A { ensures duration > 3 }", "`duration` is a word of the language"),
        ("const state = 3", "`state_`"),
        ("const x = .5", "`0.5`"),
        ("const x = 5.", "`0.5`"),
        ("const x = q.1", "`q[1]`"),
        ("const x = a < b in c", "`and`"),
        ("const x = 1 .. 2", "behind `in` or `duration`"),
    ],
)
def test_a_common_mistake_brings_its_cure(text: str, help: str) -> None:
    assert help in (mistakes(text)[0].help or "")


def test_an_unclosed_bracket_shows_where_it_was_opened() -> None:
    (found,) = mistakes("skill A {\n  ensures a\n\nskill B { }")
    (note,) = found.notes
    assert note.span == Span("here", 1, 9, 1, 10)


def test_every_declaration_reports_its_first_mistake() -> None:
    found = mistakes("const x = 2 apples\nproperty = 3\ntype A\nskill A { ensures b = c }")
    assert [(d.code, d.span.line) for d in found] == [
        ("unknown-unit", 1),
        ("syntax", 2),
        ("syntax", 4),
    ]


def test_an_expression_alone_is_read_to_its_end() -> None:
    for text in ("", "a b", "a +", "const x = 1", "a)"):
        with pytest.raises(SourceError):
            parse_expression(text)


def test_the_grammar_and_the_lexer_know_the_same_words() -> None:
    import re

    grammar = (ROOT / "verifier/syntax/grammar.lark").read_text(encoding="utf-8")
    rules = "\n".join(line for line in grammar.splitlines() if not line.startswith("//"))
    literals = set(re.findall(r'"([^"]+)"', rules))
    soft = {word for group in lexer.SOFT_KEYWORDS.values() for word in group}
    assert literals == lexer.KEYWORDS | lexer.SYMBOLS | soft | lexer.CONTEXTUAL | lexer.COURSE_WORDS


# ---- formatting --------------------------------------------------------------------------------

NAMES = st.sampled_from(
    sorted(lexer.words("a b open q height s m g min h e period input alpha on of real der x1 _y"))
)
UNITS = st.sampled_from(["m", "cm", "rad/s", "m/s^2", "N*m", "1/s", "s", "ms", "deg", "m^-2"])
names = NAMES.map(lambda text: tree.Name(text, HERE))
some_names = st.lists(names, min_size=1, max_size=3).map(tuple)


@st.composite
def literals(draw: st.DrawFn) -> tree.Literal:
    text = str(draw(st.integers(0, 10**6)))
    text += draw(st.sampled_from(["", ".0", ".25", ".000125"]))
    text += draw(st.sampled_from(["", "", "e3", "e-12", "E+7"]))
    return tree.Literal(text, Fraction(text), draw(st.none() | UNITS), HERE)


references = NAMES.map(lambda text: tree.Reference(text, HERE))
labels = some_names.map(lambda group: tree.Labels(group, HERE))
leaves = (
    references
    | literals()
    | st.booleans().map(lambda value: tree.TruthLiteral(value, HERE))
    | st.just(tree.ListLiteral((), HERE))
)


def larger(inner: st.SearchStrategy[tree.Expression]) -> st.SearchStrategy[tree.Expression]:
    several = st.lists(inner, max_size=3).map(tuple)
    ranges = st.builds(tree.Range, inner, inner, st.just(HERE))
    bounded = st.builds(tree.Bound, inner, inner, st.booleans(), st.just(HERE))
    unbounded = st.builds(tree.Bound, inner, st.none(), st.just(True), st.just(HERE))
    bounds = st.none() | bounded | unbounded
    arguments = st.builds(tree.Argument, st.none() | names, inner, st.just(HERE))

    def comparing(operands: list[tree.Expression]) -> st.SearchStrategy[tree.Expression]:
        operators = st.tuples(
            *[st.sampled_from(["==", "!=", "<=", ">=", "<", ">"]) for _ in operands[1:]]
        )
        return st.builds(tree.Comparing, operators, st.just(tuple(operands)), st.just(HERE))

    return st.one_of(
        st.builds(tree.Index, inner, inner, st.just(HERE)),
        st.builds(tree.Part, inner, names, st.just(HERE)),
        st.builds(tree.Unary, st.sampled_from(["-", "not"]), inner, st.just(HERE)),
        st.builds(
            tree.Binary,
            st.sampled_from(["+", "-", "*", "/", "^", "and", "or", "implies", "iff"]),
            inner,
            inner,
            st.just(HERE),
        ),
        st.lists(inner, min_size=2, max_size=4).flatmap(comparing),
        st.builds(tree.Membership, inner, inner | ranges | labels, st.just(HERE)),
        several.map(lambda items: tree.ListLiteral(items, HERE)),
        st.builds(tree.Call, names, st.lists(arguments, max_size=3).map(tuple), st.just(HERE)),
        st.builds(
            tree.Quantified,
            st.sampled_from(["forall", "exists"]),
            names,
            references | ranges,
            inner,
            st.just(HERE),
        ),
        st.builds(
            tree.Temporal,
            st.sampled_from(sorted(lexer.TEMPORAL_PREFIXES)),
            bounds,
            st.tuples(inner),
            st.just(HERE),
        ),
        st.builds(
            tree.Temporal,
            st.sampled_from(sorted(lexer.TEMPORAL_INFIXES)),
            bounds,
            st.tuples(inner, inner),
            st.just(HERE),
        ),
    )


expressions = st.recursive(leaves, larger, max_leaves=12)
small = st.recursive(leaves, larger, max_leaves=3)
small_ranges = st.builds(tree.Range, small, small, st.just(HERE))
targets = st.recursive(
    references, lambda inner: st.builds(tree.Index, inner, small, st.just(HERE)), max_leaves=3
)
indices = st.lists(small, max_size=2).map(tuple)
real = st.just(tree.Name("real", HERE))
units = st.none() | UNITS.map(lambda text: tree.Name(text, HERE))
types = st.builds(tree.TypeExpression, real, indices, units, st.just(HERE)) | st.builds(
    tree.TypeExpression, names | labels, indices, st.none(), st.just(HERE)
)
variables = st.builds(
    tree.VariableDeclaration,
    some_names,
    types,
    st.none() | small | small_ranges | labels,
    st.just(HERE),
)


def tuples_of(strategy: st.SearchStrategy[object]) -> st.SearchStrategy[tuple[object, ...]]:
    return st.lists(strategy, max_size=3).map(tuple)


clauses = st.one_of(
    st.builds(
        tree.Clause,
        st.sampled_from(["requires", "initial", "ensures", "terminal", "invariant"]),
        expressions,
        st.none() | names,
        st.just(HERE),
    ),
    st.builds(tree.Modifies, st.lists(targets, min_size=1).map(tuple), st.just(HERE)),
    st.builds(tree.Duration, small, small, st.booleans(), st.just(HERE)),
    st.builds(tree.Uses, names, small, st.just(HERE)),
    st.builds(
        tree.Transition,
        targets,
        st.recursive(
            st.builds(
                tree.Course,
                tuples_of(st.builds(tree.Knot, expressions, small, st.just(HERE))),
                st.none(),
                st.just(()),
                st.just(HERE),
            ),
            lambda inner: st.builds(
                tree.Course, st.just(()), expressions, st.tuples(inner, inner), st.just(HERE)
            ),
            max_leaves=3,
        ),
        st.just(HERE),
    ),
)
motion_parts = st.one_of(
    st.builds(
        tree.MotionPart,
        st.sampled_from(["speed", "acceleration", "clearance", "body"]),
        st.tuples(expressions),
        st.just(HERE),
    ),
    st.builds(
        tree.MotionPart,
        st.sampled_from(["avoids", "inside"]),
        st.lists(references, min_size=1, max_size=3).map(tuple),
        st.just(HERE),
    ),
    st.builds(tree.Modifies, st.lists(targets, min_size=1).map(tuple), st.just(HERE)),
)


def chain_clauses(kind: str) -> st.SearchStrategy[tuple[object, ...]]:
    return tuples_of(st.builds(tree.Clause, st.just(kind), expressions, st.none(), st.just(HERE)))


calls = st.builds(
    tree.Call,
    names,
    tuples_of(st.builds(tree.Argument, st.none() | names, small, st.just(HERE))),
    st.just(HERE),
)


def blocks_of(inner: st.SearchStrategy[tree.Statement]) -> st.SearchStrategy[tree.Statement]:
    block = st.builds(tree.Block, tuples_of(inner), st.just(HERE))
    guarded = st.builds(tree.Guarded, small, block, st.just(HERE))
    loop_clauses = st.builds(
        tree.Clause, st.sampled_from(["invariant", "variant"]), small, st.none(), st.just(HERE)
    )
    return st.one_of(
        st.builds(tree.Parallel, st.lists(block, min_size=2, max_size=3).map(tuple), st.just(HERE)),
        st.builds(
            tree.Conditional,
            st.lists(guarded, min_size=1, max_size=3).map(tuple),
            st.none() | block,
            st.just(HERE),
        ),
        st.builds(tree.Repeat, small, block, st.just(HERE)),
        st.builds(tree.While, small, tuples_of(loop_clauses), block, st.just(HERE)),
        st.builds(tree.Try, block, block, st.just(HERE)),
    )


statements = st.recursive(timed_trees.steps(names, calls), blocks_of, max_leaves=6)
plant_parts = st.one_of(
    st.builds(
        tree.PlantValue,
        st.sampled_from(["period", "latency", "baseline"]),
        expressions,
        st.just(HERE),
    ),
    st.builds(
        tree.PlantBox,
        st.sampled_from(["error", "rate", "clamp", "scale", "reject"]),
        names,
        small_ranges,
        st.just(HERE),
    ),
    st.builds(tree.Reserve, names, expressions, st.none() | expressions, st.just(HERE)),
    st.builds(tree.Return, expressions, st.none() | expressions, st.just(HERE)),
    st.builds(tree.Confidence, names, expressions, st.just(HERE)),
    st.builds(tree.Measured, some_names, st.just(HERE)),
)
declarations = st.one_of(
    st.builds(tree.Use, st.from_regex(r"[a-z ./#]{1,9}", fullmatch=True), st.just(HERE)),
    st.builds(tree.TypeDeclaration, names, st.none() | types, st.just(HERE)),
    st.builds(tree.ObjectDeclaration, some_names, names, st.just(HERE)),
    st.builds(
        tree.StateDeclaration,
        st.sampled_from(["state", "environment"]),
        tuples_of(variables),
        st.just(HERE),
    ),
    st.builds(tree.ConstantDeclaration, names, expressions, st.just(HERE)),
    st.builds(tree.PropertyDeclaration, names, expressions, st.just(HERE)),
    st.builds(tree.ViolationDeclaration, some_names, names, st.just(HERE)),
    st.builds(
        tree.RobotDeclaration,
        names,
        names,
        st.builds(tree.Name, st.from_regex(r"[a-z ./#]{1,9}", fullmatch=True), st.just(HERE)),
        names,
        st.none() | names,
        st.just(HERE),
    ),
    st.builds(
        tree.WaiverDeclaration,
        names,
        names,
        st.builds(tree.Name, st.from_regex(r"[a-z ./#]{1,9}", fullmatch=True), st.just(HERE)),
        st.just(HERE),
    ),
    st.builds(
        tree.PlantDeclaration,
        names,
        tuples_of(variables),
        tuples_of(variables),
        tuples_of(st.builds(tree.Dynamics, names, expressions, st.just(HERE))),
        tuples_of(plant_parts),
        st.just(HERE),
    ),
    st.builds(
        tree.BarrierDeclaration,
        names,
        st.none() | st.tuples(names, small_ranges),
        expressions,
        tuples_of(
            st.builds(
                tree.BarrierPart,
                st.sampled_from(["alpha", "margin", "start", "keeps"]),
                expressions,
                st.just(HERE),
            )
        ),
        st.just(HERE),
    ),
    st.builds(
        tree.PlaceDeclaration,
        st.sampled_from(["obstacle", "zone"]),
        names,
        st.none() | types,
        expressions,
        st.none() | small,
        st.just(HERE),
    ),
    st.builds(
        tree.MotionDeclaration,
        references,
        tuples_of(motion_parts),
        st.just(HERE),
    ),
    st.builds(
        tree.SkillDeclaration,
        names,
        tuples_of(st.builds(tree.Parameter, names, types, st.just(HERE))),
        st.none() | names,
        tuples_of(clauses),
        st.just(HERE),
    ),
    st.builds(
        tree.ChainDeclaration,
        names,
        tuples_of(
            st.builds(
                tree.ChainParameter,
                names,
                types,
                st.none() | small | small_ranges | labels,
                st.just(HERE),
            )
        ),
        chain_clauses("assume"),
        tuples_of(statements),
        chain_clauses("achieve"),
        tuples_of(timed_trees.deadlines(names, small | small_ranges)),
        st.just(HERE),
    ),
    *timed_trees.capacities(names, small),
)
source_files = st.lists(declarations, min_size=1, max_size=4).map(
    lambda group: tree.File("here", tuple(group), (), HERE)
)


@settings(max_examples=400, deadline=None)
@given(expressions)
def test_a_formatted_expression_is_read_as_the_same(expression: tree.Expression) -> None:
    assert bare(parse_expression(format_expression(expression))) == bare(expression)


@settings(max_examples=250, deadline=None)
@given(source_files)
def test_a_formatted_file_is_read_as_the_same(file: tree.File) -> None:
    text = format_file(file)
    again = parse(text, "here")
    assert bare(again) == bare(file)
    assert format_file(again) == text


@settings(max_examples=150, deadline=None)
@given(source_files, st.data())
def test_layout_and_comments_change_nothing(file: tree.File, data: st.DataObject) -> None:
    """Any white space and any comments between any two tokens, but for the unit's line."""
    reader = lexer.Reader(format_file(file), "here", 1)
    text, count, previous = "", 0, lexer.Token(lexer.STRING, "", HERE)
    for token in list(reader.tokens())[:-1]:
        gaps = ["\n", "  # c\n", "\n\n#c\n\n", "\r\n"]
        measured = previous.kind in (lexer.NUMBER, "]") or previous.text == "real"
        if token.kind == lexer.UNIT:
            gaps = [" ", "\t"]
        elif token.kind != lexer.NAME or not measured:
            gaps.append(" ")
        gap = data.draw(st.sampled_from(gaps))
        count += gap.count("#")
        text += gap + (f'"{token.text}"' if token.kind == lexer.STRING else token.text)
        previous = token
    again = parse(text, "here")
    assert bare(again) == bare(file)
    assert len(again.comments) == count
    formatted = format_file(again)
    once_more = parse(formatted, "here")
    assert bare(once_more) == bare(file)
    assert len(once_more.comments) == count
    assert format_file(once_more) == formatted


@pytest.mark.parametrize(
    ("text", "formatted"),
    [
        ("((a)) and ((b or c))", "a and (b or c)"),
        ("(a and b) and c", "a and b and c"),
        ("a and (b and c)", "a and (b and c)"),
        ("(a implies b) implies c", "(a implies b) implies c"),
        ("a implies (b implies c)", "a implies b implies c"),
        ("a-(b-c)", "a - (b - c)"),
        ("- ( - a )", "--a"),
        ("(-2)^2", "(-2)^2"),
        ("-2^2", "-2^2"),
        ("(2 m)^2", "(2 m)^2"),
        ("(2  m )*s", "2 m * s"),
        ("always ( a )", "always a"),
        ("always (a and b)", "always (a and b)"),
        ("always ([1] == q)", "always ([1] == q)"),
        ("a and (forall o:T,b)", "a and (forall o : T, b)"),
        ("x in 0..7", "x in 0 .. 7"),
        ("x in{a,b}", "x in {a, b}"),
        ("eventually[0,inf)a", "eventually[0, inf) a"),
        ("f(a,b=2)", "f(a, b = 2)"),
        ("(a + b).x", "(a + b).x"),
    ],
)
def test_parentheses_stand_only_where_they_are_needed(text: str, formatted: str) -> None:
    assert format_expression(parse_expression(text)) == formatted


def test_the_formatted_look() -> None:
    untidy = """\
# About this file.

type   Item   # things
state{ gripper:{open,closed}   # the hand


# how far
reach : real m in 0..1 m # metres
}
skill Open{ensures gripper==open duration 0.1 s..0.4 s} # quick
chain C {
   # first
   assume gripper == open and # why
     reach > 2 cm
   Open(); Open; # twice

   Open
   achieve gripper == open
   # last
}
# the end
"""
    tidy = """\
# About this file.

type Item  # things

state {
    gripper : {open, closed}  # the hand

    # how far
    reach   : real m in 0 .. 1 m  # metres
}

skill Open {
    ensures   gripper == open
    duration  0.1 s .. 0.4 s
}  # quick

chain C {
    # first
    # why
    assume   gripper == open and reach > 2 cm
    Open(); Open();  # twice

    Open()
    achieve  gripper == open
    # last
}
# the end
"""
    assert format_file(parse(untidy, "here")) == tidy


def test_long_formulas_are_broken_at_their_connectives() -> None:
    terms = " and ".join(f"condition_number_{n} == {n} m" for n in range(9))
    points = ", ".join(str(n) for n in range(60))
    text = f"skill A {{ requires {terms} and x in hull(points = [{points}], margin = 2 m) }}"
    formatted = format_file(parse(text, "here"))
    assert max(map(len, formatted.splitlines())) <= WIDTH
    assert bare(parse(formatted, "here")) == bare(parse(text, "here"))
    assert "\n              and condition_number_1 == 1 m\n" in formatted
