"""Golden files are what a user sees; `--update-golden` rewrites them.

With VERIFY_CHAIN_NO_SKIPS=1, as in continuous integration, a test that was skipped fails the run:
what is not there to be tested with has to be installed, not passed over.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="rewrite the golden files")


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """Compares a text with the file at this path from the root, or rewrites the file."""

    def compare(path: str, text: str) -> None:
        file = ROOT / path
        if request.config.getoption("--update-golden"):
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        written = file.read_text(encoding="utf-8") if file.exists() else ""
        assert text == written, f"{path} differs; `pytest --update-golden` rewrites it"

    return compare


@pytest.fixture(scope="session", autouse=True)
def nothing_judged_before(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Runs neither read nor change what the user's own cache says. The cross compiler's stays: it
    builds its C library once."""
    kept = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "zig"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ZIG_GLOBAL_CACHE_DIR", os.environ.get("ZIG_GLOBAL_CACHE_DIR") or str(kept))
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("judged")))
        yield


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("VERIFY_CHAIN_NO_SKIPS") != "1" or reporter is None:
        return
    skipped = len(reporter.stats.get("skipped", []))
    if skipped and exitstatus == pytest.ExitCode.OK:
        reporter.write_line(f"{skipped} skipped, and VERIFY_CHAIN_NO_SKIPS=1 allows none", red=True)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
