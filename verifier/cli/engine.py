"""`--engine`: who is asked for verdicts, the processes of this machine or a Dask cluster."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec

from verifier.cli.command import Refusal
from verifier.solve.cluster import Finder, NoCluster, opened


@contextmanager
def finder(options: argparse.Namespace) -> Iterator[Finder | None]:
    """Who finds verdicts; None for this machine's processes. Raises Refusal."""
    if options.engine != "dask":
        if options.scheduler is not None:
            raise Refusal("`--scheduler` is the address of a cluster for `--engine dask`")
        yield None
        return
    if find_spec("distributed") is None:
        raise Refusal("this engine needs Dask: `pip install 'verify-chain[dask]'`")
    try:
        with opened(options.scheduler, options.jobs) as found:
            yield found
    except NoCluster as reason:
        raise Refusal(f"no Dask cluster: {reason}") from None
