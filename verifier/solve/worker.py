"""A child process that answers obligations: `python -m verifier.solve.worker`.

Reads frames from standard input, each a length and a pickled (obligation, timeout in seconds,
whether the tableau tried it in vain), and writes a frame with the pickled verdict for each. When
its input ends, because the parent closed it or died, the process ends at once, whatever the solver
is doing. So it does after `longest_s` of processor time for one obligation. Whatever goes wrong is
the reason of an `Unknown`, with which it ends.
"""

from __future__ import annotations

import os
import pickle
import queue
import signal
import struct
import sys
import threading
from collections.abc import Callable
from types import TracebackType
from typing import IO, Any

from verifier.core.obligation import Obligation
from verifier.core.verdict import Unknown, Verdict
from verifier.solve.discharge import ask, discharge, longest_s

HEADER = struct.Struct("<Q")
FRAME_MAX_BYTES = 2**28
MEMORY_MAX_BYTES = 4 * 2**30
RECURSION_MAX = 10_000
REASON_MAX = 200


def write_frame(stream: IO[bytes], value: object) -> None:
    """Writes one pickled value. Raises OSError if nobody reads, RecursionError for deep nesting."""
    data = pickle.dumps(value)
    stream.write(HEADER.pack(len(data)) + data)
    stream.flush()


def read_frame(stream: IO[bytes]) -> Any | None:
    """The next value; None at the end. Raises pickle.UnpicklingError for what is no value."""
    header = stream.read(HEADER.size)
    if len(header) < HEADER.size:
        return None
    (length,) = HEADER.unpack(header)
    data = stream.read(min(length, FRAME_MAX_BYTES))
    return pickle.loads(data) if len(data) == length else None


def serve(answer: Callable[[Obligation, float, bool], object]) -> None:
    """Answers what comes on standard input until that ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    sys.setrecursionlimit(RECURSION_MAX)
    sys.excepthook = _told
    _limit_memory()
    tasks: queue.Queue[tuple[Obligation, float, bool]] = queue.Queue()
    threading.Thread(target=_read, args=(tasks,), daemon=True).start()
    while True:
        obligation, timeout_s, tried = tasks.get()
        _limit_time(longest_s(timeout_s))
        verdict = answer(obligation, timeout_s, tried)
        _limit_time(0)
        write_frame(sys.stdout.buffer, verdict)


def _told(kind: type[BaseException], error: BaseException, _: TracebackType | None) -> None:
    """The last that this process says. It ends here and now: an interpreter that ends in order
    would wait for the thread that reads, and abort."""
    about = f"{kind.__name__}: {error}" if str(error) else kind.__name__
    write_frame(sys.stdout.buffer, Unknown(f"the solver process failed: {about[:REASON_MAX]}"))
    os._exit(1)


def _verdict(obligation: Obligation, timeout_s: float, tried: bool) -> Verdict:
    return ask(obligation, timeout_s) if tried else discharge(obligation, timeout_s)


def _read(tasks: queue.Queue[tuple[Obligation, float, bool]]) -> None:
    while (task := read_frame(sys.stdin.buffer)) is not None:
        tasks.put(task)
    os._exit(0)


def _limit_time(seconds: float) -> None:
    """Of the processor; without a limit for 0 s."""
    if hasattr(signal, "setitimer"):  # not on every operating system
        signal.setitimer(signal.ITIMER_PROF, seconds)


def _limit_memory() -> None:
    try:
        import resource
    except ImportError:  # not on this operating system
        return
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    if hard == resource.RLIM_INFINITY or hard > MEMORY_MAX_BYTES:
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_MAX_BYTES, hard))


if __name__ == "__main__":
    serve(_verdict)
