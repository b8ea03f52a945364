"""A chain of joints from a URDF file: what stands between its base and its tip, as exact numbers.

URDF (wiki.ros.org/urdf/XML) places the frame of a joint's child in that of its parent by a
translation `xyz` in metres and fixed-axis angles `rpy` in radians, and moves it about or along
`axis`, which is given in the child's frame and need not have unit length. Revolute, continuous,
prismatic and fixed joints are read; any other kind on the chain is refused, and so are joints
without limits and limits that leave nothing. The collision shapes of a link are read with it, as
spheres that cover them. Whatever does not lie on the chain is not looked at beyond its links.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from verifier.core.diagnostic import Diagnostic, SourceError, near_miss
from verifier.core.span import Span
from verifier.model.shapes import ZERO, Sphere, Triple, origin, spheres, triple, uncovered
from verifier.model.xml import Element, numbers, parse, report

MOVING = ("revolute", "continuous", "prismatic")
JOINTS_MAX = 64
HELP_KINDS = "supported: revolute, continuous, prismatic and fixed joints"


@dataclass(frozen=True, slots=True)
class Limits:
    """Positions in rad or m, None for a joint that turns for ever; speed in rad/s or m/s and effort
    in Nm or N, None where the file is silent."""

    lower: Fraction | None
    upper: Fraction | None
    velocity: Fraction | None
    effort: Fraction | None


@dataclass(frozen=True, slots=True)
class Joint:
    """`kind` is one of `revolute`, `continuous`, `prismatic`, `fixed`; the axis is not zero."""

    name: str
    kind: str
    child: str
    xyz: Triple
    rpy: Triple
    axis: Triple
    limits: Limits
    span: Span

    @property
    def moves(self) -> bool:
        return self.kind != "fixed"


@dataclass(frozen=True, slots=True)
class Mass:
    """What a link of the chain carries, in kg, by its centre of mass: itself, or a link beside the
    chain, whose joints are then at 0. `placed` are the origins (xyz, rpy) of those joints, in turn
    from the link of the chain; the centre is given in the frame behind them."""

    link: str
    placed: tuple[tuple[Triple, Triple], ...]
    center: Triple
    mass: Fraction


@dataclass(frozen=True, slots=True)
class Chain:
    """From the link `base`, which stands still, to the link `tip`; joints and spheres in order.
    `uncovered` are links with collision shapes, such as meshes, that no sphere covers."""

    robot: str
    base: str
    tip: str
    joints: tuple[Joint, ...]
    spheres: tuple[Sphere, ...]
    masses: tuple[Mass, ...] = ()
    uncovered: tuple[str, ...] = ()

    @property
    def moving(self) -> tuple[Joint, ...]:
        return tuple(joint for joint in self.joints if joint.moves)

    @property
    def links(self) -> tuple[str, ...]:
        return self.base, *(joint.child for joint in self.joints)

    @property
    def weightless(self) -> Joint | None:
        """A joint that moves nothing of which a mass is known, up to the next moving joint."""
        found: Joint | None = None
        weighed = {each.link for each in self.masses}
        for joint in self.joints:
            if joint.moves and found is not None:
                return found
            found = joint if joint.moves else found
            found = None if joint.child in weighed else found
        return found


def read_chain(
    text: bytes, file: str, tip: str, base: str | None = None
) -> Chain | tuple[Diagnostic, ...]:
    """The chain to `tip` from `base`, or from the root of the tree; or everything that is wrong
    with the file as far as it concerns the chain."""
    try:
        root = parse(text, file)
        if root.tag != "robot":
            report("urdf-structure", root.span, f"the file describes a `{root.tag}`, not a robot")
        return _chain(root, tip, base)
    except SourceError as error:
        return error.diagnostics


def _chain(root: Element, tip: str, base: str | None) -> Chain:
    links = _named(root, "link")
    for wanted in (tip, base):
        if wanted is not None and wanted not in links:
            hint = near_miss(wanted, links)
            report("urdf-structure", root.span, f"there is no link `{wanted}`", hint)
    path = _path(root, links, tip, base)
    start = _parent(path[0]) if path else tip
    troubles: list[Diagnostic] = []
    joints: list[Joint] = []
    covering: list[Sphere] = []
    for element in path:
        try:
            joints.append(_joint(element))
        except SourceError as error:
            troubles.extend(error.diagnostics)
    names = (start, *(_link(element, "child") for element in path))
    for name in names:
        try:
            covering.extend(spheres(links[name]))
        except SourceError as error:
            troubles.extend(error.diagnostics)
    try:
        masses = tuple(_masses(root, links, start, set(names)))
    except SourceError as error:
        troubles.extend(error.diagnostics)
    if troubles:
        raise SourceError(troubles)
    bare = tuple(name for name in names if uncovered(links[name]))
    return Chain(root.get("name") or "", start, tip, tuple(joints), tuple(covering), masses, bare)


# ---- the tree ----------------------------------------------------------------------------------


def _named(root: Element, tag: str) -> dict[str, Element]:
    """The elements with this tag, by name."""
    found: dict[str, Element] = {}
    for element in root.all(tag):
        name = element.wanted("name", "urdf-structure")
        if name in found:
            report("urdf-structure", element.span, f"there are two of {tag} `{name}`")
        found[name] = element
    return found


def _path(root: Element, links: dict[str, Element], tip: str, base: str | None) -> list[Element]:
    """The joint elements from the base to the tip."""
    above: dict[str, Element] = {}
    for element in _named(root, "joint").values():
        child = _link(element, "child")
        for name in (child, _parent(element)):
            if name not in links:
                hint = near_miss(name, links)
                report("urdf-structure", element.span, f"there is no link `{name}`", hint)
        if child in above:
            report("urdf-structure", element.span, f"link `{child}` hangs on two joints")
        above[child] = element
    path: list[Element] = []
    link = tip
    while link != base and link in above:
        if len(path) == len(above):
            report("urdf-structure", above[link].span, f"link `{link}` hangs on itself")
        path.append(above[link])
        link = _parent(above[link])
    if base is not None and link != base:
        report("urdf-structure", links[tip].span, f"link `{tip}` does not hang on `{base}`")
    if len(path) > JOINTS_MAX:
        report("urdf-too-large", root.span, f"the chain has more than {JOINTS_MAX} joints")
    return path[::-1]


def _parent(joint: Element) -> str:
    return _link(joint, "parent")


def _link(joint: Element, tag: str) -> str:
    return joint.only(tag, "urdf-structure").wanted("link", "urdf-structure")


# ---- joints and shapes -------------------------------------------------------------------------


def _joint(element: Element) -> Joint:
    name = element.wanted("name", "urdf-structure")
    kind = element.wanted("type", "urdf-joint")
    if kind != "fixed" and kind not in MOVING:
        what = f"joint `{name}` is `{kind}`, which is not supported"
        report("urdf-joint", element.span, what, HELP_KINDS)
    if element.first("mimic") is not None:
        what = f"joint `{name}` mimics another one, which is not supported on a chain"
        report("urdf-joint", element.span, what, "choose a tip before this joint")
    xyz, rpy = origin(element)
    axis = element.first("axis")
    direction = (Fraction(1), Fraction(0), Fraction(0)) if axis is None else triple(axis, "xyz")
    if kind != "fixed" and direction == ZERO:
        span = element.span if axis is None else axis.span
        report("urdf-number", span, f"the axis of joint `{name}` is zero")
    limits = _limits(element, name, kind)
    child = _link(element, "child")
    return Joint(name, kind, child, xyz, rpy, direction, limits, element.span)


def _limits(element: Element, name: str, kind: str) -> Limits:
    if kind == "fixed":
        return Limits(None, None, None, None)
    limit = element.first("limit")
    bounded = kind != "continuous"
    if limit is None:
        if bounded:
            what = f"joint `{name}` has no limits"
            report("urdf-limits", element.span, what, 'add `<limit lower="…" upper="…" …/>`')
        return Limits(None, None, None, None)
    missing = [key for key in ("lower", "upper") if bounded and limit.get(key) is None]
    if missing:
        report("urdf-limits", limit.span, f"joint `{name}` has no {' and no '.join(missing)} limit")
    lower, upper = (_number(limit, key) if bounded else None for key in ("lower", "upper"))
    if lower is not None and upper is not None and lower >= upper:
        what = f"the limits of joint `{name}` leave it no room: {lower} is not below {upper}"
        report("urdf-limits", limit.span, what)
    velocity, effort = _number(limit, "velocity"), _number(limit, "effort")
    if velocity is not None and velocity <= 0:
        report("urdf-limits", limit.span, f"the speed limit of joint `{name}` is not positive")
    if effort is not None and effort < 0:
        report("urdf-limits", limit.span, f"the effort limit of joint `{name}` is negative")
    return Limits(lower, upper, velocity, effort)


def _number(element: Element, key: str) -> Fraction | None:
    return None if element.get(key) is None else numbers(element, key, 1)[0]


# ---- masses ------------------------------------------------------------------------------------


def _masses(
    root: Element, links: dict[str, Element], start: str, chain: set[str]
) -> Iterator[Mass]:
    """The masses of all that hangs on the base, by the last link of the chain that carries them."""
    below: dict[str, list[Element]] = {}
    for element in root.all("joint"):
        below.setdefault(_parent(element), []).append(element)
    waiting: list[tuple[str, str, tuple[tuple[Triple, Triple], ...]]] = [(start, start, ())]
    while waiting:
        link, carrier, placed = waiting.pop(0)
        inertial = links[link].first("inertial")
        if inertial is not None:
            yield Mass(carrier, placed, origin(inertial)[0], _mass(inertial, link))
        for element in below.get(link, ()):
            child = _link(element, "child")
            if child in chain:
                waiting.append((child, child, ()))
            else:
                waiting.append((child, carrier, (*placed, origin(element))))


def _mass(inertial: Element, link: str) -> Fraction:
    element = inertial.first("mass")
    mass = None if element is None else _number(element, "value")
    if mass is None:
        what = f"the inertial of link `{link}` says no mass"
        report("urdf-inertia", inertial.span, what, 'add `<mass value="…"/>`, in kg')
    if mass < 0:
        report("urdf-inertia", inertial.span, f"link `{link}` has the mass {mass}, below 0")
    return mass
