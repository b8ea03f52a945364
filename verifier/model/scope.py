"""Every declaration by name: the first reading of the files, before any expression is settled."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias, TypeVar

from verifier.core.diagnostic import Diagnostic, Label, SourceError, near_miss
from verifier.core.span import Span
from verifier.core.term import Boolean, Enumeration, Real, Sort
from verifier.core.unit import LENGTH, NONE, UNITS, Unit, parse_unit
from verifier.model.quantity import fail
from verifier.model.values import Contract, StateVariable
from verifier.syntax import tree

LONGEST_VECTOR = 1000
SORTS = ("bool", "real", "point")
FALLBACKS = ("hold", "retreat", "stop")

T = TypeVar("T")

# By the file that names it and the path as written: how messages name a document, and its bytes.
Documents: TypeAlias = Mapping[tuple[str, str], tuple[str, bytes]]


@dataclass(frozen=True, slots=True)
class Scope:
    """Declarations by name. `kept` are the contracts of skills whose bodies were not read, because
    they were in an earlier run; they take no parameters. `memo` keeps settled constants and
    domains, `active` those that are being settled right now, so that a definition that needs itself
    is found."""

    types: dict[str, tree.TypeDeclaration] = field(default_factory=dict)
    objects: dict[str, str] = field(default_factory=dict)
    constants: dict[str, tree.ConstantDeclaration] = field(default_factory=dict)
    variables: dict[str, StateVariable] = field(default_factory=dict)
    domains: dict[str, tree.Expression] = field(default_factory=dict)
    skills: dict[str, tree.SkillDeclaration] = field(default_factory=dict)
    chains: dict[str, tree.ChainDeclaration] = field(default_factory=dict)
    properties: dict[str, tree.PropertyDeclaration] = field(default_factory=dict)
    patterns: dict[str, tree.PatternDeclaration] = field(default_factory=dict)
    violations: list[tree.ViolationDeclaration] = field(default_factory=list)
    plants: dict[str, tree.PlantDeclaration] = field(default_factory=dict)
    barriers: dict[str, tree.BarrierDeclaration] = field(default_factory=dict)
    robots: dict[str, tree.RobotDeclaration] = field(default_factory=dict)
    places: dict[str, tree.PlaceDeclaration] = field(default_factory=dict)
    motions: list[tree.MotionDeclaration] = field(default_factory=list)
    waivers: list[tree.WaiverDeclaration] = field(default_factory=list)
    documents: Documents = field(default_factory=dict)
    processors: dict[str, tree.ProcessorDeclaration] = field(default_factory=dict)
    resources: dict[str, tree.ResourceDeclaration] = field(default_factory=dict)
    budgets: dict[str, tree.BudgetDeclaration] = field(default_factory=dict)
    kept: dict[str, Contract] = field(default_factory=dict, compare=False)
    memo: dict[tuple[object, ...], object] = field(default_factory=dict, compare=False)
    active: list[tuple[str, str]] = field(default_factory=list, compare=False)

    def objects_of(self, type: str) -> tuple[str, ...]:
        return tuple(name for name, kind in self.objects.items() if kind == type)

    def names(self) -> Iterator[str]:
        """Everything that an expression may refer to by name."""
        yield from self.variables
        yield from self.constants
        yield from self.objects
        yield from self.robots


def collect(files: Sequence[tree.File], documents: Documents | None = None) -> Scope:
    """The scope of the files. Raises SourceError with every duplicate and every malformed type."""
    scope = Scope(documents=documents or {})
    found: list[Diagnostic] = []
    values: dict[str, Span] = {}
    behaviours: dict[str, Span] = {}

    def declare(table: dict[str, T], name: tree.Name, value: T, places: dict[str, Span]) -> None:
        if name.text in places:
            found.append(
                Diagnostic(
                    "duplicate-name",
                    name.span,
                    f"`{name.text}` is declared twice",
                    (Label(places[name.text], "first declared here"),),
                )
            )
            return
        places[name.text] = name.span
        table[name.text] = value

    declarations = [declaration for file in files for declaration in file.declarations]
    for declaration in declarations:
        match declaration:
            case tree.TypeDeclaration(name):
                declare(scope.types, name, declaration, values)
            case tree.ConstantDeclaration(name):
                declare(scope.constants, name, declaration, values)
            case tree.SkillDeclaration(name):
                declare(scope.skills, name, declaration, behaviours)
            case tree.ChainDeclaration(name):
                declare(scope.chains, name, declaration, behaviours)
            case tree.PropertyDeclaration(name):
                declare(scope.properties, name, declaration, behaviours)
            case tree.PatternDeclaration(name):
                declare(scope.patterns, name, declaration, behaviours)
            case tree.PlantDeclaration(name):
                declare(scope.plants, name, declaration, behaviours)
            case tree.BarrierDeclaration(name):
                declare(scope.barriers, name, declaration, behaviours)
            case tree.RobotDeclaration(name):
                declare(scope.robots, name, declaration, values)
            case tree.ProcessorDeclaration(name):
                declare(scope.processors, name, declaration, behaviours)
            case tree.ResourceDeclaration(name):
                declare(scope.resources, name, declaration, behaviours)
            case tree.BudgetDeclaration(name):
                declare(scope.budgets, name, declaration, behaviours)
            case tree.ViolationDeclaration():
                scope.violations.append(declaration)
            case tree.WaiverDeclaration():
                scope.waivers.append(declaration)
            case tree.PlaceDeclaration(_, name):
                declare(scope.places, name, declaration, values)
            case tree.MotionDeclaration():
                scope.motions.append(declaration)
    for declaration in declarations:
        match declaration:
            case tree.ObjectDeclaration(names, type):
                try:
                    object_type(scope, type)
                except SourceError as error:
                    found.extend(error.diagnostics)
                for name in names:
                    declare(scope.objects, name, type.text, values)
            case tree.StateDeclaration(kind, blocks):
                for block in blocks:
                    try:
                        shared = variable(scope, block, kind == "environment")
                    except SourceError as error:
                        found.extend(error.diagnostics)
                        continue
                    for name in block.names:
                        declare(scope.variables, name, shared(name), values)
                        if block.domain is not None:
                            scope.domains[name.text] = block.domain
    if found:
        raise SourceError(found)
    return scope


def object_type(scope: Scope, name: tree.Name) -> str:
    """The name of a declared object type."""
    declaration = scope.types.get(name.text)
    if declaration is None:
        fail(
            "unknown-type",
            name.span,
            f"there is no type `{name.text}`",
            help=near_miss(name.text, [*scope.types, *SORTS]) or f"declare it: `type {name.text}`",
        )
    if declaration.definition is not None:
        fail(
            "wrong-type",
            name.span,
            f"`{name.text}` is a set of labels, but objects need a type of their own",
            notes=(Label(declaration.span, "declared here"),),
        )
    return name.text


def variable(
    scope: Scope, block: tree.VariableDeclaration, environment: bool
) -> Callable[[tree.Name], StateVariable]:
    """What the names of one declaration have in common, as a function of the name."""
    sort, shape, point, family, unit = declared_type(scope, block.type)

    def named(name: tree.Name) -> StateVariable:
        return StateVariable(name.text, sort, shape, point, family, unit, environment, name.span)

    return named


def declared_type(
    scope: Scope, written: tree.TypeExpression
) -> tuple[Sort, tuple[int, ...], bool, tuple[str, ...], Unit | None]:
    """Sort of each scalar, shape, whether it is a point, indexing object types, declared unit."""
    base = written.base
    if isinstance(base, tree.Name) and base.text in scope.types:
        definition = scope.types[base.text].definition
        if definition is not None:
            base = definition.base
    sizes, family = _indices(scope, written)
    if isinstance(base, tree.Labels):
        labels = tuple(name.text for name in base.names)
        _distinct(base)
        _plain(written, sizes)
        return Enumeration(labels), (), False, family, None
    if base.text == "bool":
        _plain(written, sizes)
        return Boolean(), (), False, family, None
    if base.text == "point":
        _no_sizes(written, sizes)
        unit = _unit(written) or UNITS["m"]
        if unit.dimension != LENGTH:
            fail("unit-mismatch", written.span, f"a point is a length, but `{unit.symbol}` is not")
        return Real(LENGTH), (3,), True, family, unit
    if base.text == "real":
        declared = _unit(written)
        if len(sizes) > 1:
            fail("wrong-type", written.span, "a vector has one size, `real[7]`")
        return Real(declared.dimension if declared else NONE), sizes, False, family, declared
    fail(
        "unknown-type",
        base.span,
        f"there is no type `{base.text}`",
        help=near_miss(base.text, [*SORTS, *scope.types]),
    )


def _indices(scope: Scope, written: tree.TypeExpression) -> tuple[tuple[int, ...], tuple[str, ...]]:
    sizes: list[int] = []
    family: list[str] = []
    for index in written.indices:
        match index:
            case tree.Literal(_, value, None) if value.denominator == 1:
                if not 1 <= value <= LONGEST_VECTOR:
                    fail(
                        "wrong-type",
                        index.span,
                        f"a vector has 1 to {LONGEST_VECTOR} parts, not {value}",
                    )
                sizes.append(int(value))
            case tree.Reference(name, span):
                family.append(object_type(scope, tree.Name(name, span)))
            case _:
                fail("wrong-type", index.span, "an index is a size or the name of an object type")
    return tuple(sizes), tuple(family)


def _distinct(labels: tree.Labels) -> None:
    seen: dict[str, Span] = {}
    for name in labels.names:
        if name.text in seen:
            fail(
                "duplicate-name",
                name.span,
                f"the label `{name.text}` stands twice",
                notes=(Label(seen[name.text], "first here"),),
            )
        seen[name.text] = name.span


def _plain(written: tree.TypeExpression, sizes: tuple[int, ...]) -> None:
    _no_sizes(written, sizes)
    if written.unit is not None:
        fail("unit-mismatch", written.unit.span, "only numbers have units")


def _no_sizes(written: tree.TypeExpression, sizes: tuple[int, ...]) -> None:
    if sizes:
        fail(
            "wrong-type", written.span, "only `real` makes vectors; index others by an object type"
        )


def _unit(written: tree.TypeExpression) -> Unit | None:
    if written.unit is None:
        return None
    unit = parse_unit(written.unit.text)
    if unit is None:
        fail(
            "unknown-unit",
            written.unit.span,
            f"there is no unit `{written.unit.text}`",
            help=near_miss(written.unit.text, UNITS),
        )
    return unit
