"""What a property remembers in C: one struct a property, all zeros at first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from verifier.emit.ctree import Arrow, At, Dot, Expression, Id, Member, Unary, unsigned
from verifier.monitor.budget import ring_sizes, words
from verifier.monitor.graph import AgedSince, Graph, Node, Previous, Since, Until
from verifier.monitor.grid import ring_words
from verifier.monitor.watches import DelayedResponse, Judged, Open, Response, Watch


@dataclass(frozen=True, slots=True)
class Remembered:
    """A member of the struct: `type name[sizes]`."""

    type: str
    name: str
    sizes: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Machine:
    """A graph with its watches, the prefix of its names, and the expression of its memory."""

    prefix: str
    graph: Graph
    watches: tuple[Watch, ...]
    anchored: bool

    @property
    def memory(self) -> Expression:
        return Arrow(Id("g"), self.prefix)

    @property
    def type(self) -> str:
        return f"guard_{self.prefix}"


KERNELS = {"since": "guard_since", "delayed": "guard_delayed", "previous": "guard_previous"}
KERNELS |= {"until": "guard_until", "aged": "guard_aged"}


def kind_of(node: Node) -> str | None:
    """The kernel with a memory that a node has, if it has one."""
    match node:
        case Since(_, _, low, _):
            return "delayed" if low else "since"
        case AgedSince():
            return "aged"
        case Previous():
            return "previous"
        case Until():
            return "until"
        case _:
            return None


def watched(machine: Machine) -> list[int]:
    """The watches that keep a stamp, by their place among all."""
    return [
        k for k, w in enumerate(machine.watches) if isinstance(w, Response | DelayedResponse | Open)
    ]


def owing(machine: Machine) -> list[int]:
    """The watches with a ring of triggers, by their place among all."""
    return list(ring_sizes(machine.graph, machine.watches)[1])


def on_grid(machine: Machine) -> bool:
    """Whether samples that do not lie on the grid are no use to the property."""
    return any(ring_sizes(machine.graph, machine.watches))


def judged(machine: Machine) -> list[Judged]:
    return [watch for watch in machine.watches if isinstance(watch, Judged)]


def remembered(machine: Machine) -> Iterator[Remembered]:
    """The members of the memory of a property, in order; none for a plain invariant."""
    graph = machine.graph
    if watched(machine):
        yield Remembered("guard_response", "pending", (len(watched(machine)),))
    for kind, type_name in KERNELS.items():
        count = sum(kind_of(node) == kind for node in graph.nodes)
        if count:
            yield Remembered(type_name, kind, (count,))
    if graph.slots:
        yield Remembered("uint64_t", "head")
        if len(graph.groups) > 1:
            yield Remembered("uint64_t", "settled", (len(graph.groups) - 1,))
        yield Remembered("int64_t", "stamps", (graph.slots,))
        yield Remembered("uint64_t", "kept", (len(graph.kept), words(graph.slots)))
    if on_grid(machine):
        yield Remembered("guard_grid", "grid")
    nodes, owed = ring_sizes(graph, machine.watches)
    if owed:
        yield Remembered("uint32_t", "newest", (len(owed),))
    for name, sizes in (("ring", nodes), ("owed", owed)):
        for k, size in sizes.items():
            yield Remembered("uint64_t", f"{name}_{k}", (ring_words(size),))
    if judged(machine):
        yield Remembered("uint8_t", "broken")
    if machine.anchored:
        yield Remembered("uint8_t", "started")


def members(machine: Machine) -> tuple[Member, ...]:
    return tuple(
        Member(m.type, m.name, tuple(unsigned(size) for size in m.sizes))
        for m in remembered(machine)
    )


def field(machine: Machine, name: str) -> Expression:
    """A member of the memory: `g->property_0.name`."""
    return Dot(machine.memory, name)


def cell(machine: Machine, k: int) -> Expression:
    """The address of the memory of node k."""
    kind = kind_of(machine.graph.nodes[k])
    assert kind is not None, machine.graph.nodes[k]
    before = sum(kind_of(node) == kind for node in machine.graph.nodes[:k])
    return Unary("&", At(field(machine, kind), unsigned(before)))


def pending(machine: Machine, k: int) -> Expression:
    """The address of the memory of watch k."""
    return Unary("&", At(field(machine, "pending"), unsigned(watched(machine).index(k))))


def kept(machine: Machine, node: int) -> Expression:
    """What a node said of the samples in the ring."""
    number = sorted(machine.graph.kept).index(node)
    return At(field(machine, "kept"), unsigned(number))
