"""A formula in C says what its measured meaning says, also where it overflows or divides by 0."""

from __future__ import annotations

import ctypes
import random
from fractions import Fraction
from pathlib import Path

from verifier.core.term import (
    NOW,
    OLD,
    And,
    Apply,
    Choice,
    Comparison,
    Formula,
    Iff,
    Implies,
    Not,
    Number,
    Or,
    Product,
    Proposition,
    Quotient,
    Sum,
    Term,
    Variable,
)
from verifier.emit.binding import compiled, compiler, zig
from verifier.emit.build_file import TARGETS
from verifier.emit.bundle import RUNTIME
from verifier.emit.ctree import File, Function, Include, Member, Parameter, Struct, unsigned
from verifier.emit.layout import Place
from verifier.emit.lower import lowered
from verifier.emit.printer import printed
from verifier.monitor.measured import Reading, truth

ROOT = Path(__file__).parent.parent
LABELS = ("open", "closed", "moving")
PLACES = {
    "x": Place("x", (), "real", ()),
    "y[1]": Place("y", (0,), "real", ()),
    "y[2]": Place("y", (1,), "real", ()),
    "p": Place("p", (), "bool", ()),
    "g": Place("g", (), "enum", LABELS),
}
REALS = ("x", "y[1]", "y[2]")
NUMBERS = (0, 1, -1, 2, Fraction(1, 3), Fraction(-7, 10), Fraction(1, 8), 10**200, Fraction(1, 10))
VALUES = (0.0, -0.0, 1.0, -1.0, 2.0, 0.1, -0.7, 1 / 3, 0.125, 1e200, -1e200, 1e308, 5e-324)
X, TWO = Variable("x"), Number(Fraction(2))
CURIOUS = [
    *(Comparison(relation, X, X) for relation in ("<=", "<", "==")),
    *(Comparison(relation, TWO, TWO) for relation in ("<=", "<", "==")),
    Comparison("<", Sum((X, X)), Sum((X, X))),
    And((Choice("g", NOW, "open"), Choice("g", NOW, "closed"))),
    Or((Not(Choice("g", NOW, "open")), Not(Choice("g", NOW, "closed")))),
    And((Proposition("p"), Not(Proposition("p")))),
    Iff(Proposition("p"), Proposition("p")),
    And((Comparison("<", X, TWO), Comparison("<", TWO, X))),
    And((Comparison("<", X, TWO), Not(Comparison("<", X, TWO)))),
    Or(()),
    And(()),
    Comparison("<=", Quotient(TWO, Number(Fraction(0))), TWO),
]
SAMPLE = Struct(
    "guard_sample",
    (
        Member("double", "x"),
        Member("double", "y", (unsigned(2),)),
        Member("uint8_t", "p"),
        Member("uint8_t", "g"),
    ),
)


class Sample(ctypes.Structure):
    _fields_ = (
        ("x", ctypes.c_double),
        ("y", ctypes.c_double * 2),
        ("p", ctypes.c_uint8),
        ("g", ctypes.c_uint8),
    )


def term(rng: random.Random, depth: int) -> Term:
    kind = rng.randrange(8) if depth else rng.randrange(2)
    if kind == 0:
        return Number(Fraction(rng.choice(NUMBERS)))
    if kind == 1:
        return Variable(rng.choice(REALS), rng.choice((NOW, NOW, OLD)))
    parts = tuple(term(rng, depth - 1) for _ in range(rng.randrange(1, 4)))
    if kind in (2, 3):
        return Sum(parts)
    if kind == 4:
        return Product(parts)
    if kind == 5:
        return Product((Number(Fraction(-1)), parts[0]))
    if kind == 6:
        return Quotient(parts[0], term(rng, depth - 1))
    function = rng.choice(("abs", "sqrt", "min", "max"))
    return Apply(function, parts if function in ("min", "max") else parts[:1])


def formula(rng: random.Random, depth: int) -> Formula:
    kind = rng.randrange(9) if depth else rng.randrange(4)
    if kind == 0:
        return Proposition("p", rng.choice((NOW, OLD)))
    if kind == 1:
        return Choice("g", rng.choice((NOW, OLD)), rng.choice(LABELS))
    if kind in (2, 3):
        return Comparison(rng.choice(("<=", "<", "==")), term(rng, 3), term(rng, 2))
    parts = tuple(formula(rng, depth - 1) for _ in range(rng.randrange(1, 4)))
    if kind == 4:
        return Not(parts[0])
    if kind in (5, 6):
        return And(parts) if kind == 5 else Or(parts)
    other = formula(rng, depth - 1)
    return Implies(parts[0], other) if kind == 7 else Iff(parts[0], other)


def readings(rng: random.Random) -> tuple[dict[str, Reading], Sample]:
    x, *y = (rng.choice(VALUES) for _ in range(3))
    p, g = rng.random() < 0.5, rng.randrange(3)
    found: dict[str, Reading] = {"x": x, "y[1]": y[0], "y[2]": y[1], "p": p, "g": LABELS[g]}
    return found, Sample(x, (ctypes.c_double * 2)(*y), p, g)


def test_c_says_of_each_formula_what_its_meaning_says(tmp_path: Path) -> None:
    rng = random.Random(21)
    formulas = [formula(rng, 3) for _ in range(300)] + CURIOUS
    labels = {f"g.{label}": f"LABEL_{k}" for k, label in enumerate(LABELS)}
    bodies = [lowered(f, PLACES, labels) for f in formulas]
    functions = [
        Function(
            "guard_truth",
            f"f{k}",
            tuple(Parameter("const guard_sample *", name) for name in body.parameters),
            body.body,
            static=False,
        )
        for k, body in enumerate(bodies)
    ]
    prototypes = [Function(f.type, f.name, f.parameters, None, static=False) for f in functions]
    text = printed(File("Formulas.", (Include(RUNTIME, False), SAMPLE, *prototypes, *functions)))
    constants = "".join(f"-DLABEL_{k}={k};" for k in range(3)).rstrip(";").split(";")
    files = {
        "formulas.c": text.encode(),
        RUNTIME: (ROOT / "verifier" / "emit" / "runtime" / RUNTIME).read_bytes(),
    }
    flags = ("-O2", "-fPIC", "-shared", *constants)
    made = compiled(files, tmp_path, "formulas.so", ("formulas.c",), compiler(), flags)
    thor = (*zig(), *TARGETS["thor"].arguments)
    compiled(files, tmp_path, "formulas.o", ("formulas.c",), thor, ("-c", *constants))
    library = ctypes.CDLL(str(made))
    said: dict[bool | None, int] = {}
    for _ in range(60):
        (now, now_bytes), (old, old_bytes) = readings(rng), readings(rng)
        at = {(name, NOW): value for name, value in now.items()}
        at |= {(name, OLD): value for name, value in old.items()}
        for k, (f, body) in enumerate(zip(formulas, bodies, strict=True)):
            given = {"now": now_bytes, "entry": old_bytes}
            function = getattr(library, f"f{k}")
            function.restype = ctypes.c_uint8
            got = function(*(ctypes.byref(given[name]) for name in body.parameters))
            want = truth(f, at)
            assert got == (2 if want is None else int(want)), (f, now, old)
            said[want] = said.get(want, 0) + 1
    assert set(said) == {True, False, None} and min(said.values()) > 1000
