"""Proofs of earlier runs: what is found again, what an edit leaves, and what a liar can do."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from verifier.cli import cache, judged, main
from verifier.closing import planning

WORLD = "state { x : real in -9 .. 9  y : real in -9 .. 9  a : bool }\n"
SKILLS = [
    f"skill S{i} {{ initial x in 0 .. {i + 2} terminal x in 0 .. {i + 1} ensures a }}\n"
    for i in range(6)
]
CHAIN = (
    f"chain C {{ assume x in 0 .. 1 {'; '.join(f'S{i}()' for i in range(6))} achieve x <= 8 }}\n"
)


@pytest.fixture(autouse=True)
def every_run_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "WORTH_S", 0.0)


def handed(monkeypatch: pytest.MonkeyPatch, function: str) -> list[str]:
    """The obligations that this function of the judging stage is handed from now on."""
    import verifier.judging

    seen: list[str] = []
    behind = getattr(verifier.judging, function)

    def counted(obligations, *others):  # type: ignore[no-untyped-def]
        seen.extend(each.id for each in obligations)
        return behind(obligations, *others)

    monkeypatch.setattr(verifier.judging, function, counted)
    return seen


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The obligations that were put to a finder."""
    return handed(monkeypatch, "judge_all")


def kept(folder: Path) -> Path:
    return folder / ".verify-chain-cache" / "proofs"


