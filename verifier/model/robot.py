"""Robots in expressions: where the links of a URDF chain are, as exact terms over its joints.

A joint places its child by a fixed transform and its own motion, a turn about or a shift along its
axis (Rodrigues; see verifier/safety/kinematics.py, which computes the same in doubles). Fixed
angles within 1e-15 of a multiple of a right angle are that multiple; any other one keeps its sine
and cosine as terms, so that nothing is rounded.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from verifier.core.diagnostic import Label, SourceError, near_miss
from verifier.core.root import rational_root
from verifier.core.term import (
    NOW,
    Apply,
    Number,
    Quotient,
    Real,
    Term,
    Variable,
    add,
    multiply,
    negate,
    number,
)
from verifier.core.unit import ANGLE, DEGREE, LENGTH, NONE, Dimension
from verifier.model.control import Robot
from verifier.model.quantity import Quantity, Vector, fail
from verifier.model.scope import Scope
from verifier.model.shapes import Triple
from verifier.model.urdf import Chain, Joint, read_chain
from verifier.syntax import tree

RIGHT_ANGLE = 90 * DEGREE
SNAP = Fraction(1, 10**15)
NODES_MAX = 20_000

Point = tuple[Term, ...]

ZERO, ONE = number(0), number(1)


def robot(scope: Scope, name: str) -> Robot:
    """The settled robot. Raises SourceError, also with what is wrong with its file."""
    key = ("robot", name)
    if key not in scope.memo:
        scope.memo[key] = _settled(scope, scope.robots[name])
    return scope.memo[key]  # type: ignore[return-value]


def _settled(scope: Scope, written: tree.RobotDeclaration) -> Robot:
    if written.form.text != "urdf":
        help_line = 'write `from urdf "robot.urdf"`'
        fail(
            "unknown-name",
            written.form.span,
            f"robots are not read from `{written.form.text}`",
            help=help_line,
        )
    document = scope.documents.get((written.path.span.file, written.path.text))
    if document is None:
        fail(
            "file-not-found",
            written.path.span,
            f"the file `{written.path.text}` was not read",
            help="a robot's file is read when its source is a file, too",
        )
    shown, data = document
    chain = read_chain(data, shown, written.tip.text)
    if not isinstance(chain, Chain):
        raise SourceError(chain)
    return Robot(written.name.text, chain, _joints(scope, written, chain), written.span)


def _joints(scope: Scope, written: tree.RobotDeclaration, chain: Chain) -> tuple[str, ...]:
    """The scalars that move the joints: of the named vector, or of the only one that fits."""
    wanted = _dimension(chain)
    size = len(chain.moving)
    fitting = [
        variable.name
        for variable in scope.variables.values()
        if variable.sort == Real(wanted)
        and not variable.family
        and not variable.point
        and (variable.shape == (size,) or (size == 1 and variable.shape == ()))
    ]
    if written.joints is None:
        if len(fitting) != 1:
            found = ", ".join(f"`{name}`" for name in fitting) or "none"
            fail(
                "robot-joints",
                written.span,
                f"`{written.name.text}` has {size} moving joints, and of the state variables"
                f" {found} fits them",
                help=f"declare `q : real[{size}] rad`, or name the one meant: `joints q`",
            )
        name = fitting[0]
    else:
        name = written.joints.text
        if name not in fitting:
            known = scope.variables.get(name)
            fail(
                "robot-joints",
                written.joints.span,
                f"`{name}` is no vector of {size} numbers in the unit of the joints of"
                f" `{written.name.text}`",
                notes=(Label(known.span, "declared here"),) if known else (),
                help=near_miss(name, fitting) or f"declare `{name} : real[{size}] rad`",
            )
    variable = scope.variables[name]
    if not variable.shape:
        return (name,)
    return tuple(f"{name}[{k}]" for k in range(1, size + 1))


def _dimension(chain: Chain) -> Dimension:
    """An angle where all joints turn, a length where all slide, a plain number where both occur."""
    kinds = {joint.kind == "prismatic" for joint in chain.moving}
    return NONE if len(kinds) != 1 else LENGTH if kinds.pop() else ANGLE


# ---- places ------------------------------------------------------------------------------------


def link_position(robot: Robot, part: tree.Name, version: int) -> Vector:
    """The origin of the link's frame in that of the base, with the joints at this version. Raises
    SourceError."""
    if part.text not in robot.chain.links:
        fail(
            "unknown-name",
            part.span,
            f"`{robot.name}` has no link `{part.text}` between its base and its tip",
            help=near_miss(part.text, robot.chain.links),
        )
    position = place_of(robot, part.text, (ZERO,) * 3, version)
    if sum(map(_size, position)) > NODES_MAX:
        fail(
            "set-too-large",
            part.span,
            f"the place of `{part.text}` is a formula with more than {NODES_MAX} parts",
            help="bound a link that is nearer to the base, or use `clearance`",
        )
    return Vector(tuple(Quantity(term, LENGTH) for term in position))


def place_of(robot: Robot, link: str, point: Point, version: int = NOW) -> Point:
    """Where a point of the link is, in the frame of the base."""
    joints = robot.chain.joints
    count = next((k + 1 for k, joint in enumerate(joints) if joint.child == link), 0)
    moved = sum(joint.moves for joint in joints[:count])
    for joint in reversed(joints[:count]):
        if joint.moves:
            moved -= 1
            point = _moved(joint, Variable(robot.joints[moved], version), point)
        point = _shifted(_numbers(joint.xyz), _turned(_fixed(joint.rpy), point))
    return point


def _moved(joint: Joint, by: Term, point: Point) -> Point:
    axis = _unit(joint.axis)
    if joint.kind == "prismatic":
        return _shifted(point, tuple(multiply(by, part) for part in axis))
    sine, cosine = Apply("sin", (by,)), Apply("cos", (by,))
    x, y, z = axis
    cross = ((ZERO, negate(z), y), (z, ZERO, negate(x)), (negate(y), x, ZERO))
    return _turned(
        tuple(
            tuple(_rodrigues(r, c, axis, cross[r][c], sine, cosine) for c in range(3))
            for r in range(3)
        ),
        point,
    )


def _turned(rotation: Sequence[Point], point: Point) -> Point:
    return tuple(
        add(*(multiply(a, b) for a, b in zip(row, point, strict=True))) for row in rotation
    )


def _shifted(one: Point, other: Point) -> Point:
    return tuple(add(a, b) for a, b in zip(one, other, strict=True))


def _rodrigues(r: int, c: int, axis: Sequence[Term], cross: Term, sine: Term, cosine: Term) -> Term:
    """cos [r = c] + sin cross + (1 - cos) a_r a_c."""
    square = multiply(axis[r], axis[c])
    diagonal = ONE if r == c else ZERO
    rest = add(diagonal, negate(square))
    return add(multiply(rest, cosine), square, multiply(cross, sine))


def _fixed(rpy: Triple) -> tuple[tuple[Term, ...], ...]:
    """Rz(yaw) Ry(pitch) Rx(roll) by rows."""
    (sr, cr), (sp, cp), (sy, cy) = map(_sine_cosine, rpy)
    return (
        (
            multiply(cy, cp),
            add(multiply(cy, sp, sr), negate(multiply(sy, cr))),
            add(multiply(cy, sp, cr), multiply(sy, sr)),
        ),
        (
            multiply(sy, cp),
            add(multiply(sy, sp, sr), multiply(cy, cr)),
            add(multiply(sy, sp, cr), negate(multiply(cy, sr))),
        ),
        (negate(sp), multiply(cp, sr), multiply(cp, cr)),
    )


def _sine_cosine(angle: Fraction) -> tuple[Term, Term]:
    quarter = round(angle / RIGHT_ANGLE)
    if abs(angle - quarter * RIGHT_ANGLE) <= SNAP:
        sine, cosine = ((0, 1), (1, 0), (0, -1), (-1, 0))[quarter % 4]
        return number(sine), number(cosine)
    return Apply("sin", (Number(angle),)), Apply("cos", (Number(angle),))


def _unit(axis: Triple) -> tuple[Term, ...]:
    square = sum((part * part for part in axis), Fraction(0))
    length = rational_root(square)
    if length is not None:
        return tuple(Number(part / length) for part in axis)
    root = Apply("sqrt", (Number(square),))
    return tuple(Quotient(Number(part), root) if part else ZERO for part in axis)


def _numbers(values: Triple) -> tuple[Term, ...]:
    return tuple(Number(value) for value in values)


def _size(term: Term) -> int:
    total, todo = 0, [term]
    while todo and total <= NODES_MAX:
        here = todo.pop()
        total += 1
        todo += getattr(here, "terms", None) or getattr(here, "factors", None) or ()
    return total
