"""Motions, and proofs that there is none, are written and read in one way."""

from __future__ import annotations

from typing import Any

import pytest
from test_motion_rules import F, affine, halves, rows, vector

from verifier.check.motion_codec import (
    decode_family,
    decode_impossible,
    encode_family,
    encode_impossible,
)
from verifier.check.polynomial import Refused
from verifier.core.motion import (
    Barrier,
    CannotBrake,
    Cut,
    Family,
    Lying,
    Misplaced,
    Motion,
    NoEnd,
    Piece,
    Region,
    TooFar,
)

PROOFS: list[tuple[Any, Any]] = [
    (Misplaced(vector("1/2", -3)), {"kind": "misplaced", "start": ["1/2", "-3"]}),
    (TooFar(vector(1, 2), 1), {"kind": "too-far", "start": ["1", "2"], "axis": 1}),
    (CannotBrake(vector(1, 2), 0), {"kind": "cannot-brake", "start": ["1", "2"], "axis": 0}),
    (NoEnd(), {"kind": "no-end"}),
    (
        Barrier(vector(0), None, 3),
        {"kind": "barrier", "start": ["0"], "fineness": 3, "cells": None},
    ),
    (
        Barrier(vector(0), halves((2, None, ("7/2", 4, None))), 3),
        {
            "kind": "barrier",
            "start": ["0"],
            "fineness": 3,
            "cells": [["1", "2"], "free", ["1", "7/2"], 4, "free"],
        },
    ),
]
SECOND = Piece(F(1, 2), 1, ((affine(1, 2, 3), affine("-1/2", 0, 0)),))
LYING = Region(rows(((1, 0), 2), ((0, "1/3"), 3)), Lying((1, 2), vector(0, 1), F(5, 7)))
PLANS = (Cut(1, F(2, 3), Motion((SECOND, SECOND)), Cut(0, F(4), Motion(()), Motion((SECOND,)))),)
FAMILY = Family((LYING, Region(rows(((1, 0), 2)))), (*PLANS, Motion(())))
PIECE = {"duration": "1/2", "region": 1, "points": [[["1", "2", "3"], ["-1/2", "0", "0"]]]}
WRITTEN = {
    "regions": [
        {
            "rows": [["1", "0"], ["0", "1/3"]],
            "bounds": ["2", "3"],
            "in": [1, 2],
            "row": ["0", "1"],
            "bound": "5/7",
        },
        {"rows": [["1", "0"]], "bounds": ["2"]},
    ],
    "plans": [
        *(["cut", 1, "2/3"], ["motion", PIECE, PIECE], ["cut", 0, "4"], ["motion"]),
        *(["motion", PIECE], ["motion"]),
    ],
}


def test_families_are_written_and_read_in_one_way() -> None:
    assert encode_family(FAMILY) == WRITTEN and decode_family(WRITTEN) == FAMILY


@pytest.mark.parametrize("number", range(len(PROOFS)))
def test_proofs_are_written_and_read_in_one_way(number: int) -> None:
    proof, written = PROOFS[number]
    assert encode_impossible(proof) == written and decode_impossible(written) == proof


REGION = {"rows": [["1"]], "bounds": ["2"]}


@pytest.mark.parametrize(
    "odd",
    [
        None,
        [],
        {"regions": []},
        {"regions": [], "plans": [], "more": 1},
        {"regions": {}, "plans": []},
        {"regions": [], "plans": {}},
        {"regions": [], "plans": [[]]},
        {"regions": [], "plans": [None]},
        {"regions": [], "plans": [["move"]]},
        {"regions": [], "plans": [["chop", 0, "1"], ["motion"], ["motion"]]},
        {"regions": [], "plans": [["cut", 0, "1"], ["motion"]]},
        {"regions": [], "plans": [["cut", 0], ["motion"], ["motion"]]},
        {"regions": [], "plans": [["cut", 0, "1", 2], ["motion"], ["motion"]]},
        {"regions": [], "plans": [["cut", "0", "1"], ["motion"], ["motion"]]},
        {"regions": [], "plans": [["cut", True, "1"], ["motion"], ["motion"]]},
        {"regions": [], "plans": [["cut", 0, 1], ["motion"], ["motion"]]},
        {"regions": [], "plans": [["cut", 1_000_001, "1"], ["motion"], ["motion"]]},
        {"regions": [], "plans": [["cut", -1_000_001, "1"], ["motion"], ["motion"]]},
        {"regions": [{**REGION, "in": [0]}], "plans": []},
        {"regions": [{**REGION, "in": ["0"], "row": [], "bound": "0"}], "plans": []},
        {"regions": [{**REGION, "in": [0], "row": [], "bound": 0}], "plans": []},
        {"regions": [{**REGION, "more": 1}], "plans": []},
        {"regions": [{"rows": [["1"]]}], "plans": []},
        {"regions": [{"rows": ["1"], "bounds": []}], "plans": []},
        {"regions": [], "plans": [["motion", {**PIECE, "more": 1}]]},
        {"regions": [], "plans": [["motion", {**PIECE, "region": "1"}]]},
        {"regions": [], "plans": [["motion", {**PIECE, "points": [[[]]]}]]},
        {"regions": [], "plans": [["motion", {**PIECE, "points": [[1]]}]]},
        {"regions": [], "plans": [["motion", {**PIECE, "duration": 1}]]},
        {"regions": [{"rows": [], "bounds": ["0"] * 10_001}], "plans": []},
    ],
)
def test_a_family_that_is_written_otherwise_is_not_read(odd: Any) -> None:
    with pytest.raises(Refused):
        decode_family(odd)


def test_numbers_of_this_size_are_read() -> None:
    for number in (1_000_000, -1_000_000):
        plans = [["cut", number, "1"], ["motion"], ["motion"]]
        assert decode_family({"regions": [], "plans": plans}).plans
    assert decode_family({"regions": [{"rows": [], "bounds": ["0"] * 10_000}], "plans": []}).regions


@pytest.mark.parametrize(
    "odd",
    [
        None,
        {},
        {"kind": "nothing"},
        {"kind": "no-end", "start": []},
        {"kind": "misplaced"},
        {"kind": "misplaced", "start": ["1"], "axis": 0},
        {"kind": "too-far", "start": ["1"]},
        {"kind": "too-far", "start": ["1"], "axis": "0"},
        {"kind": "cannot-brake", "start": "1", "axis": 0},
        {"kind": "barrier", "start": ["0"], "fineness": 3},
        {"kind": "barrier", "start": ["0"], "fineness": "3", "cells": None},
        *(
            {"kind": "barrier", "start": ["0"], "fineness": 3, "cells": cells}
            for cells in (
                *([], ["free", "free"], ["blocked"], [["1", "2"], "free"], [["2"], "free", "free"]),
                *([[], "free", "free"], [True], "free", [["1", 2], "free", "free"], [["1", "2"]]),
            )
        ),
    ],
)
def test_a_proof_that_is_written_otherwise_is_not_read(odd: Any) -> None:
    with pytest.raises(Refused):
        decode_impossible(odd)
