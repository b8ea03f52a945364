"""House rules that a machine can keep: who may import whom, homes of libraries, sizes, loose ends.

A rule takes a file's path and text and yields what is wrong as `file:line: what; what to do`. Every
rule is shown to be able to fail, on the snippet that stands beside it in RULES.
"""

from __future__ import annotations

import ast
import fnmatch
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
THIS = "tests/test_tidy.py"  # it has to name what it forbids
Rule = Callable[[str, str], Iterator[str]]

# ---- the tables --------------------------------------------------------------------------------

# Who may import whom. A new arrow is a decision, and gets a page in docs/decisions/.
ROOMS: dict[str, set[str]] = {
    "core": set(),
    "syntax": {"core"},
    "model": {"core", "syntax"},
    "obligations": {"core", "model"},
    "solve": {"core"},
    "check": {"core"},
    "repair": {"core", "model", "obligations"},
    "monitor": {"core", "model"},
    "traces": {"core", "model", "monitor"},
    "safety": {"core", "model"},
    "emit": {"core", "monitor", "safety"},
    "report": {"core"},
}

# The one file that imports a library, and only inside of a function, where it is needed first.
HOMES: dict[str, str] = {
    "lark": "verifier/syntax/parse.py",
    "cvc5": "verifier/solve/cvc5.py",
    "dask": "verifier/solve/cluster.py",
    "distributed": "verifier/solve/cluster.py",
    "z3": "verifier/solve/smt.py",
    "highspy": "verifier/solve/linear.py",
    "numpy": "verifier/solve/linear.py",
    "cvxpy": "verifier/solve/convex.py",
    "sympy": "verifier/safety/barrier.py",
    "matplotlib": "verifier/notebook.py",
    "mcap": "verifier/traces/recording_file.py",
    "rosbags": "verifier/traces/recording_file.py",
    "zstandard": "verifier/traces/recording_file.py",
}

# What the judge may use of the standard library: nothing that computes with floats.
FOR_CHECK = {
    "__future__": None,
    "collections.abc": None,
    "dataclasses": None,
    "fractions": None,
    "functools": None,
    "hashlib": None,
    "heapq": None,
    "itertools": None,
    "json": None,
    "math": {"ceil", "comb", "floor", "gcd", "isqrt", "lcm", "prod"},
    "re": None,
    "typing": None,
}

# A stage all the same: it hands pickled obligations to children that it starts.
STARTS_PROCESSES = {"verifier/solve/workers.py", "verifier/solve/worker.py"}

FILE_LINES = 400
TEST_LINES = 1000  # a test file is a list: nobody reads it from the top
FUNCTION_LINES = 60
# Longer, because it is one idea: the lines allowed, and the idea.
LONG_FILES: dict[str, tuple[int, str]] = {
    "verifier/model/expression.py": (880, "one walk over expressions, a case for each kind"),
    "verifier/model/region.py": (540, "the table of sets, one function a set"),
    "verifier/model/values.py": (430, "the settled model, one short class for each kind of value"),
    "verifier/solve/refute.py": (680, "one search, whose cases call each other"),
    "verifier/safety/qp.py": (460, "one kernel, operation by operation as in its C"),
    "verifier/syntax/build.py": (760, "one function for each rule of the grammar"),
    "verifier/syntax/formatter.py": (860, "one function for each node of the tree"),
    "verifier/check/containment.py": (500, "one judge, a short function for each certificate"),
    "verifier/check/codec.py": (480, "one short case for each node, to write it and to read it"),
    "verifier/core/description.py": (550, "rows, generators and pieces of each kind of set"),
    "verifier/syntax/lexer.py": (510, "one pass over the text, and the words that it knows"),
    "verifier/syntax/tree.py": (800, "one short class for each kind of node"),
    "verifier/solve/containment.py": (460, "one search along the outer set, case by case"),
    "verifier/solve/support.py": (650, "support and extreme points of each kind of set"),
}
LONG_FUNCTIONS: dict[str, tuple[int, str]] = {
    "verifier/model/scope.py:collect": (85, "the table of declarations: one short case for each"),
    "verifier/core/lift.py:_place": (85, "one short case for each kind of set"),
    "verifier/emit/driving.py:drive": (75, "one C function, in the order of its statements"),
    "verifier/emit/selftest.py:_main": (80, "one C function, in the order of its statements"),
}

TOP_LEVEL = {
    *(".ci", ".git", ".gitignore", "README.md", "pyproject.toml", "uv.lock"),
    *("contracts", "docs", "examples", "notebooks", "specs", "tests", "verifier"),
}


# ---- reading -----------------------------------------------------------------------------------


