"""Many obligations: in this process what the tableau settles, in child processes what needs z3.

Where the tableau alone takes long, children settle the rest of that, too.

A child that overruns its time or dies costs its one obligation, never the run. Children end when
this process does, in whatever way.
"""

from __future__ import annotations

import os
import pickle
import queue
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import verifier
from verifier.core.certificate import Point
from verifier.core.evaluate import Value
from verifier.core.obligation import Obligation
from verifier.core.term import Key
from verifier.core.verdict import Proved, Unknown, Verdict
from verifier.solve.discharge import longest_s, settle
from verifier.solve.worker import read_frame, write_frame

Progress: TypeAlias = Callable[[int, int], None]
Child: TypeAlias = "subprocess.Popen[bytes]"

ALONE_S = 1.0
"""How long this process works alone; a child takes a good part of a second to start."""
ALIVE_S = 1.0
"""How often to make sure that somebody is still at work."""
COMMAND = (sys.executable, "-m", "verifier.solve.worker")
OPINION = (sys.executable, "-c", "from verifier.solve.cvc5 import main; main()")
POOL_SIZE = 8
OUT_OF_TIME = 27
"""The signal that ends a process whose processor time is up, SIGPROF, where there is one."""
PATIENCE = 3.0
"""How much longer than its processor time a child may take where others compute, too."""
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "RAYON_NUM_THREADS"), "1")
"""Children are as many as processors, and threads of theirs would share the memory allowed."""


def judge_all(
    obligations: Sequence[Obligation],
    timeout_s: float,
    jobs: int | None,
    progress: Progress,
    command: Sequence[str] = COMMAND,
) -> Iterator[tuple[int, Verdict]]:
    """Every obligation's place with its verdict, as they come. `jobs` is the greatest number of
    children, by default the number of processors; `progress` hears how many are done, of how
    many. `command` starts a child."""
    pool: deque[Mapping[Key, Value]] = deque(maxlen=POOL_SIZE)
    hard: list[int] = []
    done = 0
    most = jobs or os.cpu_count() or 1
    alone_until = time.monotonic() + ALONE_S
    tried = 0
    for place, obligation in enumerate(obligations):
        if most > 1 and time.monotonic() > alone_until and len(obligations) - place > most:
            hard += range(place, len(obligations))
            break
        tried = place + 1
        verdict = settle(obligation, tuple(pool))
        if verdict is None:
            hard.append(place)
            continue
        match verdict:
            case Proved(Point(values)):
                pool.appendleft(dict(values))
        done += 1
        progress(done, len(obligations))
        yield place, verdict
    work = _Work(obligations, timeout_s, tried, tuple(command))
    for place, verdict in _in_children(work, hard, min(most, len(hard))):
        done += 1
        progress(done, len(obligations))
        yield place, verdict


def opinions(
    obligations: Sequence[Obligation], timeout_s: float, jobs: int | None
) -> Iterator[tuple[int, object]]:
    """What cvc5 says of each, an Opinion of cvc5.py, or Unknown where its process failed."""
    work = _Work(obligations, timeout_s, len(obligations), OPINION)
    children = min(jobs or os.cpu_count() or 1, len(obligations))
    yield from _in_children(work, range(len(obligations)), children)


@dataclass(frozen=True, slots=True)
class _Work:
    """The tableau has tried the first `tried` of the obligations in vain, if they are asked here;
    `command` starts a child."""

    obligations: Sequence[Obligation]
    timeout_s: float
    tried: int
    command: tuple[str, ...]


@dataclass(slots=True)
class _Shared:
    tasks: queue.SimpleQueue[int]
    answers: queue.SimpleQueue[tuple[int, Verdict]]
    running: set[Child]
    lock: threading.Lock
    stopped: bool = False


