"""Whether a tree of moves wins the game of a network: the rules of verifier/core/play.py."""

from __future__ import annotations

from verifier.check.polynomial import Refused, shown
from verifier.core.network import (
    AdversaryTree,
    Case,
    Chosen,
    Contingent,
    Network,
    Separation,
    StrategyTree,
    Turn,
)
from verifier.core.play import Player, Position, acted, answered, moved, opening, running
from verifier.core.zone import Zone, at_most, entails, opposite, restricted


def judge_tree(question: Network, tree: StrategyTree | AdversaryTree) -> None:
    """Raises Refused unless the robot meets every separation by its tree, or the world breaks one
    in each run by its own."""
    nodes = tree.nodes
    if type(nodes) is not tuple or not all(isinstance(node, Case | Turn) for node in nodes):
        raise Refused("a tree should be a sequence of nodes")
    robot = isinstance(tree, StrategyTree)
    used: set[int] = set()
    todo = [(-1, 0 if nodes else -1, opening(question.events))]
    while todo:
        before, number, place = todo.pop()
        if number == -1:
            (_all_kept if robot else _one_broken)(question, place)
            continue
        if type(number) is not int or not before < number < len(nodes) or number in used:
            raise Refused(f"there is no node {shown(number)} to go on with")
        used.add(number)
        node = nodes[number]
        if isinstance(node, Case):
            below = _cases(node, place)
        else:
            below = _turn(question, node, place, Chosen if robot else Contingent)
        todo += [(number, *each) for each in below]


def _all_kept(question: Network, place: Position) -> None:
    if len(place.come) != len(question.events):
        raise Refused("the tree ends before all events have come")
    for each in question.separations:
        for x, y, bound in _bounds(each):
            if not entails(place.zone, x, y, bound):
                raise Refused(f"it is not shown that event {each.second} comes in time")


def _one_broken(question: Network, place: Position) -> None:
    for each in question.separations:
        known = {each.first, each.second} <= place.come
        if known and any(restricted(place.zone, *bound) is None for bound in _bounds(each)):
            return
    raise Refused("the tree ends before a separation has failed")


def _bounds(separation: Separation) -> list[tuple[int, int, int]]:
    """Both ends, as bounds on the time of one event minus that of the other."""
    first, second, low, high = (
        separation.first,
        separation.second,
        separation.low,
        separation.high,
    )
    found = [] if high is None else [(second, first, at_most(high))]
    return found if low is None else [*found, (first, second, at_most(-low))]


def _cases(node: Case, place: Position) -> list[tuple[int, Position]]:
    x, y, bound = node.first, node.second, node.bound
    if not place.come.issuperset(_integers((x, y))) or type(bound) is not int:
        raise Refused("a case should be about events that have come")
    found: list[tuple[int, Zone | None]] = [
        (node.yes, restricted(place.zone, x, y, bound)),
        (node.no, restricted(place.zone, y, x, opposite(bound))),
    ]
    return [(below, Position(place.come, zone)) for below, zone in found if zone is not None]


def _turn(
    question: Network, node: Turn, place: Position, player: Player
) -> list[tuple[int, Position]]:
    events = question.events
    begun = running(events, place.come)
    other: Player = Contingent if player is Chosen else Chosen
    others = [number for number, event in begun.items() if isinstance(event, other)]
    own = [number for number, event in begun.items() if isinstance(event, player)]
    found: list[tuple[int, Position | None]] = []
    act = _integers(node.act)
    if act:
        if len(act) != 5 or act[0] not in own or not place.come.issuperset((act[1], act[3])):
            raise Refused("an act should end a duration that has begun")
        zone = acted(events, place, act)
        if zone is None:
            raise Refused(f"event {act[0]} cannot come at all the times that are said")
        found.append((act[0], moved(events, place, act, zone, other)))
    elif not others or (own and player is Contingent):
        # The robot may wait for the world, of which every duration ends; the world may not wait
        # for a robot that waits, too.
        raise Refused("nobody would end anything")
    found += [(each, answered(events, place, each, act, other)) for each in others]
    after = dict(_pairs(node.after))
    return [(after.get(number, -1), position) for number, position in found if position is not None]


def _integers(values: object) -> tuple[int, ...]:
    if type(values) is not tuple or any(type(each) is not int for each in values):
        raise Refused(f"{shown(values)} should be whole numbers")
    return values


def _pairs(rows: object) -> list[tuple[int, int]]:
    if type(rows) is not tuple:
        raise Refused("what comes after a turn should be a sequence")
    found = [_integers(row) for row in rows]
    if any(len(row) != 2 for row in found):
        raise Refused("what comes after a turn should be pairs")
    return [(row[0], row[1]) for row in found]