@cache
def parsed(text: str) -> ast.Module:
    return ast.parse(text)


def room(path: str) -> str | None:
    """The room that a file belongs to; None for the files that may import anything."""
    parts = path.split("/")
    return parts[1] if len(parts) > 2 and parts[1] in ROOMS else None


def imports(text: str) -> Iterator[tuple[str, set[str], ast.stmt]]:
    """(module, names taken from it, statement) of every import, wherever it stands."""
    for node in ast.walk(parsed(text)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, set(), node
        elif isinstance(node, ast.ImportFrom):
            yield "." * node.level + (node.module or ""), {a.name for a in node.names}, node


def inside_functions(text: str) -> set[ast.AST]:
    """Every node that is run only when some function is called, or never: for types alone."""
    later = (
        n
        for n in ast.walk(parsed(text))
        if isinstance(n, ast.FunctionDef)
        or (isinstance(n, ast.If) and ast.unparse(n.test) == "TYPE_CHECKING")
    )
    return {node for outer in later for node in ast.walk(outer)}


def calls(text: str) -> Iterator[tuple[str, int]]:
    """(name, line) of every call, a method by its dotted name where it has one."""
    for node in ast.walk(parsed(text)):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func), node.lineno


# ---- the rules ---------------------------------------------------------------------------------


def imports_follow_the_table(path: str, text: str) -> Iterator[str]:
    here = room(path)
    for module, names, statement in imports(text):
        at = f"{path}:{statement.lineno}"
        if module.startswith("."):
            yield f"{at}: relative import `{module}`; write the whole name `verifier.…`"
        if here is None or not module.startswith("verifier"):
            continue
        wanted = [module.split(".")[1]] if "." in module else sorted(names)
        for there in wanted:
            if there != here and there not in ROOMS[here]:
                yield (
                    f"{at}: {here} may not import verifier.{there}; pass the value in, or move"
                    " what both need to core (a new arrow needs a page in docs/decisions/)"
                )


def libraries_stay_at_home(path: str, text: str) -> Iterator[str]:
    if not path.startswith("verifier/"):
        return
    lazy = inside_functions(text)
    for module, _, statement in imports(text):
        library = module.split(".")[0]
        if library in sys.stdlib_module_names or library in ("verifier", ""):
            continue
        at = f"{path}:{statement.lineno}"
        home = HOMES.get(library)
        if home is None:
            yield f"{at}: `{library}` has no home; name one file in HOMES that may import it"
        elif path != home:
            yield f"{at}: `{library}` lives in {home}; call a function of that file"
        elif statement not in lazy:
            yield f"{at}: `{library}` is imported for everybody; import it where it is first needed"


def the_judge_is_exact(path: str, text: str) -> Iterator[str]:
    if room(path) != "check":
        return
    for module, names, statement in imports(text):
        at = f"{path}:{statement.lineno}"
        if module.startswith("verifier."):
            continue
        allowed = FOR_CHECK.get(module, set())
        if module not in FOR_CHECK or (allowed is not None and not (names and names <= allowed)):
            yield f"{at}: check may not use `{module}` like this; judge with Fraction alone"
    for node in ast.walk(parsed(text)):
        if isinstance(node, ast.Constant) and isinstance(node.value, float | complex):
            yield f"{path}:{node.lineno}: a float in the judge; write Fraction(…)"
    for name, line in calls(text):
        if name in ("float", "complex"):
            yield f"{path}:{line}: `{name}(…)` in the judge; stay with Fraction"


def stages_touch_nothing_outside(path: str, text: str) -> Iterator[str]:
    if room(path) is None or path in STARTS_PROCESSES:
        return
    for name, line in calls(text):
        if name in ("open", "print", "input", "exec", "eval") or name.startswith("os.environ"):
            yield f"{path}:{line}: a stage calls `{name}`; only library, pipeline and cli do I/O"


def no_clock_and_no_dice(path: str, text: str) -> Iterator[str]:
    """Answers depend on the source alone. A monotonic clock measures patience, not time of day."""
    if not path.startswith("verifier/"):
        return
    forbidden = {"time.time", "time.time_ns", "time.localtime", "time.ctime", "datetime.now"}
    for name, line in calls(text):
        if name in forbidden or name.endswith((".now", ".utcnow", ".today", ".urandom")):
            yield f"{path}:{line}: `{name}` gives another answer each day; pass the value in"
    for name, line in calls(text):
        if name.startswith("random.") and name != "random.Random":
            yield f"{path}:{line}: `{name}` rolls dice; take `random.Random(seed)`"