def _in_children(
    work: _Work, places: Sequence[int], children: int
) -> Iterator[tuple[int, Verdict]]:
    shared = _Shared(queue.SimpleQueue(), queue.SimpleQueue(), set(), threading.Lock())
    for place in places:
        shared.tasks.put(place)
    threads = [
        threading.Thread(target=_serve, args=(shared, work), daemon=True) for _ in range(children)
    ]
    for thread in threads:
        thread.start()
    missing = set(places)
    try:
        while missing:
            place, verdict = _next(shared, threads, missing)
            missing.discard(place)
            yield place, verdict
    finally:
        with shared.lock:
            shared.stopped = True
            for child in shared.running:
                child.kill()
            for child in shared.running:
                child.wait()


def _next(
    shared: _Shared, threads: Sequence[threading.Thread], missing: set[int]
) -> tuple[int, Verdict]:
    """The next answer; if nobody is left to give one, the answer to the first that is missing."""
    while True:
        serving = any(thread.is_alive() for thread in threads)
        try:
            return shared.answers.get(timeout=ALIVE_S if serving else 0)
        except queue.Empty:
            if not serving:
                return min(missing), Unknown("nobody is left to ask z3")


@dataclass(frozen=True, slots=True)
class _Died:
    """A child that gave no answer."""

    code: int


def _serve(shared: _Shared, work: _Work) -> None:
    """Answers tasks until none is left, with one child at a time. A child that dies with a task
    that was not its first may have died of the others: the task gets another child."""
    child: Child | None = None
    while not shared.stopped:
        try:
            place = shared.tasks.get_nowait()
        except queue.Empty:
            break
        used = child is not None
        child, answer = _asked(shared, work, child, place)
        if isinstance(answer, _Died) and used:
            child, answer = _asked(shared, work, child, place)
        if isinstance(answer, _Died):
            answer = Unknown(f"the solver process died ({_how(answer.code)})")
        shared.answers.put((place, answer))
    if child is not None:
        _ended(shared, child)


def _asked(
    shared: _Shared, work: _Work, child: Child | None, place: int
) -> tuple[Child | None, Verdict | _Died]:
    """The child's answer, or a new child's, and the child if it is still there."""
    if child is None:
        try:
            child = _started(shared, work.command)
        except OSError:
            return None, Unknown("the solver process cannot be started")
        if child is None:
            return None, Unknown("the run was stopped")
    answer = _answered(child, work, place)
    if child.poll() is None:
        return child, answer
    _ended(shared, child)
    return None, answer


def _started(shared: _Shared, command: tuple[str, ...]) -> Child | None:
    """A new child; None if the run has been stopped."""
    home = str(Path(verifier.__file__).parent.parent)
    paths = [home, *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {**ONE_THREAD, **os.environ, "PYTHONPATH": os.pathsep.join(paths)}
    with shared.lock:
        if shared.stopped:
            return None
        child = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
        )
        shared.running.add(child)
    return child


def _ended(shared: _Shared, child: Child) -> None:
    with shared.lock:
        shared.running.discard(child)
    child.kill()
    child.wait()
    for stream in (child.stdin, child.stdout):
        if stream is not None:
            _closed(stream.close)


def _closed(close: Callable[[], None]) -> None:
    try:
        close()
    except OSError:  # what was not yet written has nobody to read it
        return


def _answered(child: Child, work: _Work, place: int) -> Verdict | _Died:
    timeout_s = work.timeout_s
    assert child.stdin is not None and child.stdout is not None
    overrun = threading.Event()

    def stop() -> None:
        overrun.set()
        child.kill()

    timer = threading.Timer(PATIENCE * longest_s(timeout_s), stop)
    timer.daemon = True
    timer.start()
    try:
        write_frame(child.stdin, (work.obligations[place], timeout_s, place < work.tried))
        verdict: Verdict | None = read_frame(child.stdout)
    except (OSError, EOFError, pickle.UnpicklingError):
        verdict = None
    except RecursionError:
        return Unknown("the obligation is nested too deeply for the solver")
    finally:
        timer.cancel()
        if overrun.is_set():
            child.wait()
    if verdict is not None:
        return verdict
    child.kill()
    code = child.wait()
    if overrun.is_set() or code == -OUT_OF_TIME:
        return Unknown(f"z3: timeout after {int(timeout_s * 1000)} ms")
    return _Died(code)


def _how(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"exit code {code}"
