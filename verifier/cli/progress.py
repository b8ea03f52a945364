"""A progress bar on standard error: on a terminal only, and only for work of over two seconds."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

PATIENCE_S = 2.0
CELLS = 24


@contextmanager
def progress(what: str) -> Iterator[Callable[[int, int], None]]:
    """A function to call with how many pieces are done and how many there are in all."""
    started = time.monotonic()
    drawn = False

    def tell(done: int, total: int) -> None:
        nonlocal drawn
        if total <= 0 or time.monotonic() - started < PATIENCE_S:
            return
        drawn = True
        filled = CELLS * min(done, total) // total
        bar = "#" * filled + "." * (CELLS - filled)
        sys.stderr.write(f"\r{what} [{bar}] {done}/{total}")
        sys.stderr.flush()

    def silent(done: int, total: int) -> None:
        """No terminal, no bar."""

    try:
        yield tell if sys.stderr.isatty() else silent
    finally:
        if drawn:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
