"""Files and library folders: the one way from a path to the trees of everything it uses.

`use "x.spec"` is looked for beside the using file, then in the project's root and its folders
contracts/ and specs/, then in the installed library. The root is the nearest folder above the first
file that holds pyproject.toml or .git, else the first file's own folder. A used file lies inside
the project or the library, also when links are followed.
"""

from __future__ import annotations

import os
from collections.abc import Container, Iterable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from verifier.core.diagnostic import Diagnostic, SourceError, near_miss
from verifier.core.span import Span
from verifier.syntax import tree
from verifier.syntax.parse import SIZE_LIMIT, decode, parse

MOST_FILES = 200
DOCUMENT_LIMIT = 4_000_000
SUFFIXES = (".contract", ".spec")
_ROOT_SIGNS = ("pyproject.toml", ".git")


@dataclass(frozen=True, slots=True)
class Loaded:
    """The trees, used files before those that use them, and each text by the path in its spans.

    `documents` are the files that robots are read from, by the path as written and the file that
    names it: how messages name it, and its bytes. With any diagnostics all this is incomplete.
    """

    files: tuple[tree.File, ...]
    texts: dict[str, str]
    diagnostics: tuple[Diagnostic, ...]
    documents: dict[tuple[str, str], tuple[str, bytes]]


@dataclass(slots=True)
class _Reading:
    """A load on its way: what is done, and the files that are open, outermost first."""

    root: Path
    known: Container[str]
    files: list[tree.File] = field(default_factory=list)
    texts: dict[str, str] = field(default_factory=dict)
    documents: dict[tuple[str, str], tuple[str, bytes]] = field(default_factory=dict)
    mistakes: list[Diagnostic] = field(default_factory=list)
    seen: set[str] = field(default_factory=set)
    open: list[tuple[str, str]] = field(default_factory=list)


def load(path: str, text: str | None = None, known: Container[str] = ()) -> Loaded:
    """The file at `path`, or `text` in its place, and everything that it uses, each once. The
    bodies of skills whose digests are known are left out (stretches.py)."""
    reading = _Reading(project_root(Path(os.path.abspath(path)).parent), known)
    if text is not None:
        reading.texts[path] = text
    _read(reading, path, os.path.abspath(path), None)
    return Loaded(tuple(reading.files), reading.texts, tuple(reading.mistakes), reading.documents)


def project_root(folder: Path) -> Path:
    """The nearest folder at or above this one with pyproject.toml or .git; else the folder."""
    resolved = Path(os.path.realpath(folder))
    for candidate in (resolved, *resolved.parents):
        if any(os.path.exists(candidate / sign) for sign in _ROOT_SIGNS):
            return candidate
    return resolved


@cache
def library_folders() -> tuple[Path, ...]:
    """The folders of the installed library."""
    from importlib.resources import files

    names = ("verifier.contracts", "verifier.specs")
    return tuple(Path(os.path.realpath(str(files(name)))) for name in names)


def read(path: str, shown: str) -> str:
    """The text of one file. Raises SourceError; its spans name the file as `shown`."""
    start = Span(shown, 1, 1, 1, 1)
    try:
        with open(path, "rb") as file:
            return decode(file.read(SIZE_LIMIT + 1), shown)
    except FileNotFoundError:
        help_line = near_miss(os.path.basename(path), _sources_in([os.path.dirname(path) or "."]))
        raise SourceError(
            [Diagnostic("file-not-found", start, f"there is no file `{shown}`", help=help_line)]
        ) from None
    except IsADirectoryError:
        message = f"`{shown}` is a folder, not a file"
        raise SourceError(
            [Diagnostic("file-unreadable", start, message, help="name the files in it")]
        ) from None
    except OSError as error:
        message = f"`{shown}` cannot be read: {error.strerror or error}"
        raise SourceError([Diagnostic("file-unreadable", start, message)]) from None


def _read(reading: _Reading, shown: str, path: str, asked: tree.Use | None) -> None:
    """Adds the file and, before it, what it uses."""
    real = os.path.realpath(path)
    if any(real == other for other, _ in reading.open):
        assert asked is not None, "the first file opens nothing before itself"
        reading.mistakes.append(_cycle(reading, real, shown, asked))
        return
    if real in reading.seen:
        return
    if len(reading.seen) >= MOST_FILES:
        assert asked is not None
        message = f"more than {MOST_FILES} files are used"
        reading.mistakes.append(Diagnostic("too-many-files", asked.span, message))
        return
    reading.seen.add(real)
    try:
        if shown not in reading.texts:
            reading.texts[shown] = read(path, shown)
        file = parse(reading.texts[shown], shown, reading.known)
    except SourceError as error:
        reading.mistakes += error.diagnostics
        return
    reading.open.append((real, shown))
    for use in file.declarations:
        if isinstance(use, tree.Use):
            _follow(reading, path, use)
        if isinstance(use, tree.RobotDeclaration):
            _fetch(reading, path, use.path)
    reading.open.pop()
    reading.files.append(file)


