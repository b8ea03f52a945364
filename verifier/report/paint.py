"""Colours of the text report, or none."""

from __future__ import annotations

from dataclasses import dataclass

_RESET = "\x1b[0m"


@dataclass(frozen=True, slots=True)
class Paint:
    """Wraps text in colours where `colours` is set, and leaves it alone otherwise."""

    colours: bool

    def _in(self, code: str, text: str) -> str:
        return f"\x1b[{code}m{text}{_RESET}" if self.colours and text else text

    def under(self, sign: str, text: str) -> str:
        """The underline of a place and what is said about it."""
        return self._in({"^": "1;31", "+": "1;32"}.get(sign, "1;34"), text)

    def frame(self, text: str) -> str:
        return self._in("34", text)

    def strong(self, text: str) -> str:
        return self._in("1", text)

    def word(self, status: str) -> str:
        """A verdict's word in the colour that it has everywhere."""
        codes = {"proved": "1;32", "refuted": "1;31", "unknown": "1;33", "deferred": "1;36"}
        return self._in(codes.get(status, "1;31"), status)
