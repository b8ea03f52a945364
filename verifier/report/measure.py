"""Time and resources for readers: why a deadline, a schedule or a budget fails, and its figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction

from verifier.core.budget import Budget, Peak, Share, nodes
from verifier.core.certificate import Counterexample
from verifier.core.motion import Strayed
from verifier.core.network import (
    AdversaryTree,
    Case,
    Chosen,
    Contingent,
    Demands,
    NegativeCycle,
    Network,
    Run,
    Strategy,
    StrategyTree,
    Turn,
)
from verifier.core.obligation import Obligation, Passage
from verifier.core.schedule import (
    EarliestDeadline,
    FixedPriority,
    Missed,
    Overload,
    ResponseTime,
    Task,
    Utilisation,
)
from verifier.core.verdict import Proved, Refuted
from verifier.report.excerpt import Mark
from verifier.report.phrase import source
from verifier.report.quantity import amount, approximate, seconds
from verifier.report.strayed import strayed_failure, strayed_figures
from verifier.report.values import Answer, ChainReport

MOST_MARKS = 5
MOST_ROWS = 16
Table = list[list[str]]


def percent(value: Fraction) -> str:
    return f"{approximate(value * 100)} %"


# ---- headlines ---------------------------------------------------------------------------------


def measured_failure(
    obligation: Obligation,
    evidence: Counterexample,
    chain: ChainReport,
    texts: Mapping[str, str],
) -> tuple[str, list[Mark]]:
    """The headline, and the places to show with it."""
    match obligation.question, evidence:
        case Network() as network, Run():
            return _late(network, evidence, chain, texts)
        case Network() as network, NegativeCycle(_, cycle):
            headline = f"no choice of durations keeps all deadlines of {chain.name}"
            return headline, _bounding(network, set(cycle))
        case Network() as network, Demands() | AdversaryTree():
            headline = (
                f"without foresight no choice of durations keeps all deadlines of {chain.name}"
            )
            demands = evidence.rows if isinstance(evidence, Demands) else ()
            events = {event for row in demands for event in row[:2]}
            return headline, _bounding(network, events or set(range(len(network.events))))
        case FixedPriority() as tasks, Missed(times):
            headline = _missed(tasks, times)
            return headline, [Mark(obligation.span, "misses its deadline")]
        case EarliestDeadline() as tasks, Overload(time):
            return _overload(tasks, time), [Mark(obligation.span, "cannot be scheduled")]
        case Passage() as passage, Strayed():
            return strayed_failure(obligation, passage, evidence, chain)
        case Budget() as budget, Peak():
            return _excess(obligation, budget, evidence, chain)
    raise AssertionError(evidence)


def times_of(network: Network, run: Run) -> list[int]:
    """When each event comes in the run, in ticks."""
    durations = dict(run.durations)
    times: list[int] = []
    for number, event in enumerate(network.events):
        match event:
            case Contingent(start, low):
                times.append(times[start] + durations.get(number, low))
            case Chosen():
                raise AssertionError("a run chooses nothing")
            case _:
                times.append(max((times[each] for each in event.events), default=0))
    return times


def _late(
    network: Network, run: Run, chain: ChainReport, texts: Mapping[str, str]
) -> tuple[str, list[Mark]]:
    failed = network.separations[run.failed]
    times = times_of(network, run)
    between = times[failed.second] - times[failed.first]
    early = failed.low is not None and between < failed.low
    endless = [
        Mark(network.spans[number], "this step promises no longest duration")
        for number, event in enumerate(network.events)
        if isinstance(event, Contingent) and event.high is None
    ]
    how_long = "any time" if endless and not early else seconds(between * network.tick)
    if early:
        how_long = f"only {how_long}"
    broken = source(failed.span, texts)
    marks = [Mark(failed.span, "wanted here")]
    if " from " not in broken:
        return f"{chain.name} may take {how_long}, which breaks `{broken}`", marks + endless[:4]
    headline = f"{how_long} may lie between these moments, which breaks `{broken}`"
    return headline, [*marks, *endless[:MOST_MARKS]]


def _bounding(network: Network, events: set[int]) -> list[Mark]:
    """The deadlines between these events, and the steps."""
    marks = [
        Mark(each.span, "wanted here")
        for each in network.separations
        if {each.first, each.second} <= events
    ]
    for number in sorted(events):
        event = network.events[number]
        if isinstance(event, Chosen) and event.start in events:
            marks.append(Mark(network.spans[number], f"may be chosen {_range(network, event)}"))
        elif isinstance(event, Contingent) and event.start in events:
            marks.append(Mark(network.spans[number], f"takes {_range(network, event)}"))
    return marks[:MOST_MARKS]


def _range(network: Network, event: Chosen | Contingent) -> str:
    low = seconds(event.low * network.tick)
    return f"{low} or more" if event.high is None else f"{low} to {_high(network, event.high)}"


def _high(network: Network, high: int) -> str:
    return seconds(high * network.tick)


def _missed(question: FixedPriority, times: Sequence[int]) -> str:
    own, tick = question.tasks[-1], question.tick
    due = seconds(own.deadline * tick)
    if own.execution > own.deadline:
        runs = seconds(own.execution * tick)
        return f"`{own.name}` runs for {runs} and is due after {due}: no schedule can do that"
    needed = seconds(times[-1] * tick)
    return (
        f"`{own.name}` may miss its deadline of {due}: with all that preempts it until then,"
        f" {needed} of work come first"
    )


def _overload(question: EarliestDeadline, time: int) -> str:
    load = sum((Fraction(each.execution, each.period) for each in question.tasks), Fraction(0))
    if load > 1:
        return f"the tasks need {percent(load)} of the processor"
    due = sum(
        ((time - each.deadline) // each.period + 1) * each.execution
        for each in question.tasks
        if each.deadline <= time
    )
    span, work = seconds(time * question.tick), seconds(due * question.tick)
    return f"{span} after all tasks are released, {work} of work are due"


def _excess(
    obligation: Obligation, budget: Budget, peak: Peak, chain: ChainReport
) -> tuple[str, list[Mark]]:
    unit, needed = budget.unit, _needed(budget, peak)
    told = amount(needed, unit)
    if obligation.rule == "budget":
        assert budget.high is not None
        more = amount(needed - budget.high, unit)
        there = amount(budget.high, unit)
        headline = f"{chain.name} needs {told} of {there}: {more} too many"
        return headline, [
            Mark(obligation.span, f"needs {told}"),
            Mark(budget.span, f"of this there are {there}"),
        ]
    capacity = _capacity(chain)
    assert budget.high is not None
    if capacity is not None and obligation.id.endswith("/headroom"):
        left, stated = capacity - needed, amount(capacity - budget.high, unit)
        if left < 0:
            headline = f"{chain.name} leaves nothing, and lacks {amount(-left, unit)}"
        else:
            headline = f"{chain.name} leaves {amount(left, unit)}"
        return f"{headline}; stated is a headroom of {stated}", [
            Mark(obligation.span, f"{amount(left, unit)} in truth")
        ]
    headline = f"the shares of {chain.name} add up to {told}, not to {amount(budget.high, unit)}"
    off = needed - budget.high
    way = "more" if off > 0 else "less"
    return headline, [Mark(obligation.span, f"{amount(abs(off), unit)} {way} in truth")]


def _needed(budget: Budget, peak: Peak) -> Fraction:
    """The peak that the evidence shows."""
    if not peak.users:
        return peak.bounds[0]
    every = list(nodes(budget.usage))
    shares = (every[number] for number in peak.users)
    return sum((share.amount for share in shares if isinstance(share, Share)), Fraction(0))


def _capacity(chain: ChainReport) -> Fraction | None:
    """How much there is of the resource that the claim is about."""
    for answer in chain.answers:
        match answer.obligation.question:
            case Budget(_, None, high):
                return high
    return None


# ---- figures -----------------------------------------------------------------------------------


def figures(
    obligation: Obligation, evidence: Counterexample, chain: ChainReport
) -> tuple[str, Table]:
    """A title and a table with the numbers behind a refutation."""
    match obligation.question, evidence:
        case Network() as network, Run(durations):
            return "for example", _durations(network, durations, evidence)
        case Network() as network, NegativeCycle(durations):
            return "even if it were known that", _durations(network, durations, None)
        case Network() as network, Demands(rows):
            return "whatever happens, it would have to be so that", _demanded(network, rows)
        case Network() as network, AdversaryTree() as tree:
            return "for example, it may go like this", _one_play(network, tree)
        case FixedPriority(tasks, tick), _:
            return "tasks, the first preempts the others", _tasks(tasks, tick)
        case EarliestDeadline(tasks, tick), _:
            return "tasks", _tasks(tasks, tick)
        case Passage() as passage, Strayed():
            return strayed_figures(passage, evidence, chain)
        case Budget() as budget, Peak():
            return "in use together", _users(obligation, budget, evidence, chain)
    raise AssertionError(evidence)


def _demanded(network: Network, rows: Sequence[tuple[int, ...]]) -> Table:
    """The demands that follow from others, up to the one that cannot be."""
    table = []
    for x, y, most, first, _ in rows:
        if first < 0:
            continue
        later, earlier = (network.names[each] for each in (x, y))
        time = seconds(abs(most) * network.tick)
        if most >= 0:
            table.append([later, f"at most {time} after", earlier])
        else:
            table.append([later, f"at least {time} before", earlier])
    return table[-MOST_ROWS:]


def _one_play(network: Network, tree: AdversaryTree) -> Table:
    """What the other skills do in one run, while nothing comes before it."""
    table: Table = []
    number = 0
    while number >= 0 and len(table) < MOST_ROWS:
        match tree.nodes[number]:
            case Case(_, _, _, yes, no):
                number = max(yes, no)
            case Turn((), after):
                table += [
                    [network.names[each], "as the robot chooses", ""] for each, _ in after[:1]
                ]
                number = after[0][1] if after else -1
            case Turn((ended, p, low, _, _), after):
                delay = seconds(-(low >> 1) * network.tick)
                how = delay if low & 1 else f"a little more than {delay}"
                table.append([network.names[ended], f"{how} after", network.names[p]])
                number = dict(after).get(ended, -1)
    return table


def _durations(network: Network, durations: Sequence[tuple[int, int]], run: Run | None) -> Table:
    """How long the steps take that count, and when they end."""
    times = times_of(network, run) if run else []
    named = dict(durations)
    if run:
        failed = network.separations[run.failed]
        first, last = sorted((times[failed.first], times[failed.second]))
        for number, event in enumerate(network.events):
            if isinstance(event, Contingent) and first <= times[event.start] < last:
                named.setdefault(number, event.low)
    rows = []
    for number, duration in sorted(named.items())[:MOST_ROWS]:
        row = [network.names[number], f"takes {seconds(duration * network.tick)}"]
        if run:
            row.append(f"ends at {seconds(times[number] * network.tick)}")
        rows.append(row)
    hidden = len(named) - len(rows)
    if hidden > 0:
        rows.append([f"and {hidden} more", "", ""][: len(rows[0])])
    return rows


def _tasks(tasks: Sequence[Task], tick: Fraction) -> Table:
    rows = [["task", "execution", "period", "deadline", "of the processor"]]
    total = Fraction(0)
    for task in tasks:
        share = Fraction(task.execution, task.period)
        total += share
        times = (task.execution, task.period, task.deadline)
        rows.append([task.name, *(seconds(time * tick) for time in times), percent(share)])
    return [*rows, ["together", "", "", "", percent(total)]]


def _users(obligation: Obligation, budget: Budget, peak: Peak, chain: ChainReport) -> Table:
    """The users with their amounts, once for each claim."""
    refuted = [a.obligation.id for a in chain.answers if isinstance(a.verdict, Refuted)]
    if obligation.id != min(refuted, key=len):
        return []
    every = list(nodes(budget.usage))
    users = peak.users or _users_of_others(chain)
    chosen = [every[number] for number in users if number < len(every)]
    shares = [each for each in chosen if isinstance(each, Share)]
    total = sum((each.amount for each in shares), Fraction(0))
    rows = [[each.name, amount(each.amount, budget.unit)] for each in shares]
    return [*rows, ["together", amount(total, budget.unit)]]


def _users_of_others(chain: ChainReport) -> tuple[int, ...]:
    """The users at the peak, as some other obligation of the claim shows them."""
    for answer in chain.answers:
        match answer.verdict:
            case Proved(Peak(_, users)) if users:
                return users
    return ()


def proved_figures(answer: Answer, chain: ChainReport) -> list[str]:
    """What was proved, in figures; nothing of a deadline whose steps nobody chooses."""
    match answer.obligation.question, answer.verdict:
        case FixedPriority(tasks, tick), Proved(ResponseTime(time)):
            name, due = tasks[-1].name, seconds(tasks[-1].deadline * tick)
            return [f"  `{name}` is done within {seconds(time * tick)} of its release, due {due}"]
        case EarliestDeadline(tasks), Proved(evidence):
            load = sum((Fraction(each.execution, each.period) for each in tasks), Fraction(0))
            why = "" if isinstance(evidence, Utilisation) else ", and no deadline is missed"
            return [f"  the tasks need {percent(load)} of the processor{why}"]
        case Budget(_, None, Fraction() as high) as budget, Proved(Peak(bounds)):
            unit = budget.unit
            used, left = amount(bounds[0], unit), amount(high - bounds[0], unit)
            return [f"  at most {used} of {amount(high, unit)} are in use; {left} are left"]
        case Budget(_, Fraction() as low, _) as budget, Proved() if chain.steps == ():
            if answer.obligation.id.endswith("/headroom"):
                return []
            return [f"  the shares add up to {amount(low, budget.unit)}, as stated"]
        case Network() as network, Proved(Strategy(waits)) if waits:
            return _rules(network, waits)
        case Network(), Proved(StrategyTree(nodes)):
            return [
                "  when each chosen step is to end depends on the order in which others do:"
                f" {len(nodes)} cases, see --certificates"
            ]
        case _:
            return []


def _rules(network: Network, waits: Sequence[tuple[int, tuple[tuple[int, int], ...]]]) -> list[str]:
    """How the robot chooses: when each chosen step ends."""
    told = []
    for number, rows in waits[:MOST_ROWS]:
        event = network.events[number]
        assert isinstance(event, Chosen)
        parts = [
            f"{seconds(delay * network.tick)} after {_from(network, event, p)}" for p, delay in rows
        ]
        last = f"the later of {' and '.join(parts)}" if len(parts) > 1 else parts[0]
        told.append(f"  {network.names[number]}, is to end {last}")
    hidden = len(waits) - len(told)
    return [*told, f"  and {hidden} more, see --certificates"] if hidden > 0 else told


def _from(network: Network, event: Chosen, number: int) -> str:
    if number == event.start:
        return "its start"
    return f"the end of {network.names[number]}" if number else "the start"
