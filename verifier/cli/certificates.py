"""Certificates as files: one a chain, `<chain>.certificates.json`, and their second judgement.

What is read is judged against obligations derived afresh from the source; nothing in the file is
believed. No solver is imported here. Obligations with one question share a certificate: it stands
at the first, and the others say `same_as`.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, NoReturn

from verifier.check.codec import decode, encode, statement_digest
from verifier.check.judge import judge
from verifier.check.outcome import Accepted, Rejected
from verifier.check.polynomial import Refused
from verifier.cli.command import Refusal
from verifier.core.obligation import Deferral, Obligation
from verifier.core.verdict import JudgedBefore, Proved, SolverWord, Verdict

SCHEMA = 1
SUFFIX = ".certificates.json"
SIZE_LIMIT = 64_000_000


@dataclass(frozen=True, slots=True)
class Entry:
    """One certificate as a file has it: `statement` and `proof` are unjudged, and may be those of
    the obligation that `same_as` names."""

    file: str
    chain: str
    obligation: str
    statement: object
    proof: object
    same_as: str | None = None


@dataclass(frozen=True, slots=True)
class Judgement:
    """`outcome` is accepted, rejected, hole or deferred."""

    obligation: str
    outcome: str
    reason: str


def document(chain: str, verdicts: Iterable[tuple[Obligation, Verdict]], version: str) -> bytes:
    """The file of one chain: a certificate for each obligation that has one."""
    holders: dict[int, str] = {}
    entries: list[str] = []
    for obligation, verdict in verdicts:
        if not isinstance(verdict, Proved):
            continue
        if isinstance(verdict.evidence, SolverWord | JudgedBefore):
            continue
        name = json.dumps(obligation.id)
        holder = holders.setdefault(id(obligation.question), name)
        if holder is not name:
            entries.append(f'{{"obligation": {name}, "same_as": {holder}}}')
            continue
        proof = json.dumps(encode(verdict.evidence))
        statement = json.dumps(statement_digest(obligation))
        entries.append(f'{{"obligation": {name}, "statement": {statement}, "proof": {proof}}}')
    head = {"schema": SCHEMA, "tool": "verify-chain", "version": version, "chain": chain}
    listed = ",\n  ".join(entries)
    return f'{json.dumps(head)[:-1]},\n "certificates": [\n  {listed}\n]}}\n'.encode("ascii")


def read(path: str) -> list[Entry]:
    """The entries of a file, or of every certificate file in a folder. Raises Refusal."""
    try:
        names = sorted(os.listdir(path)) if os.path.isdir(path) else None
    except OSError as error:
        raise Refusal(f"`{path}` cannot be read: {error.strerror or error}") from None
    if names is None:
        return _read_file(path)
    files = [os.path.join(path, name) for name in names if name.endswith(SUFFIX)]
    if not files:
        raise Refusal(f"`{path}` holds no file that ends with `{SUFFIX}`")
    return [entry for file in files for entry in _read_file(file)]


def _read_file(path: str) -> list[Entry]:
    try:
        with open(path, "rb") as file:
            data = file.read(SIZE_LIMIT + 1)
        if len(data) > SIZE_LIMIT:
            raise Refusal(f"`{path}` is larger than {SIZE_LIMIT:,} bytes")
        found = json.loads(data, object_pairs_hook=_distinct, parse_constant=_no_constant)
    except OSError as error:
        raise Refusal(f"`{path}` cannot be read: {error.strerror or error}") from None
    except RecursionError:
        raise Refusal(f"`{path}` is nested too deeply") from None
    except ValueError as error:
        raise Refusal(f"`{path}` is not JSON: {error}") from None
    return _entries(path, found)


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice in one object")
    return found


def _no_constant(text: str) -> NoReturn:
    raise ValueError(f"{text} is no number")


def _entries(path: str, found: object) -> list[Entry]:
    if not isinstance(found, dict) or found.get("schema") != SCHEMA:
        raise Refusal(f"`{path}` is no certificate file of schema {SCHEMA}")
    chain, listed = found.get("chain"), found.get("certificates")
    if not isinstance(chain, str) or not isinstance(listed, list):
        raise Refusal(f"`{path}` lacks its `chain` or its list of `certificates`")
    entries = [_entry(path, chain, number, entry) for number, entry in enumerate(listed, start=1)]
    holders = {entry.obligation: entry for entry in entries if entry.same_as is None}
    return [
        entry if entry.same_as is None else _resolved(entry, holders.get(entry.same_as))
        for entry in entries
    ]


def _entry(path: str, chain: str, number: int, entry: object) -> Entry:
    if not isinstance(entry, dict) or not isinstance(entry.get("obligation"), str):
        raise Refusal(f"entry {number} of `{path}` names no obligation")
    other = entry.get("same_as")
    if other is not None and not isinstance(other, str):
        raise Refusal(f"entry {number} of `{path}` is the same as something without a name")
    given = (None, None) if other is not None else (entry.get("statement"), entry.get("proof"))
    return Entry(path, chain, entry["obligation"], *given, other)


def _resolved(entry: Entry, holder: Entry | None) -> Entry:
    """The entry with what the other one says; with nothing if there is no such other one."""
    if holder is None:
        return entry
    return replace(entry, statement=holder.statement, proof=holder.proof)


def rejudge(obligations: Sequence[Obligation], entries: Sequence[Entry]) -> list[Judgement]:
    """A judgement for every obligation, and one for every entry that answers none of them.

    One certificate for one question is judged once, however many obligations share both.
    """
    given: dict[str, list[Entry]] = {}
    for entry in entries:
        given.setdefault(entry.obligation, []).append(entry)
    known: dict[tuple[int, int, int], Judgement] = {}
    judged: list[Judgement] = []
    for obligation in obligations:
        own = given.pop(obligation.id, [])
        if len(own) != 1 or own[0].chain != obligation.chain:
            judged.append(_judgement(obligation, own))
            continue
        key = (id(obligation.question), id(own[0].statement), id(own[0].proof))
        if key not in known:
            known[key] = _judgement(obligation, own)
        like = known[key]
        judged.append(Judgement(obligation.id, like.outcome, like.reason))
    strangers = [
        Judgement(name, "rejected", "the source owes no such obligation") for name in sorted(given)
    ]
    return [*judged, *strangers]


def _judgement(obligation: Obligation, entries: list[Entry]) -> Judgement:
    def ends(outcome: str, reason: str = "") -> Judgement:
        return Judgement(obligation.id, outcome, reason)

    if isinstance(obligation.question, Deferral):
        if entries:
            return ends("rejected", "a deferred obligation cannot be proved beforehand")
        return ends("deferred", f"watched by `{obligation.question.monitor}`")
    if not entries and obligation.takeover is not None:
        return ends("deferred", f"watched by `{obligation.takeover.monitor}`")
    if not entries:
        return ends("hole", "there is no certificate")
    if len(entries) > 1:
        return ends("rejected", f"{len(entries)} certificates are given for it")
    (entry,) = entries
    if entry.chain != obligation.chain:
        return ends("rejected", f"it stands in the file of chain `{entry.chain}`")
    if entry.statement != statement_digest(obligation):
        return ends("rejected", "it answers another statement than the source makes")
    try:
        verdict = judge(obligation, decode(entry.proof))
    except Refused as refusal:
        return ends("rejected", str(refusal))
    match verdict:
        case Accepted():
            return ends("accepted")
        case Rejected(reason):
            return ends("rejected", reason)
