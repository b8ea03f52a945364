"""A frozen dataclass means the same whether core/frozen.py made it or the standard decorator."""

from __future__ import annotations

import copy
import dataclasses
import inspect
import pickle
from typing import Any, ClassVar

import pytest

from verifier.core import frozen
from verifier.core.term import And, Comparison, Number, Variable, number

MADE: Any = frozen._dataclass
STANDARD: Any = dataclasses.dataclass


class Pair:
    left: int
    right: tuple[int, ...] = ()

    def total(self) -> int:
        return self.left + sum(self.right)


class Nothing:
    """Without fields."""


class Listing:
    """With a default that is made anew, and something that is no field."""

    kept: ClassVar[int] = 3
    entries: list[int] = dataclasses.field(default_factory=list)


class Checked:
    low: int

    def __post_init__(self) -> None:
        if self.low < 0:
            raise ValueError("below zero")


def both(kind: type, **options: bool) -> tuple[Any, Any]:
    """The class as either decorator makes it."""
    chosen = options or {"frozen": True, "slots": True}
    named = {name: value for name, value in kind.__dict__.items() if name != "__dict__"}
    named.pop("__weakref__", None)
    one, other = (type(kind.__name__, (), dict(named)) for _ in range(2))
    return MADE(**chosen)(one), STANDARD(**chosen)(other)


def told(make: Any, *given: Any, **named: Any) -> Any:
    """What an object is like, or how making it fails."""
    try:
        made = make(*given, **named)
    except (TypeError, ValueError) as refusal:
        return type(refusal), str(refusal)
    return repr(made), [getattr(made, field.name) for field in dataclasses.fields(made)]


@pytest.mark.parametrize(
    ("given", "named"),
    [((1,), {}), ((1, (2, 3)), {}), ((), {"left": 1, "right": (4,)}), ((), {}), ((1, 2, 3), {})],
)
def test_it_is_made_and_shown_as_the_standard_one(given: Any, named: Any) -> None:
    for kind in (Pair, Nothing, Listing):
        made, standard = both(kind)
        assert told(made, *given, **named) == told(standard, *given, **named)
        assert list(inspect.signature(made).parameters) == list(
            inspect.signature(standard).parameters
        )


def test_equal_values_are_equal_and_hashed_alike() -> None:
    made, standard = both(Pair)
    assert made(1, (2,)) == made(1, (2,)) != made(1, (3,))
    assert hash(made(1, (2,))) == hash(standard(1, (2,)))
    assert made(1) != standard(1)
    assert made(1) != 1
    assert len({made(1), made(1), made(2)}) == 2


def test_nothing_can_be_assigned_deleted_or_added() -> None:
    value: Any = number(1)
    for change in (
        lambda: setattr(value, "value", 2),
        lambda: setattr(value, "other", 2),
        lambda: delattr(value, "value"),
    ):
        with pytest.raises(dataclasses.FrozenInstanceError):
            change()
    assert not hasattr(value, "__dict__")


def test_it_is_taken_apart_replaced_copied_and_sent() -> None:
    comparison = Comparison("<=", number(1), Variable("x"))
    match comparison:
        case Comparison(relation, Number(value), Variable("x", version)):
            assert (relation, value, version) == ("<=", 1, 0)
        case _:
            raise AssertionError(comparison)
    assert dataclasses.replace(comparison, relation="<").relation == "<"
    assert dataclasses.is_dataclass(comparison)
    whole = And((comparison, comparison))
    for again in (pickle.loads(pickle.dumps(whole)), copy.deepcopy(whole), copy.copy(whole)):
        assert again == whole
        assert repr(again) == repr(whole)


def test_a_class_with_more_than_plain_fields_is_the_standard_one() -> None:
    made, _ = both(Listing)
    assert made().entries == []
    assert made().entries is not made().entries
    assert made.kept == 3
    checked, _ = both(Checked)
    with pytest.raises(ValueError, match="below zero"):
        checked(-1)
    ordered, _ = both(Pair, frozen=True, slots=True, order=True)
    assert ordered(1) < ordered(2)
    mutable, _ = both(Pair, slots=True)
    changed = mutable(1)
    changed.left = 2
    assert changed.total() == 2