def _follow(reading: _Reading, user: str, use: tree.Use) -> None:
    found = _find(reading.root, Path(user).parent, use)
    if isinstance(found, Diagnostic):
        reading.mistakes.append(found)
    else:
        _read(reading, _shown(found), found, use)


def _fetch(reading: _Reading, user: str, name: tree.Name) -> None:
    """Adds the file that a robot is read from; it is looked for where used files are."""
    found = _find(reading.root, Path(user).parent, tree.Use(name.text, name.span))
    if isinstance(found, Diagnostic):
        reading.mistakes.append(found)
        return
    shown = _shown(found)
    try:
        with open(found, "rb") as file:
            data = file.read(DOCUMENT_LIMIT + 1)
    except OSError as error:
        message = f"`{shown}` cannot be read: {error.strerror or error}"
        reading.mistakes.append(Diagnostic("file-unreadable", name.span, message))
        return
    if len(data) > DOCUMENT_LIMIT:
        message = f"`{shown}` has more than {DOCUMENT_LIMIT:,} bytes"
        reading.mistakes.append(Diagnostic("file-too-large", name.span, message))
        return
    reading.texts.setdefault(shown, data.decode("utf-8", "replace"))
    reading.documents[name.span.file, name.text] = (shown, data)


def _find(root: Path, folder: Path, use: tree.Use) -> str | Diagnostic:
    """The path of the used file, or why there is none."""
    inside = [str(root), *map(str, library_folders())]
    if os.path.isabs(use.path) or not _stays(os.path.realpath(folder), use.path, inside):
        return _outside(use, root, "`use` takes a path inside the project or the library's folders")
    places = [folder, root, root / "contracts", root / "specs", *library_folders()]
    places = list(dict.fromkeys(places))
    for place in places:
        candidate = os.path.normpath(place / use.path)
        if not os.path.isfile(candidate):
            continue
        if not any(_under(os.path.realpath(candidate), base) for base in inside):
            return _outside(use, root, f"`{_shown(candidate)}` is a link that leaves it")
        return candidate
    looked = ", ".join(f"`{_shown(str(place))}`" for place in places)
    guess = near_miss(os.path.basename(use.path), _sources_in(map(str, places)))
    help_line = f"looked in {looked}"
    return Diagnostic(
        "use-not-found",
        use.span,
        f"there is no file `{use.path}` to use",
        help=f"{guess} {help_line}" if guess else help_line,
    )


def _stays(folder: str, path: str, inside: Iterable[str]) -> bool:
    """Whether the path, before links are followed, stays in the tree that the folder lies in."""
    target = os.path.normpath(os.path.join(folder, path))
    return any(_under(folder, base) and _under(target, base) for base in inside)


def _under(path: str, base: str) -> bool:
    return path == base or path.startswith(base.rstrip(os.sep) + os.sep)


def _outside(use: tree.Use, root: Path, help_line: str) -> Diagnostic:
    message = f"`{use.path}` leaves the project `{_shown(str(root))}`"
    return Diagnostic("use-outside-project", use.span, message, help=help_line)


def _cycle(reading: _Reading, real: str, shown: str, use: tree.Use) -> Diagnostic:
    first = next(i for i, (other, _) in enumerate(reading.open) if other == real)
    round_trip = [name for _, name in reading.open[first:]] + [shown]
    told = " uses ".join(f"`{name}`" for name in round_trip)
    return Diagnostic(
        "use-cycle",
        use.span,
        f"these files use each other in a circle: {told}",
        help="move what both need into a file of its own",
    )


def _shown(path: str) -> str:
    """The path as messages name it: relative where it lies under the working folder."""
    here = os.getcwd()
    return os.path.relpath(path, here) if _under(path, here) else path


def _sources_in(folders: Iterable[str]) -> list[str]:
    """The names of the source files in these folders."""
    found: list[str] = []
    for folder in folders:
        try:
            found += [name for name in os.listdir(folder) if name.endswith(SUFFIXES)]
        except OSError:
            continue
    return found