def test_what_was_proved_is_not_proved_again(
    tmp_path: Path, asked: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "a.contract"
    path.write_text("".join([WORLD, *SKILLS, CHAIN]))
    assert main([str(path)]) == 0
    first, told = len(asked), capsys.readouterr().out
    assert first and kept(tmp_path).exists()
    asked.clear()
    assert main([str(path)]) == 0
    assert asked == [] and capsys.readouterr().out == told
    edited = [*SKILLS[:3], SKILLS[3].replace("terminal x in 0 .. 4", "terminal x in 0 .. 3.5")]
    path.write_text("".join([WORLD, *edited, *SKILLS[4:], CHAIN]))
    assert main([str(path)]) == 0
    assert 0 < len(asked) < first / 2
    assert all("/4:S3/" in name or "/5:S4/" in name for name in asked)


def test_without_it_nothing_is_read_and_nothing_written(tmp_path: Path, asked: list[str]) -> None:
    path = tmp_path / "a.contract"
    path.write_text("".join([WORLD, *SKILLS, CHAIN]))
    assert main([str(path), "--no-cache"]) == 0
    assert not kept(tmp_path).parent.exists()
    first = len(asked)
    assert main([str(path), "--no-cache"]) == 0
    assert len(asked) == 2 * first


def test_a_poisoned_cache_proves_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "a.contract"
    path.write_text("".join([WORLD, *SKILLS, CHAIN]))
    assert main([str(path)]) == 0
    proofs = re.findall(r"^([0-9a-f]{64}) (.+)$", kept(tmp_path).read_text(), re.MULTILINE)
    good = json.dumps({"kind": "refutation", "nodes": [{"kind": "clash", "first": 0, "second": 0}]})
    false = CHAIN.replace("x <= 8", "x <= 1").replace("S0()", "repeat 1 { S0() }")  # no repairs
    path.write_text("".join([WORLD, *SKILLS, false]))
    capsys.readouterr()
    assert main([str(path)]) == 1
    refuted = capsys.readouterr().out
    now = kept(tmp_path).read_text().splitlines()
    for lie in (good, proofs[0][1], proofs[-1][1], "nonsense", "[" * 50_000, "9" * 9_000, "{}"):
        lines = [now[0], *(f"{line[:64]} {lie}" for line in now[1:])]
        lines += [f"{number:064x} {lie}" for number in range(3)]
        kept(tmp_path).write_text("\n".join(lines) + "\n")
        assert main([str(path)]) == 1
        assert capsys.readouterr().out == refuted


def test_what_is_no_cache_is_none(tmp_path: Path) -> None:
    path = tmp_path / "a.contract"
    path.write_text("".join([WORLD, *SKILLS, CHAIN]))
    for data in (b"", b"\xff" * 100, b"verify-chain 0.0 proofs\n", b"x" * 1000):
        kept(tmp_path).parent.mkdir(exist_ok=True)
        kept(tmp_path).write_bytes(data)
        assert cache.read(str(path)) == {}
        assert main([str(path)]) == 0
        assert cache.read(str(path))
    kept(tmp_path).unlink()
    kept(tmp_path).mkdir()
    assert cache.read(str(path)) == {} and main([str(path)]) == 0


def test_it_has_a_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = str(tmp_path / "a.contract")
    monkeypatch.setattr(cache, "SIZE_MAX", 1_000)
    old = {f"{number:064x}": '"old"' for number in range(100)}
    cache.keep(path, old, {})
    assert kept(tmp_path).stat().st_size <= 1_000
    cache.keep(path, {**old, "f" * 64: '"new"'}, old)
    assert cache.read(path)["f" * 64] == '"new"' and kept(tmp_path).stat().st_size <= 1_000


# ---- what this machine judged before -----------------------------------------------------------


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's own cache, for one test."""
    home = tmp_path / "home"
    monkeypatch.setenv("XDG_CACHE_HOME", str(home))
    return home / "verify-chain" / "judged"


@pytest.fixture
def stated(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The obligations that were stated and judged."""
    return handed(monkeypatch, "_settled")


def project(tmp_path: Path, *, third: str = SKILLS[3], chain: str = CHAIN) -> str:
    path = tmp_path / "a.contract"
    path.write_text("".join([WORLD, *SKILLS[:3], third, *SKILLS[4:], chain]))
    return str(path)


def test_an_edit_judges_what_it_touches(
    tmp_path: Path, own: Path, stated: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([project(tmp_path)]) == 0
    first, told = len(stated), capsys.readouterr().out
    assert len(list(own.iterdir())) == 1
    stated.clear()
    assert main([project(tmp_path)]) == 0
    assert capsys.readouterr().out == told
    assert stated and not any(":S" in name for name in stated)
    stated.clear()
    edited = SKILLS[3].replace("terminal x in 0 .. 4", "terminal x in 0 .. 3.5")
    assert main([project(tmp_path, third=edited)]) == 0
    assert {name.split("/")[1] for name in stated if ":S" in name} == {"4:S3", "5:S4"}
    for whole in (["--judge-all"], ["--no-cache"], ["--certificates", str(tmp_path / "proofs")]):
        stated.clear()
        assert main([project(tmp_path, third=edited), *whole]) == 0
        assert len(stated) == first


def test_what_fails_is_stated_whole(
    tmp_path: Path,
    own: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(planning, "SEARCH_S", 0.0)  # repairs are not what is asked here
    assert main([project(tmp_path)]) == 0
    broken = SKILLS[3].replace("terminal x in 0 .. 4", "terminal x in 0 .. 8")
    told = []
    for option in ([], ["--judge-all"], ["--no-cache"]):
        capsys.readouterr()
        assert main([project(tmp_path, third=broken), "--format", "json", *option]) == 1
        told.append(capsys.readouterr().out)
    assert told[0] == told[1] == told[2]


def test_another_program_is_not_believed(
    tmp_path: Path, own: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = project(tmp_path)
    assert main([path]) == 0
    assert judged.read(path) != judged.NOTHING
    monkeypatch.setattr(judged, "_program", lambda: "verify-chain judged of another day")
    assert judged.read(path) == judged.NOTHING


def test_a_folder_that_others_may_write_to_is_not_believed(tmp_path: Path, own: Path) -> None:
    path = project(tmp_path)
    assert main([path]) == 0
    assert judged.read(path) != judged.NOTHING and own.stat().st_mode & 0o777 == 0o700
    own.chmod(0o777)
    assert judged.read(path) == judged.NOTHING
    own.chmod(0o700)
    assert judged.read(path) != judged.NOTHING


def test_what_the_project_brings_is_not_believed(
    tmp_path: Path, own: Path, stated: list[str]
) -> None:
    """The cache of proofs lies beside the file; what is believed never does."""
    assert main([project(tmp_path)]) == 0
    first = len(stated)
    for file in own.iterdir():
        (tmp_path / ".verify-chain-cache" / "judged").write_bytes(file.read_bytes())
        file.unlink()
    stated.clear()
    assert main([project(tmp_path)]) == 0
    assert len(stated) == first


def test_a_garbled_record_is_none(tmp_path: Path, own: Path) -> None:
    path = project(tmp_path)
    assert main([path]) == 0
    (file,) = own.iterdir()
    head, *lines = file.read_text().splitlines()
    named = [re.match("(?:skill )?[0-9a-f]{64}|around .*", line) for line in lines]
    assert all(named)
    for lie in ("[]", "[[1]]", "{}", '[["/a", "initial", true, "1/0"]]', "[" * 50_000, "null"):
        lying = [f"{name[0]} {lie}" if name[0][0] != "a" else name[0] for name in named if name]
        file.write_text("\n".join([head, *lying]) + "\n")
        assert not judged.read(path).steps and judged.read(path).skills.skills
        assert main([path]) == 0
