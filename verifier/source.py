"""A file and all that it uses, settled; and the chains in it. No solver is imported here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from verifier.core.diagnostic import Diagnostic, SourceError, near_miss
from verifier.core.span import Span
from verifier.kept import NOTHING_KEPT, KeptSkills, around, restored
from verifier.library import Loaded, load
from verifier.model.scope import Scope, collect
from verifier.model.settle import settle_scope
from verifier.model.values import Chain, Model


class Mistakes(SourceError):
    """The user's mistakes, with the texts that they stand in."""

    def __init__(self, diagnostics: Iterable[Diagnostic], texts: Mapping[str, str]) -> None:
        super().__init__(diagnostics)
        self.texts = texts


@dataclass(frozen=True, slots=True)
class Source:
    """A file with all that it uses, settled. The bodies of `known` skills were not read."""

    path: str
    texts: Mapping[str, str]
    scope: Scope
    model: Model
    loaded: Loaded
    known: KeptSkills = NOTHING_KEPT


def settled(path: str, text: str | None = None) -> Source:
    """The file at `path`, or `text` in its place, with all that it uses. Raises Mistakes."""
    loaded = load(path, text)
    if loaded.diagnostics:
        raise Mistakes(loaded.diagnostics, loaded.texts)
    try:
        scope = collect(loaded.files, loaded.documents)
        return Source(path, loaded.texts, scope, settle_scope(scope), loaded)
    except SourceError as error:
        raise Mistakes(error.diagnostics, loaded.texts) from None


def settled_with(path: str, known: KeptSkills) -> Source:
    """The file as `settled` gives it, but skills that are known are not read again, as long as
    nothing is wrong. Raises Mistakes."""
    loaded = load(path, known=known.skills)
    if loaded.diagnostics or not known.skills or around(loaded) != known.around:
        return settled(path)
    try:
        scope = collect(loaded.files, loaded.documents)
        contracts = restored(loaded, scope, known)
        if contracts is None:
            return settled(path)
        scope.kept.update(contracts)
        return Source(path, loaded.texts, scope, settle_scope(scope), loaded, known)
    except SourceError:
        return settled(path)


def chosen(source: Source, names: Sequence[str]) -> list[Chain]:
    """The chains with these names; without names, those that stand in the file itself.

    Raises Mistakes for a name that no chain has.
    """
    chains = source.model.chains
    if not names:
        return [chain for chain in chains.values() if chain.span.file == source.path]
    unknown = [name for name in names if name not in chains]
    if unknown:
        raise Mistakes([unknown_chain(source, name) for name in unknown], source.texts)
    return [chains[name] for name in dict.fromkeys(names)]


def unknown_chain(source: Source, name: str) -> Diagnostic:
    """That no chain of the source has this name."""
    chains = source.model.chains
    listed = ", ".join(f"`{known}`" for known in chains)
    known = f"the chains are {listed}" if chains else "no chain is declared here"
    start = Span(source.path, 1, 1, 1, 1)
    message = f"there is no chain `{name}`"
    return Diagnostic("unknown-chain", start, message, help=near_miss(name, chains) or known)
