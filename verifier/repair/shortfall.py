"""Why no sequence of skills gets there, read off the beliefs that can be reached."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from verifier.core.term import Formula, variables
from verifier.repair.belief import Move, Space

DEEPEST = 4
MOST_NAMED = 3


@dataclass(frozen=True, slots=True)
class Need:
    """A clause that has to hold: its text, its parts, and the bits that must not be set; None
    where the bits do not say. `spoiled` names a fixed step in between that undoes whatever comes
    before it."""

    text: str
    parts: tuple[Formula, ...]
    wrong: int | None
    spoiled: str | None = None


@dataclass(frozen=True, slots=True)
class Offer:
    """A call of a skill, as a move, with the scalars that it changes and what it needs."""

    text: str
    move: Move
    frame: frozenset[str]
    needs: tuple[Need, ...]

    @property
    def skill(self) -> str:
        return self.text.split("(")[0]


def why(space: Space, offers: Sequence[Offer], seen: Iterable[int], needs: Sequence[Need]) -> str:
    """What is never met of what is needed, and why, as a clause of a sentence.

    `seen` are all beliefs that can be reached; of `needs` those that the bits say nothing about
    are taken for the ones that fail if none of the others does.
    """
    reached = tuple(seen)
    failing = [need for need in needs if not _met(need, reached)]
    if failing:
        return _because(space, offers, reached, failing[0], DEEPEST)
    unsaid = [need for need in needs if need.wrong is None]
    if unsaid and len(unsaid) == len(needs):
        return _because(space, offers, reached, unsaid[0], DEEPEST)
    listed = " and ".join(f"`{need.text}`" for need in needs[: MOST_NAMED + 1])
    return f"{listed} can each be brought about, but not all at the same time"


def _met(need: Need, reached: Sequence[int]) -> bool:
    wrong = need.wrong
    return wrong is None or any(not belief & wrong for belief in reached)


def _because(
    space: Space, offers: Sequence[Offer], reached: Sequence[int], need: Need, depth: int
) -> str:
    head = f"nothing brings about `{need.text}`"
    if need.spoiled:
        return f"`{need.text}` is needed behind `{need.spoiled}`, which does not leave it so"
    changing = _changing(space, offers, need)
    if not changing:
        names = dict.fromkeys(name for part in need.parts for name, _ in variables(part))
        return f"{head}: no skill changes {_listed([f'`{name}`' for name in names], 'or')}"
    useless = {o.skill: o for o in changing if _callable(o, reached)}
    shut = {o.skill: o for o in reversed(changing) if o.skill not in useless}
    lacks = {skill: _lack(space, offers, reached, offer) for skill, offer in shut.items()}
    told = [_told(space, offers, skill, lack) for skill, lack in lacks.items()]
    if useless:
        listed = _listed([f"`{skill}`" for skill in useless], "and")
        told.insert(0, f"{listed} can be called, but {'do' if len(useless) > 1 else 'does'} not")
    said = f"{head}: {_listed(told, 'and', ', ')}"
    further = [lack for lack in lacks.values() if lack is not None]
    if useless or depth == 0 or not all(_changing(space, offers, each) for each in further):
        return said
    return (
        f"{said}, and {_because(space, offers, reached, further[0], depth - 1)}"
        if further
        else said
    )


def _lack(
    space: Space, offers: Sequence[Offer], reached: Sequence[int], offer: Offer
) -> Need | None:
    """A clause that the skill needs and that is never met, if there is one which no skill
    changes."""
    lacking = [each for each in offer.needs if not _met(each, reached)]
    return min(lacking, key=lambda each: bool(_changing(space, offers, each)), default=None)


def _told(space: Space, offers: Sequence[Offer], skill: str, lack: Need | None) -> str:
    if lack is None:
        return f"`{skill}` promises what cannot be"
    never = "" if _changing(space, offers, lack) else ", which no skill changes"
    return f"`{skill}` requires `{lack.text}`{never}"


def _changing(space: Space, offers: Sequence[Offer], need: Need) -> list[Offer]:
    """The offers that might bring the clause about: those that change what it reads, or else what
    goes with it."""
    read = {name for part in need.parts for name, _ in variables(part)}
    homes = {home for part in need.parts for home in space.parts.homes(part)}
    direct = [offer for offer in offers if not read.isdisjoint(offer.frame)]
    return direct or [offer for offer in offers if not homes.isdisjoint(offer.move.touched)]


def _callable(offer: Offer, reached: Sequence[int]) -> bool:
    return offer.move.possible and any(not each & offer.move.forbidden for each in reached)


def _listed(texts: Sequence[str], word: str, comma: str | None = None) -> str:
    """The texts with the word in front of the last one, or a comma if one is given."""
    if len(texts) > MOST_NAMED:
        return f"{', '.join(texts[:MOST_NAMED])} {word} {len(texts) - MOST_NAMED} more"
    return (comma or f" {word} ").join(texts)
