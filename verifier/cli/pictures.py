"""`--pictures`: each transition of the chains that were judged, as SVG in a folder."""

from __future__ import annotations

import os
from collections.abc import Sequence
from itertools import combinations, islice

from verifier.cli.writing import make_folder, write
from verifier.notebook import Checked, plot_transition
from verifier.report.values import Report
from verifier.source import Source

PLANES_MAX = 3  # of a motion in space all three; of one with more axes the first


def draw(folder: str, sources: Sequence[Source], report: Report) -> None:
    """Writes `CHAIN.STEP.SKILL.X-Y.svg` for each transition and pair of the axes that it moves. The
    folder is made even where nothing moves."""
    make_folder(folder)
    judged = {chain.name for chain in report.chains}
    for source in sources:
        checked = Checked(report, source)
        for name in sorted(judged & source.model.chains.keys()):
            for step in source.model.chains[name].steps:
                table = step.contract.transition
                if table is None:
                    continue
                for across, up in islice(combinations(table.moved, 2), PLANES_MAX):
                    picture = plot_transition(checked, name, step.number, (across, up))
                    file = f"{name}.{step.number}.{step.contract.skill}.{across}-{up}.svg"
                    write(os.path.join(folder, file), picture.svg().encode())