def no_path_of_one_machine(path: str, text: str) -> Iterator[str]:
    if path == THIS:
        return
    for number, line in enumerate(text.splitlines(), start=1):
        found = re.search(r"(?<![\w.])/(?:home|root|work|Users|tmp|mnt)(?:/|\b)", line)
        if found:
            yield f"{path}:{number}: `{found[0]}` is a path of one machine; make it relative"


def no_loose_ends(path: str, text: str) -> Iterator[str]:
    if path == THIS:
        return
    words = r"\b(?:TODO|FIXME|XXX|HACK|NotImplementedError)\b|pytest\.(?:mark\.)?(?:skip|xfail)"
    for number, line in enumerate(text.splitlines(), start=1):
        found = re.search(words, line)
        if found:
            yield f"{path}:{number}: `{found[0]}` is a loose end; finish it or leave it out"


def exceptions_have_names(path: str, text: str) -> Iterator[str]:
    """The command line's entrance is the one place that turns any defect of ours into a message."""
    if path == "verifier/cli/arguments.py" or path.startswith("tests/benchmarks/"):
        return
    for node in ast.walk(parsed(text)):
        if isinstance(node, ast.ExceptHandler):
            caught = ast.unparse(node.type) if node.type else "everything"
            if caught in ("everything", "Exception", "BaseException"):
                yield f"{path}:{node.lineno}: this catches {caught}; name what can go wrong here"


def files_are_short(path: str, text: str) -> Iterator[str]:
    lines = text.count("\n")
    usual = FILE_LINES if path.startswith("verifier/") else TEST_LINES
    most, _ = LONG_FILES.get(path, (usual, ""))
    if lines > most:
        yield f"{path}:{most + 1}: {lines} lines, at most {most} are allowed; split it by ideas"


def functions_are_short(path: str, text: str) -> Iterator[str]:
    for node in ast.walk(parsed(text)):
        if isinstance(node, ast.FunctionDef):
            assert node.end_lineno is not None
            lines = node.end_lineno - node.lineno + 1
            most, _ = LONG_FUNCTIONS.get(f"{path}:{node.name}", (FUNCTION_LINES, ""))
            if lines > most:
                yield f"{path}:{node.lineno}: `{node.name}` has {lines} lines; split it by ideas"


RULES: dict[Rule, tuple[str, str, str]] = {
    imports_follow_the_table: (
        "verifier/check/judge.py",
        "from __future__ import annotations\nfrom verifier.solve import discharge\n",
        "verifier/check/judge.py:2: check may not import verifier.solve; ",
    ),
    libraries_stay_at_home: (
        "verifier/solve/smt.py",
        "import z3\n",
        "verifier/solve/smt.py:1: `z3` is imported for everybody; ",
    ),
    the_judge_is_exact: (
        "verifier/check/judge.py",
        "slack = 1e-9\n",
        "verifier/check/judge.py:1: a float in the judge; ",
    ),
    stages_touch_nothing_outside: (
        "verifier/model/settle.py",
        "def f(p):\n    return open(p)\n",
        "verifier/model/settle.py:2: a stage calls `open`; ",
    ),
    no_clock_and_no_dice: (
        "verifier/emit/bundle.py",
        "import datetime\nstamp = datetime.datetime.now()\n",
        "verifier/emit/bundle.py:2: `datetime.datetime.now` gives another answer each day; ",
    ),
    no_path_of_one_machine: (
        "tests/test_it.py",
        'ROOT = "/home/ann/robot"\n',
        "tests/test_it.py:1: `/home/` is a path of one machine; ",
    ),
    no_loose_ends: (
        "verifier/model/settle.py",
        "x = 1  # TODO later\n",
        "verifier/model/settle.py:1: `TODO` is a loose end; ",
    ),
    exceptions_have_names: (
        "verifier/library.py",
        "try:\n    x = 1\nexcept Exception:\n    x = 2\n",
        "verifier/library.py:3: this catches Exception; ",
    ),
    files_are_short: (
        "verifier/model/body.py",
        "x = 1\n" * 401,
        "verifier/model/body.py:401: 401 lines, at most 400 are allowed; ",
    ),
    functions_are_short: (
        "verifier/model/values.py",
        "def f():\n" + "    x = 1\n" * 60,
        "verifier/model/values.py:1: `f` has 61 lines; ",
    ),
}

