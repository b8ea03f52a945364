"""Frozen dataclasses with slots, made and filled in less than half of the time.

The standard decorator compiles each method by itself and looks every slot up by its name when an
object is made. For the four hundred kinds of values of this package that is a good part of what a
short run takes. Here the methods of a class are compiled together, and slots are filled through
their descriptors. What a class means is the same; one that asks for more than plain fields, or for
other options, gets the standard decorator. It is for the rooms that every run goes through.
"""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

T = TypeVar("T")

_OWN_METHODS = (
    *("__init__", "__eq__", "__hash__", "__repr__", "__setattr__", "__delattr__", "__slots__"),
    *("__post_init__", "__getstate__", "__setstate__", "__match_args__"),
)
_NO_FIELDS = ("ClassVar", "InitVar", "KW_ONLY")


def _dataclass(**options: bool) -> Callable[[type[T]], type[T]]:
    """What `dataclasses.dataclass` gives for these options."""
    if options == {"frozen": True, "slots": True}:
        return _frozen
    standard: Any = dataclasses.dataclass
    return standard(**options)  # type: ignore[no-any-return]


def _frozen(cls: type[T]) -> type[T]:
    names = tuple(inspect.get_annotations(cls))
    if not _plain(cls, names):
        return dataclasses.dataclass(frozen=True, slots=True)(cls)
    defaults = {name: cls.__dict__[name] for name in names if name in cls.__dict__}
    inside = {
        name: value
        for name, value in cls.__dict__.items()
        if name not in defaults and name not in ("__dict__", "__weakref__")
    }
    inside |= {
        "__slots__": names,
        "__match_args__": names,
        "__setattr__": _no_assignment,
        "__delattr__": _no_deletion,
        "__dataclass_fields__": _Later(cls, "__dataclass_fields__"),
        "__dataclass_params__": _Later(cls, "__dataclass_params__"),
    }
    made: Any = type(cls.__name__, cls.__bases__, inside)
    known = {f"_default_{name}": value for name, value in defaults.items()}
    known |= {f"_set_{name}": made.__dict__[name].__set__ for name in names}
    methods: dict[str, Any] = {}
    exec(_methods(names, defaults), known, methods)
    for name, method in methods.items():
        method.__qualname__ = f"{made.__qualname__}.{name}"
        setattr(made, name, method)
    return made  # type: ignore[no-any-return]


def _plain(cls: type, names: tuple[str, ...]) -> bool:
    """Whether the class has no bases, no methods that are made here, and no fields but plain ones,
    those with a default last."""
    own = cls.__dict__
    kinds = [str(kind) for kind in inspect.get_annotations(cls).values()]
    given = [name in own for name in names]
    return (
        type(cls) is type
        and cls.__bases__ == (object,)
        and not any(method in own for method in _OWN_METHODS)
        and not any(word in kind for kind in kinds for word in _NO_FIELDS)
        and given == sorted(given)
        and not any(
            isinstance(own[name], dataclasses.Field) or type(own[name]).__hash__ is None
            for name in names
            if name in own
        )
    )


def _methods(names: tuple[str, ...], defaults: dict[str, object]) -> str:
    """The text of the methods."""
    arguments = ", ".join(f"{n}=_default_{n}" if n in defaults else n for n in names)
    filled = "; ".join(f"_set_{name}(self, {name})" for name in names) or "pass"
    unpacked = "; ".join(f"_set_{name}(self, state[{i}])" for i, name in enumerate(names)) or "pass"
    own, others = (f"({''.join(f'{who}.{name}, ' for name in names)})" for who in ("self", "other"))
    shown = ", ".join(f"{name}={{self.{name}!r}}" for name in names)
    return f"""
def __init__(self, {arguments}):
    {filled}
def __eq__(self, other):
    return {own} == {others} if other.__class__ is self.__class__ else NotImplemented
def __hash__(self):
    return hash({own})
def __repr__(self):
    return f"{{self.__class__.__qualname__}}({shown})"
def __getstate__(self):
    return [{own[1:-1]}]
def __setstate__(self, state):
    {unpacked}
"""


def _no_assignment(self: object, name: str, value: object) -> None:
    raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")


def _no_deletion(self: object, name: str) -> None:
    raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")


class _Later:
    """What `dataclasses.fields` and `replace` read off a class: made once somebody asks, by the
    standard decorator."""

    def __init__(self, cls: type, name: str) -> None:
        self.cls, self.name = cls, name

    def __get__(self, instance: object, owner: type) -> Any:
        if self.name not in self.cls.__dict__:
            dataclasses.dataclass(frozen=True, init=False, repr=False, eq=False)(self.cls)
        found = self.cls.__dict__[self.name]
        for holder in owner.__mro__:
            if holder.__dict__.get(self.name) is self:
                setattr(holder, self.name, found)
        return found


if TYPE_CHECKING:
    from dataclasses import dataclass as dataclass
else:
    dataclass = _dataclass
