"""polytope, pycvxset and pacti on containments of polytopes, run by an interpreter that has them.

    PYTHON tests/benchmarks/containment_peers.py SECONDS

reads questions, one JSON object a line, and writes an answer a line. Question: `tool`, and `inner`
and `outer` as rows and bounds. Answer: `contained` and `cpu_s`, the least processor time of some
runs, without the time to make the sets; or `none` with the reason. A question that takes more than
SECONDS of processor time ends the process by SIGPROF, whatever it is doing.
"""

from __future__ import annotations

import importlib.util
import json
import logging
import os
import signal
import sys
import time
import warnings
from collections.abc import Callable
from typing import Any

os.environ["OPENBLAS_NUM_THREADS"] = "1"

import numpy as np

RUNS, RUNS_IF_LONGER_S = 3, 0.3

Question = dict[str, Any]


def by_polytope(question: Question) -> Callable[[], bool]:
    import polytope

    inner, outer = (polytope.Polytope(*map(np.array, question[s])) for s in ("inner", "outer"))
    return lambda: inner <= outer


def by_pycvxset(question: Question) -> Callable[[], bool]:
    import pycvxset

    (a, b), (c, d) = question["inner"], question["outer"]
    inner, outer = pycvxset.Polytope(A=a, b=b), pycvxset.Polytope(A=c, b=d)
    return lambda: inner <= outer


def by_pacti(question: Question) -> Callable[[], bool]:
    from pacti.iocontract import Var
    from pacti.terms.polyhedra import PolyhedralTerm, PolyhedralTermList

    def listed(rows: list[list[float]], bounds: list[float]) -> Any:
        names = [Var(f"x{i}") for i in range(len(rows[0]))]
        terms = [{v: a for v, a in zip(names, row, strict=True) if a} for row in rows]
        return PolyhedralTermList(list(map(PolyhedralTerm, terms, bounds)))

    inner, outer = listed(*question["inner"]), listed(*question["outer"])
    return lambda: inner.refines(outer)


TOOLS: dict[str, Callable[[Question], Callable[[], bool]]] = {
    "polytope": by_polytope,
    "pycvxset": by_pycvxset,
    "pacti": by_pacti,
}


def answered(question: Question) -> dict[str, Any]:
    if importlib.util.find_spec(question["tool"]) is None:
        return {"none": "not installed"}
    least = float("inf")
    for _ in range(RUNS):
        try:
            ask = TOOLS[question["tool"]](question)
            begun = time.thread_time()
            contained = bool(ask())
        except Exception as error:  # whatever it is, it is no answer
            return {"none": f"{type(error).__name__}: {error}"[:80]}
        least = min(least, time.thread_time() - begun)
        if least > RUNS_IF_LONGER_S:
            break
    return {"contained": contained, "cpu_s": least}


def main() -> None:
    logging.disable(logging.CRITICAL)
    warnings.filterwarnings("ignore")
    sink = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what the libraries print is not an answer
    for line in sys.stdin:
        question = json.loads(line)
        signal.setitimer(signal.ITIMER_PROF, float(sys.argv[1]))
        answer = answered(question)
        signal.setitimer(signal.ITIMER_PROF, 0)
        print(json.dumps(answer), file=sink, flush=True)


if __name__ == "__main__":
    main()
