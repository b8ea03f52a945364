"""The obligations of a chain in which steps repeat: steps in like circumstances share questions.

What a step owes depends on its contract, on the versions of the scalars that its contract reads or
may change, and on the facts about these versions, directly or through others, that are known when
it begins (`relevant` in path.py takes no others). Two steps are in like circumstances if all this
is the same up to a renaming of versions that keeps their order and the version 0; then their
obligations are the same up to that renaming. Versions are bound: a question says the same under
either naming.

So each kind of circumstances is asked once, in the versions of the first step that meets it. For
this, facts are kept as the number of their condition with the versions that it reads; scalars that
occur in the same places everywhere have the same version everywhere, and count as one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from verifier.core.obligation import Fact, Obligation, Unstated
from verifier.core.term import NOW, TRUE, Key, Sort, variables
from verifier.model.values import Chain, Condition, Contract, Domain, Model, Step
from verifier.obligations.circumstances import (
    Digests,
    Kind,
    Parts,
    classes_of,
    conditions_of,
    formula_digest,
    reads_of,
)
from verifier.obligations.owed import RULES, owed
from verifier.obligations.path import (
    ROOT,
    Path,
    Place,
    View,
    assumed,
    entry_facts,
    exit_facts,
    fact,
    indexed,
    provable,
)
from verifier.obligations.property import MOST_STEPS, properties, static
from verifier.obligations.walk import walk

Nodes = tuple[tuple[int, int], ...]
Ranks = tuple[tuple[int, ...], ...]
Signature = tuple[int, tuple[tuple[int, int], ...], Ranks]
AT_END = ("budget", "achieve", "within")
GROUND = (-1, 0)
"""Stands among classes and versions for facts that read no scalar, and are not plainly true."""


@dataclass(frozen=True, slots=True)
class Owed:
    """`obligations` as `owed` gives them, with questions shared. `first` says for each place of the
    list where the same question stands for the first time. `places` are those of a step's questions
    by the digest of its circumstances."""

    obligations: list[Obligation]
    first: list[int]
    _trace: _Trace | None
    places: dict[str, range] = field(default_factory=dict)

    def exactly(self, place: int) -> Obligation:
        """The obligation at this place, in its own versions."""
        shared = self.obligations[place]
        if self._trace is None or self.first[place] == place:
            return shared
        own = self._trace.of_step(self._trace.chain.steps[shared.step - 1])
        return next(each for each in own if each.id == shared.id)


def owed_once(model: Model, chain: Chain, before: Mapping[str, Parts] | None = None) -> Owed:
    """Everything that the chain owes, in the order of `owed`. What was proved `before` in the same
    circumstances, given by their digests, is not stated; without it, there are no digests."""
    if not chain.plain:
        obligations = owed(model, chain)
        return Owed(obligations, list(range(len(obligations))), None)
    trace = _Trace(model, chain)
    found: list[Obligation] = []
    first: list[int] = []
    known: dict[Signature, tuple[int, list[Obligation], list[str]]] = {}
    places: dict[str, range] = {}
    start = trace.at_start()
    found += start
    first += range(len(start))
    for step in chain.steps:
        signature = trace.signature(step)
        if signature not in known:
            digest = None if before is None else trace.circumstances(step, signature)
            old = (before or {}).get(digest or "")
            own = trace.of_step(step) if old is None else _unstated(chain, step, old)
            if digest is not None:
                places[digest] = range(len(found), len(found) + len(own))
            prefix = len(_name(chain, step))
            known[signature] = len(found), own, [each.id[prefix:] for each in own]
            first += range(len(found), len(found) + len(own))
            found += own
        else:
            place, like, parts = known[signature]
            name, number, span = _name(chain, step), step.number, step.span
            found += [
                Obligation(name + part, o.rule, o.chain, number, span, o.question, o.sorts, o.view)
                for part, o in zip(parts, like, strict=True)
            ]
            first += range(place, place + len(like))
        trace.take(step)
    end = trace.at_end()
    end += sorted(_of_properties(model, chain), key=lambda each: each.step)
    first += range(len(found), len(found) + len(end))
    found += end
    return Owed(found, first, trace, places)


def _unstated(chain: Chain, step: Step, parts: Parts) -> list[Obligation]:
    """The obligations of a step of which these parts were proved before."""
    name, number, span = _name(chain, step), step.number, step.span
    return [
        Obligation(name + p.name, p.rule, chain.name, number, span, Unstated(p.of_runs), {}, {})
        for p in parts
    ]


def _of_properties(model: Model, chain: Chain) -> list[Obligation]:
    """What the properties owe; the path is walked only for chains that it is said of."""
    if len(chain.steps) > MOST_STEPS or not any(map(static, model.properties)):
        return []
    return properties(walk(model, chain), chain)


def _name(chain: Chain, step: Step) -> str:
    return f"{chain.name}/{step.label}:{step.contract.skill}"


# ---- facts by number ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Known:
    """A fact: what it says of which versions. `view` and `before` are numbers of places: what NOW
    and OLD stand for. `step` is None for an assumption and for a domain."""

    kind: Kind
    source: Condition | Domain
    nodes: Nodes
    view: int
    before: int
    step: Step | None


@dataclass(frozen=True, slots=True)
class _Shape:
    """What matters of a contract: its facts at entry and at exit, the domains that its frame
    touches, the classes that it writes, and those whose versions at entry matter: what it reads,
    and what it may leave as it was."""

    number: int
    entry: tuple[Condition, ...]
    exit: tuple[Condition, ...]
    domains: tuple[Domain, ...]
    frame: tuple[int, ...]
    seeds: tuple[int, ...]


@dataclass(slots=True)
class _Trace:
    """The chain as far as it was followed. `versions[k]` are those behind step k, by class;
    `known[k]` is how many of the facts hold there."""

    model: Model
    chain: Chain
    kinds: dict[int, Kind] = field(default_factory=dict)
    numbered: list[Kind] = field(default_factory=list)
    formulas: dict[tuple[bool, str], Kind] = field(default_factory=dict)
    reads: dict[int, frozenset[Key]] = field(default_factory=dict)
    classes: dict[str, int] = field(default_factory=dict)
    shapes: dict[int, _Shape] = field(default_factory=dict)
    several: list[Domain] = field(default_factory=list)
    domains: dict[str, list[Domain]] = field(default_factory=dict)
    versions: list[list[int]] = field(default_factory=list)
    facts: list[_Known] = field(default_factory=list)
    touching: dict[tuple[int, int], list[int]] = field(default_factory=dict)
    said: set[tuple[int, Nodes]] = field(default_factory=set)
    known: list[int] = field(default_factory=list)
    views: dict[int, View] = field(default_factory=dict)
    sorts: dict[str, Sort] = field(default_factory=dict)
    digests: Digests | None = None

    def __post_init__(self) -> None:
        self.reads = reads_of(self.model, self.chain)
        self.classes = classes_of(self.model, self.chain, self.reads)
        domains: dict[str, list[Domain]] = defaultdict(list)
        for domain in self.model.domains:
            for name in domain.scalars:
                domains[name].append(domain)
        self.domains = dict(domains)
        self.several = [d for d in self.model.domains if len(d.scalars) > 1]
        self.versions.append([0] * (1 + max(self.classes.values(), default=0)))
        for condition in self.chain.assumptions:
            self._know(condition, 0, 0, None)
        for domain in self.several:
            self._know(domain, 0, 0, None)
        self.known.append(len(self.facts))
        self.sorts = {name: scalar.sort for name, scalar in self.model.scalars.items()}

    def _kind(self, source: Condition | Domain) -> Kind:
        if id(source) not in self.kinds:
            self.kinds[id(source)] = self._of_formula(source)
        return self.kinds[id(source)]

    def _of_formula(self, source: Condition | Domain) -> Kind:
        read = self.reads[id(source)]
        now, old = ({n for n, when in read if (when == NOW) == is_now} for is_now in (True, False))
        if isinstance(source, Domain):
            now |= source.scalars
        key = isinstance(source, Domain), formula_digest(source)
        new = Kind(len(self.numbered), self._of(now), self._of(old), *key)
        kind = self.formulas.setdefault(key, new)
        if kind is new:
            self.numbered.append(new)
        return kind

    def _of(self, names: Iterable[str]) -> tuple[int, ...]:
        return tuple(sorted({self.classes[name] for name in names}))

    def _know(self, source: Condition | Domain, view: int, before: int, step: Step | None) -> None:
        """Adds a fact unless it is known: what is said twice is not asked twice."""
        kind, now, then = self._kind(source), self.versions[view], self.versions[before]
        nodes = (*((c, now[c]) for c in kind.now), *((c, then[c]) for c in kind.old))
        if (kind.number, nodes) in self.said:
            return
        self.said.add((kind.number, nodes))
        ground = () if nodes or source.formula == TRUE else (GROUND,)
        for node in nodes or ground:
            self.touching.setdefault(node, []).append(len(self.facts))
        self.facts.append(_Known(kind, source, nodes, view, before, step))

    def _shape(self, contract: Contract) -> _Shape:
        if id(contract) not in self.shapes:
            self.shapes[id(contract)] = self._new_shape(contract)
        return self.shapes[id(contract)]

    def _new_shape(self, contract: Contract) -> _Shape:
        frame = self._of(contract.frame)
        touched = [d for d in self.several if set(self._kind(d).now) & set(frame)]
        kinds = [*map(self._kind, conditions_of(contract)), *map(self._kind, touched)]
        seeds = {c for kind in kinds for c in (*kind.now, *kind.old)} | {*frame}
        return _Shape(
            len(self.shapes),
            tuple(c for c in (*contract.requires, *contract.invariants) if provable(c)),
            tuple(c for c in (*contract.ensures, *contract.invariants) if provable(c)),
            tuple(touched),
            frame,
            tuple(sorted(seeds)),
        )

    def take(self, step: Step) -> None:
        """Follows the chain through its next step."""
        shape, before = self._shape(step.contract), len(self.versions) - 1
        after = list(self.versions[before])
        for c in shape.frame:
            after[c] = step.number
        self.versions.append(after)
        for condition in shape.entry:
            self._know(condition, before, before, step)
        for condition in shape.exit:
            self._know(condition, before + 1, before, step)
        for domain in shape.domains:
            self._know(domain, before + 1, before, None)
        self.known.append(len(self.facts))

    def _reached(self, place: int, seeds: Iterable[int]) -> tuple[list[int], set[int]]:
        """The facts about what these classes are at a place, in their order, and all classes that
        these facts speak of."""
        now, known = self.versions[place], self.known[place]
        pending = [GROUND, *((c, now[c]) for c in seeds)]
        reached = set(pending[1:])
        chosen: set[int] = set()
        while pending:
            for position in self.touching.get(pending.pop(), ()):
                if position < known and position not in chosen:
                    chosen.add(position)
                    new = [node for node in self.facts[position].nodes if node not in reached]
                    reached.update(new)
                    pending += new
        return sorted(chosen), {c for c, _ in reached}

    def signature(self, step: Step) -> Signature:
        """The circumstances of the step that comes next, the same for like ones."""
        shape, now = self._shape(step.contract), self.versions[-1]
        chosen, classes = self._reached(len(self.versions) - 1, shape.seeds)
        facts = [self.facts[position] for position in chosen]
        read = sorted(classes)
        used = {version for each in facts for _, version in each.nodes}
        order = sorted({0, *used, *(now[c] for c in read)})
        rank = {version: number for number, version in enumerate(order)}
        return (
            shape.number,
            tuple((c, rank[now[c]]) for c in read),
            tuple((e.kind.number, *(rank[version] for _, version in e.nodes)) for e in facts),
        )

    def circumstances(self, step: Step, signature: Signature) -> str | None:
        """The digest of the circumstances of the step that comes next; None where it has none."""
        if self.digests is None:
            self.digests = Digests(self.model, self.chain, self.classes)
        _, read, facts = signature
        known = [(self.numbered[number], ranks) for number, *ranks in facts]
        return self.digests.of(step.contract, self._kind, read, known)

    # ---- the obligations themselves ------------------------------------------------------------

    def at_start(self) -> list[Obligation]:
        """What is owed of the chain as a whole, before any step."""
        bare = replace(self.chain, steps=(), body=())
        path = self._path([], 0, None)
        return [o for name, rule in RULES.items() if name not in AT_END for o in rule(path, bare)]

    def at_end(self) -> list[Obligation]:
        """What is owed behind the last step."""
        names = {n for goal in self.chain.goals for n, _ in variables(goal.formula)}
        end = len(self.versions) - 1
        path = self._path(self._reached(end, self._of(names))[0], end, None)
        return [o for name in AT_END for o in RULES[name](path, self.chain)]

    def of_step(self, step: Step) -> list[Obligation]:
        """What the step owes, in its own versions."""
        before = step.number - 1
        known, _ = self._reached(before, self._shape(step.contract).seeds)
        alone = replace(self.chain, steps=(step,), body=(step,), assumptions=())
        path = self._path(known, before, step)
        found = [o for name, rule in RULES.items() if name not in AT_END for o in rule(path, alone)]
        return [each for each in found if each.id.startswith(f"{_name(self.chain, step)}/")]

    def _path(self, known: Sequence[int], place: int, step: Step | None) -> Path:
        """The part of the path that a step reads, or what is read of the place without a step:
        these facts, and the places at which declarations speak of their versions."""
        reached = [self.facts[position] for position in known]
        facts = assumed(self.chain) if place == 0 and step is None else []
        facts += [self._fact(each) for each in reached if isinstance(each.source, Condition)]
        born = {each.view for each in reached if isinstance(each.source, Domain)}
        places = [
            Place(number, self._view(number), 0, index=index)
            for index, number in enumerate(sorted(born - {place}))
        ]
        here = Place(place, self._view(place), len(facts), index=len(places))
        places.append(here)
        behind = here
        if step is not None:
            view = {**here.view, **dict.fromkeys(step.contract.frame, step.number)}
            facts += [*entry_facts(step, here.view), *exit_facts(step, here.view, view)]
            behind = Place(step.number, view, len(facts), index=len(places))
            places.append(behind)
        number = 0 if step is None else step.number
        return Path(
            facts=tuple(facts),
            scopes=(ROOT,) * len(facts),
            index=indexed(facts),
            within={},
            conditional=frozenset(),
            places=tuple(places),
            before={number: here},
            after={number: behind},
            around={},
            domains=self.domains,
            sorts=self.sorts,
        )

    def _fact(self, known: _Known) -> Fact:
        source = known.source
        assert isinstance(source, Condition)
        if known.step is None:
            return Fact(source.formula, source.span, "assume")
        return fact(source, known.step, self._view(known.view), self._view(known.before))

    def _view(self, place: int) -> View:
        if place not in self.views:
            now = self.versions[place]
            self.views[place] = {n: now[c] for n, c in self.classes.items() if now[c]}
        return self.views[place]