MORE_SNIPPETS: list[tuple[Rule, str, str]] = [
    (imports_follow_the_table, "verifier/core/term.py", "from . import unit\n"),
    (imports_follow_the_table, "verifier/report/json.py", "from verifier import model\n"),
    (
        imports_follow_the_table,
        "verifier/emit/a.py",
        "def f():\n    import verifier.model.values\n",
    ),
    (libraries_stay_at_home, "verifier/report/text.py", "def f():\n    import z3\n"),
    (libraries_stay_at_home, "verifier/report/text.py", "def f():\n    import rich\n"),
    (the_judge_is_exact, "verifier/check/a.py", "import decimal\n"),
    (the_judge_is_exact, "verifier/check/a.py", "from math import sqrt\n"),
    (the_judge_is_exact, "verifier/check/a.py", "def f(x):\n    return float(x)\n"),
    (no_clock_and_no_dice, "verifier/repair/a.py", "import random\nx = random.random()\n"),
    (exceptions_have_names, "tests/a.py", "try:\n    x = 1\nexcept:\n    x = 2\n"),
]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_rule_can_fail(rule: Rule) -> None:
    path, snippet, message = RULES[rule]
    (complaint,) = rule(path, snippet)
    assert complaint.startswith(message) and len(complaint) > len(message)


@pytest.mark.parametrize(("rule", "path", "snippet"), MORE_SNIPPETS)
def test_rule_finds_each_form(rule: Rule, path: str, snippet: str) -> None:
    assert list(rule(path, snippet))


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_project_keeps(rule: Rule) -> None:
    complaints = [each for path, text in sources().items() for each in rule(path, text)]
    assert not complaints, "\n" + "\n".join(complaints)


@cache
def sources() -> dict[str, str]:
    """Every Python file of the project by its path from the top."""
    found = [p for part in ("verifier", "tests") for p in (ROOT / part).rglob("*.py")]
    return {p.relative_to(ROOT).as_posix(): p.read_text(encoding="utf-8") for p in sorted(found)}


# ---- the project as a whole --------------------------------------------------------------------


def strangers(names: set[str], ignored: str) -> set[str]:
    """The names that are neither allowed at the top nor ignored by git."""
    patterns = [line.rstrip("/") for line in ignored.splitlines()]
    return {
        name
        for name in names - TOP_LEVEL
        if not any(fnmatch.fnmatch(name, pattern) for pattern in patterns)
    }


def test_the_top_level_is_fixed() -> None:
    names = {path.name for path in ROOT.iterdir()}
    assert not strangers(names, (ROOT / ".gitignore").read_text())
    assert strangers({"scripts", "a.egg-info", "docs"}, "*.egg-info/\n") == {"scripts"}


def test_every_room_is_in_the_table() -> None:
    folders = {p.parent.name for p in (ROOT / "verifier").glob("*/__init__.py")}
    missing = folders - {"cli", "closing"} - set(ROOMS)  # these two may import anything
    assert not missing, f"new rooms {missing}; say in ROOMS what they import, and why on a page"
    assert set(ROOMS) <= folders
    assert (ROOT / "verifier" / "__init__.py").read_text().count("import") == 0


def test_nobody_is_excused_without_need() -> None:
    for path, (most, why) in LONG_FILES.items():
        assert 0.9 * FILE_LINES < sources()[path].count("\n") <= most and why
    for place, (most, why) in LONG_FUNCTIONS.items():
        path, _, name = place.partition(":")
        assert f"def {name}(" in sources()[path] and most > FUNCTION_LINES and why


def test_prose_and_configuration_name_no_machine() -> None:
    suffixes = {".md", ".toml", ".spec", ".contract", ".ipynb", ".lark", ".c", ".h", ""}
    folders = ("docs", "contracts", "specs", "examples", "notebooks", "verifier", "tests", ".ci")
    files = [p for folder in folders for p in (ROOT / folder).rglob("*") if p.is_file()]
    files += [ROOT / "README.md", ROOT / "pyproject.toml", ROOT / ".gitignore"]
    complaints = [
        each
        for path in files
        if path.suffix in suffixes and "__pycache__" not in path.parts
        for each in no_path_of_one_machine(
            path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")
        )
    ]
    assert not complaints, "\n" + "\n".join(complaints)


def test_a_skipped_test_fails_the_run_in_continuous_integration(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text((ROOT / "tests" / "conftest.py").read_text())
    (tmp_path / "test_it.py").write_text("import pytest\ndef test_it(): pytest.skip('no C')\n")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)]
    codes = [
        subprocess.run(
            command,
            env={**os.environ, "VERIFY_CHAIN_NO_SKIPS": wish},
            cwd=tmp_path,
            capture_output=True,
            check=False,
        ).returncode
        for wish in ("0", "1")
    ]
    assert codes == [0, 1]


def test_the_script_of_continuous_integration_can_run() -> None:
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    assert subprocess.run(["bash", "-n", str(script)], check=False).returncode == 0
