"""Every diagnostic code and every rule has a page, and every page tells the truth.

A page shows a source that is refused with exactly its code, and the same source mended. What cannot
be shown as one source (bytes, folders, hundreds of files) stands as prose on the page, and the
table SCENES builds it here.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from io import BytesIO
from itertools import pairwise
from pathlib import Path

import pytest

from verifier.core.diagnostic import Diagnostic, SourceError
from verifier.judging import Effort, judged
from verifier.model.urdf import Chain, read_chain
from verifier.monitor.gates import watch_plan
from verifier.monitor.program import compile_property
from verifier.obligations.owed import OF_PLANTS
from verifier.obligations.owed import RULES as OF_CHAINS
from verifier.report.values import status
from verifier.safety.limit import safety_loop
from verifier.source import Source, chosen, settled
from verifier.traces.comma import samples
from verifier.traces.fields import fields

ROOT = Path(__file__).parent.parent
PAGES = ROOT / "docs" / "errors"
RULES = {**OF_CHAINS, **OF_PLANTS}
PAGE = re.compile(
    r"# (?P<code>[a-z-]+)\n\n(?P<why>.+?)\n\n## Refused\n\n```(?P<kind>contract|xml|csv|text)\n"
    r"(?P<refused>.+?)```\n(?P<advice>.*?)\n## Accepted\n\n```(?P=kind)\n(?P<accepted>.+?)```\n",
    re.DOTALL,
)


def page(code: str) -> re.Match[str]:
    text = (PAGES / f"{code}.md").read_text(encoding="utf-8")
    match = PAGE.fullmatch(text)
    assert match is not None, f"docs/errors/{code}.md does not have the form of a page"
    return match


def pages() -> list[str]:
    return sorted(path.stem for path in PAGES.glob("*.md"))


# ---- the sets of names -------------------------------------------------------------------------


Givers = dict[str, int]


def givers(trees: Sequence[ast.AST]) -> Givers:
    """The position of the code among the arguments of everything that makes a diagnostic of it:
    `Diagnostic`, and each function that hands its parameter `code` on to one of them."""
    found: Givers = {"Diagnostic": 0}
    functions = [n for tree in trees for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)]
    passing = [f for f in functions if any(a.arg == "code" for a in f.args.args)]
    for _ in passing:
        for function in passing:
            handed = [part for call in _calls(function) for part in _code(call, found)]
            if any(isinstance(part, ast.Name) and part.id == "code" for part in handed):
                names = [a.arg for a in function.args.args if a.arg != "self"]
                found[function.name] = names.index("code")
    return found


def codes(tree: ast.AST, known: Givers) -> Iterator[str]:
    """The codes that a module gives to its diagnostics."""
    for call in _calls(tree):
        for part in _code(call, known):
            yield from _texts(part)


def _calls(tree: ast.AST) -> Iterator[ast.Call]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call))


def _code(call: ast.Call, known: Givers) -> list[ast.expr]:
    match call.func:
        case ast.Name(name) | ast.Attribute(_, name) if name in known:
            at = known[name]
            return [*call.args[at : at + 1], *(k.value for k in call.keywords if k.arg == "code")]
        case _:
            return []


def _texts(code: ast.expr) -> Iterator[str]:
    match code:
        case ast.Constant(str(text)):
            yield text
        case ast.IfExp(_, body, otherwise):
            yield from _texts(body)
            yield from _texts(otherwise)
        case _:
            return


@cache
def codes_in_use() -> frozenset[str]:
    paths = sorted((ROOT / "verifier").rglob("*.py"))
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in paths]
    known = givers(trees)
    return frozenset(code for tree in trees for code in codes(tree, known))


def test_the_scan_finds_codes_however_they_are_given() -> None:
    tree = ast.parse(
        "def fail(code, s): raise E([Diagnostic(code, s)])\n"
        "class C:\n    def wanted(self, key, code): fail(code, key)\n"
        "def page(code): open(code)\n"
        "fail('a-b', s)\nDiagnostic(code='c-d', span=s)\nfail('e' if y else 'f', s)\n"
        "x.wanted('no', 'g-h')\npage('no')\n"
    )
    known = givers([tree])
    assert known == {"Diagnostic": 0, "fail": 0, "wanted": 1}
    assert set(codes(tree, known)) == {"a-b", "c-d", "e", "f", "g-h"}


def test_every_code_and_every_rule_has_a_page_and_no_page_is_left_over() -> None:
    assert set(pages()) == codes_in_use() | set(RULES)


def test_rule_files_table_pages_and_cases_name_the_same_rules() -> None:
    folder = ROOT / "verifier" / "obligations"
    shared = {
        "__init__",
        "ahead",
        "circumstances",
        "control",
        "elapsed",
        "entry",
        "events",
        "moments",
        "owed",
        "path",
        "planned",
        "posture",
        "pace",
        "rated",
        "repeated",
        "tracking",
        "vacuity",
        "walk",
    }
    files = {path.stem for path in folder.glob("*.py")} - shared
    cases = "\n".join(path.read_text() for path in (ROOT / "tests" / "cases").glob("*.md"))
    refuted = " ".join(re.findall(r"(?m)^[^:\n]+: refuted by (.+)$", cases))
    in_cases = {rule for rule in RULES if re.search(rf"(?:^|[/ ]){rule}\b", refuted)}
    assert files == set(RULES) == in_cases
    assert set(RULES) <= set(pages())


# ---- what each page shows ----------------------------------------------------------------------


def diagnostics(path: str, text: str | None = None, chain: str | None = None) -> list[Diagnostic]:
    """What is wrong with a source, up to what only the bundle minds."""
    try:
        source = settled(path, text)
        chosen(source, [chain] if chain else [])
    except SourceError as error:
        return list(error.diagnostics)
    return for_the_bundle(source)


def for_the_bundle(source: Source) -> list[Diagnostic]:
    model = source.model
    programs = [compile_property(prop) for prop in model.properties]
    plans = [watch_plan(model, each) for each in model.chains.values()]
    parts = [safety_loop(model), *plans, programs]
    listed = [part for part in parts if isinstance(part, tuple | list)]
    return [each for part in listed for each in part if isinstance(each, Diagnostic)]


def shown_as_source() -> list[str]:
    return [code for code in pages() if page(code)["kind"] != "text"]


@pytest.mark.parametrize("code", shown_as_source())
def test_a_page_is_refused_with_its_code_and_accepted_when_mended(code: str) -> None:
    shown = page(code)
    judge = {"xml": described, "csv": recorded}.get(shown["kind"], diagnostics)
    if code not in RULES:
        found = judge("page.contract", shown["refused"])
        assert {diagnostic.code for diagnostic in found} == {code}
        assert all(1 <= d.span.line <= shown["refused"].count("\n") for d in found)
    else:
        refuted = [rule for rule, verdict in verdicts(shown["refused"]) if verdict == "refuted"]
        # Where a frame cannot be kept no run passes the step, and no promise is kept: all say so.
        beside = {"sanity", "frame", "realizable"}
        assert code in refuted and (refuted[0] == code or {*refuted} == beside)
        assert {verdict for _, verdict in verdicts(shown["accepted"])} == {"proved"}
    if code not in OF_PLANTS:  # what is proved of a plant may be more than a bundle can keep
        assert judge("page.contract", shown["accepted"]) == []


def described(path: str, text: str) -> list[Diagnostic]:
    """What is wrong with a robot description, of which the link `tool` is wanted."""
    found = read_chain(text.encode(), path, tip="tool")
    return [] if isinstance(found, Chain) else list(found)


def recorded(path: str, text: str) -> list[Diagnostic]:
    """What is wrong with a trace, whose last line is not ended."""
    world = page("property-not-supported")["accepted"]
    model = settled("page.spec", world).model
    stream = BytesIO(text.removesuffix("\n").encode())
    try:
        list(samples(stream, path, fields(model, model.properties), lambda done: None))
    except SourceError as error:
        return list(error.diagnostics)
    return []


def verdicts(text: str) -> list[tuple[str, str]]:
    """(rule, verdict) of everything that the chains of a source owe."""
    source = settled("page.contract", text)
    return [
        (answer.obligation.rule, status(answer.verdict))
        for chain in source.model.chains.values()
        for answer in judged(source.model, chain, Effort(10.0, 1), lambda done, total: None)
    ]


@pytest.mark.parametrize("code", pages())
def test_a_page_is_short_and_says_what_to_do(code: str) -> None:
    shown = page(code)
    assert shown["code"] == code
    lines = shown.string.splitlines()
    assert len(lines) <= 45 and max(map(len, lines)) <= 100
    title, _, reason = shown["why"].partition("\n\n")
    assert title.endswith(".") and "\n" not in title, "the list of codes shows one line"
    assert reason and len(shown["advice"].strip()) > 10


# ---- what no single source can show ------------------------------------------------------------

Scene = Callable[[Path], list[Diagnostic]]


def file(text: bytes) -> Scene:
    def scene(folder: Path) -> list[Diagnostic]:
        (folder / "cell.contract").write_bytes(text)
        return diagnostics(str(folder / "cell.contract"))

    return scene


def using(last: int, *, back: bool = False) -> Scene:
    """Files 0.spec to `last`.spec, each using the next; the last one uses the first or nothing."""

    def scene(folder: Path) -> list[Diagnostic]:
        for number in range(last + 1):
            used = 0 if number == last else number + 1
            text = f'use "{used}.spec"\n' if number < last or back else ""
            (folder / f"{number}.spec").write_text(f"{text}const c{number} = 1\n")
        return diagnostics(str(folder / "0.spec"))

    return scene


def named(name: str) -> Scene:
    """A folder with cell.contract and a folder `cell`, of which `name` is given."""

    def scene(folder: Path) -> list[Diagnostic]:
        (folder / "cell").mkdir()
        (folder / "cell.contract").write_text("const tolerance = 2 cm\n")
        return diagnostics(str(folder / name))

    return scene


def chain(name: str) -> Scene:
    def scene(folder: Path) -> list[Diagnostic]:
        (folder / "cell.contract").write_text(page("precondition")["accepted"])
        return diagnostics(str(folder / "cell.contract"), chain=name)

    return scene


def hull(count: int) -> Scene:
    """The hull of `count` different points in three dimensions."""
    points = ", ".join(f"[{n}, {n * n}, {n**3}]" for n in range(count))
    source = f"state {{ p : point }}\nskill Go {{ ensures p in polytope(vertices = [{points}]) }}"
    return file(source.encode())


def arm(joints: int) -> Scene:
    """A robot whose tool hangs on the base by this many joints."""

    def scene(folder: Path) -> list[Diagnostic]:
        names = ["base", *(f"l{n}" for n in range(1, joints)), "tool"]
        links = "".join(f'<link name="{name}"/>' for name in names)
        parts = "".join(
            f'<joint name="j{n}" type="continuous"><parent link="{a}"/><child link="{b}"/></joint>'
            for n, (a, b) in enumerate(pairwise(names))
        )
        return described("arm.urdf", f'<robot name="arm">{links}{parts}</robot>')

    return scene


def covered(shapes: str) -> Scene:
    """A robot of one joint, whose tool has these collision shapes and keeps clear of itself."""

    def scene(folder: Path) -> list[Diagnostic]:
        (folder / "arm.urdf").write_text(
            f'<robot name="arm"><link name="base"/><link name="tool">{shapes}</link>'
            '<joint name="j" type="continuous"><parent link="base"/><child link="tool"/></joint>'
            "</robot>"
        )
        (folder / "cell.spec").write_text(
            'state { q : real rad }\nrobot arm from urdf "arm.urdf" tip tool\n'
            "barrier apart = clearance(arm, arm)\n"
        )
        try:
            settled(str(folder / "cell.spec"))
        except SourceError as error:
            return list(error.diagnostics)
        return []

    return scene


SPHERE = '<collision><geometry><sphere radius="0.05"/></geometry></collision>'

SCENES: dict[str, tuple[Scene, Scene]] = {
    "empty-file": (file(b""), file(b"const tolerance = 2 cm\n")),
    "file-not-found": (named("cel.contract"), named("cell.contract")),
    "file-too-large": (file(b"# a comment\n" * 90_000), file(b"const tolerance = 2 cm\n")),
    "file-unreadable": (named("cell"), named("cell.contract")),
    "nesting-too-deep": (
        file(b"const x = " + b"(" * 201 + b"1" + b")" * 201),
        file(b"const x = " + b"(" * 100 + b"1" + b")" * 100),
    ),
    "not-text": (file(b"const a = 1\0"), file(b"const a = 1\n")),
    "robot-without-spheres": (covered(""), covered(SPHERE)),
    "set-too-large": (hull(51), hull(20)),
    "too-many-files": (using(200), using(1)),
    "unknown-chain": (chain("Pik"), chain("Pick")),
    "urdf-too-large": (arm(65), arm(64)),
    "use-cycle": (using(1, back=True), using(1)),
}


def test_what_is_not_shown_as_source_is_built_here() -> None:
    assert set(SCENES) == set(pages()) - set(shown_as_source())


@pytest.mark.parametrize("code", sorted(SCENES))
def test_a_scene_is_refused_with_its_code_and_accepted_when_mended(
    code: str, tmp_path: Path
) -> None:
    refused, accepted = SCENES[code]
    (tmp_path / "refused").mkdir()
    (tmp_path / "accepted").mkdir()
    assert {diagnostic.code for diagnostic in refused(tmp_path / "refused")} == {code}
    assert accepted(tmp_path / "accepted") == []
