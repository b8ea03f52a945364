"""Many obligations on the workers of a Dask cluster (Rocklin, Proceedings of SciPy 2015).

For libraries that outgrow one machine. The home of dask, which is an optional extra. A batch of
obligations is one task; within it, z3 has a child process of its own, as on this machine. What a
worker answers is no more believed than what a child answers: the caller judges it again. But it
arrives as a pickle, so that whoever is in the cluster can run code here, as in any use of Dask.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any, TypeAlias

from verifier.core.obligation import Obligation
from verifier.core.verdict import Deferred, Proved, Refuted, Unknown, Verdict
from verifier.solve.workers import Progress, judge_all

Finder: TypeAlias = Callable[
    [Sequence[Obligation], float, "int | None", Progress], Iterator[tuple[int, Verdict]]
]
"""Like `judge_all` of workers.py."""
Work: TypeAlias = Callable[[Sequence[Obligation], float], "list[Verdict]"]

VERDICTS = (Proved, Refuted, Deferred, Unknown)
BATCHES = 8
"""For each worker, so that none waits long for another one at the end."""
BATCH_MAX = 50
START_S = 30.0
"""How long to wait for the cluster."""
GONE_S = 30.0
"""For how long there may be no worker before nobody waits for one any more."""
LOOK_S = 0.5
"""How often to look whether there are workers, while nothing is answered."""


class NoCluster(Exception):
    """There is no cluster at the address, or none can be started."""


def settled_there(obligations: Sequence[Obligation], timeout_s: float) -> list[Verdict]:
    """What a worker does: a verdict for each."""
    verdicts = dict(judge_all(obligations, timeout_s, 1, _silent))
    return [verdicts[place] for place in range(len(obligations))]


@contextmanager
def opened(scheduler: str | None, jobs: int | None, work: Work = settled_there) -> Iterator[Finder]:
    """Finds verdicts on the cluster at the address; without one, on a cluster of `jobs` processes
    of this machine, which ends with the block. Raises NoCluster."""
    import distributed

    library: Any = distributed  # its functions carry no types
    with ExitStack() as stack:
        try:
            client = stack.enter_context(_client(stack, library, scheduler, jobs))
        except (OSError, TimeoutError, ValueError) as error:
            raise NoCluster(str(error) or type(error).__name__) from error
        yield _finder(client, work)


def _client(stack: ExitStack, library: Any, scheduler: str | None, jobs: int | None) -> Any:
    """Somebody who gives work to the cluster at the address, or to one that ends with the stack."""
    import dask

    address: Any = scheduler
    if address is None:
        with dask.config.set({"distributed.scheduler.allowed-failures": 0}):
            cluster = library.LocalCluster(
                n_workers=jobs,
                threads_per_worker=1,
                processes=True,
                dashboard_address="127.0.0.1:0",
                silence_logs="CRITICAL",
            )
        address = stack.enter_context(cluster)
    return library.Client(address, timeout=START_S, set_as_default=False)


def _finder(client: Any, work: Work) -> Finder:
    def find(
        obligations: Sequence[Obligation], timeout_s: float, _: int | None, progress: Progress
    ) -> Iterator[tuple[int, Verdict]]:
        workers = max(1, len(client.nthreads()))
        size = min(BATCH_MAX, 1 + len(obligations) // (BATCHES * workers))
        places = range(len(obligations))
        batches = [places[start : start + size] for start in places[::size]]
        done = 0
        for batch, verdicts in _answers(client, work, obligations, timeout_s, batches):
            for place, verdict in zip(batch, verdicts, strict=True):
                done += 1
                progress(done, len(obligations))
                yield place, verdict

    return find


def _answers(
    client: Any,
    work: Work,
    obligations: Sequence[Obligation],
    timeout_s: float,
    batches: Sequence[Sequence[int]],
) -> Iterator[tuple[Sequence[int], list[Verdict]]]:
    """Every batch with its verdicts, as they come. What was with a worker that died is asked again,
    one by one and with nothing beside it; where a worker dies then, the answer is unknown."""
    import distributed

    library: Any = distributed

    def submitted(batch: Sequence[int]) -> Any:
        asked = [obligations[place] for place in batch]
        return client.submit(work, asked, timeout_s, pure=False)

    futures = {submitted(batch): batch for batch in batches}
    failed: list[int] = []
    for future, reason in _settled(client, library, list(futures)):
        batch = futures[future]
        if reason is None:
            yield batch, _checked(future.result(), len(batch))
        else:
            failed += batch
    for place in failed:
        for alone, reason in _settled(client, library, [submitted([place])]):
            if reason is None:
                yield [place], _checked(alone.result(), 1)
            else:
                why = f"a worker failed: {type(reason).__name__}: {reason!s:.200}"
                yield [place], [Unknown(why)]


def _settled(
    client: Any, library: Any, futures: Sequence[Any]
) -> Iterator[tuple[Any, BaseException | None]]:
    """The futures as they come, each with what it failed by. Where no worker has been there for
    long, those that are left fail by that."""
    pending = list(futures)
    without = 0.0
    while pending and without < GONE_S:
        came = []
        try:
            with client.as_current():
                came = list(library.wait(pending, LOOK_S, return_when="FIRST_COMPLETED").done)
        except TimeoutError:
            without = 0.0 if client.nthreads() else without + LOOK_S
        for future in came:
            try:
                reason = future.exception(LOOK_S)
            except TimeoutError:  # its worker died before the answer was fetched: it is asked again
                continue
            pending.remove(future)
            yield future, reason
    for future in pending:
        yield future, NoCluster("no worker of the cluster is left")


def _checked(answer: object, count: int) -> list[Verdict]:
    """The answer, if it is as many verdicts as were asked for; else that nothing is known."""
    match answer:
        case list() if len(answer) == count and all(isinstance(each, VERDICTS) for each in answer):
            return answer
    return [Unknown("a worker of the cluster answered something else")] * count


def _silent(done: int, total: int) -> None:
    """Nobody is told."""
