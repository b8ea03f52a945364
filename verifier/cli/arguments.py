"""The command line: arguments in, an exit code out.

Nothing heavy is imported before a command needs it, so that `--help` stays cheap. Exit codes:
0 everything asked for holds, 1 something is refuted or rejected, 2 the input or the command line is
wrong, 3 something stays unknown, 70 a defect of ours.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

WRONG, DEFECT, INTERRUPTED, UNREAD = 2, 70, 130, 141
COMMANDS = (
    *("check", "repair", "plan", "recheck", "emit", "monitor", "fret", "fmt", "rule", "demo"),
)
FORMATS = ("text", "json", "sarif", "junit", "github")  # each but text: verifier/report/<name>.py
EPILOG = """\
`verify-chain FILE...` is short for `verify-chain check FILE...`. Exit codes: 0 everything asked
for holds; 1 something is refuted or rejected; 2 the input or the command line is wrong; 3 something
stays unknown; 70 a defect of verify-chain."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command and returns its exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        return _run(given)
    except BrokenPipeError:
        # The reader went away. Python would complain again when it closes standard output. The
        # code is that of a process that SIGPIPE ended: nobody may take it for `everything holds`.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return UNREAD
    except KeyboardInterrupt:
        return INTERRUPTED
    except Exception as defect:
        # The one place that catches everything: whatever gets here is our mistake, and a user gets
        # a sentence and an exit code that says so, not a stack trace.
        return _defect(defect)


def _defect(defect: Exception) -> int:
    if os.environ.get("VERIFY_CHAIN_DEBUG") == "1":
        import traceback

        traceback.print_exc()
    told = f"{type(defect).__name__}: {defect}".strip().splitlines()[0]
    sys.stderr.write(
        f"verify-chain: this is a defect of verify-chain, not of your input ({told[:300]})\n"
        "verify-chain: VERIFY_CHAIN_DEBUG=1 shows where; please report it with your input\n"
    )
    return DEFECT


def _run(given: list[str]) -> int:
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    if not given:
        _parser().print_help(sys.stderr)
        return WRONG
    first = given[0]
    if first not in COMMANDS and first not in ("-h", "--help", "--version"):
        given = ["check", *given]
    try:
        options = _parser().parse_args(given)
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else WRONG
    from verifier.cli.command import run

    return run(options)


class _Version(argparse.Action):
    """Looks the version up only when it is asked for."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from verifier.cli.version import version

        print(f"verify-chain {version()}")
        parser.exit()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="verify-chain",
        description="Proves that robot skills compose, and emits the guard that keeps it so.",
        epilog=EPILOG,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="print the version")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    _check(commands)
    _change(commands, "repair", "insert skills until every obligation holds")
    _change(commands, "plan", "build a chain from what it assumes and what it is to achieve")
    _recheck(commands)
    _emit(commands)
    _monitor(commands)
    _small(commands)
    return parser


def _check(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    check = commands.add_parser("check", help="judge the chains of files", allow_abbrev=False)
    check.add_argument("files", nargs="+", metavar="FILE")
    check.add_argument(
        "--chain", action="append", metavar="NAME", help="only this chain; may be repeated"
    )
    check.add_argument("--format", choices=FORMATS, default="text")
    check.add_argument(
        "--pairwise",
        action="store_true",
        help="print which skill may follow which, whatever came before, in place of the chains",
    )
    check.add_argument(
        "--certificates", metavar="DIR", help="write the certificates of each chain to this folder"
    )
    check.add_argument(
        "--pictures", metavar="DIR", help="draw the transitions of each chain as SVG in this folder"
    )
    check.add_argument(
        "--require-certificates",
        action="store_true",
        help="a solver's word alone counts as unknown",
    )
    check.add_argument(
        "--second-opinion",
        action="store_true",
        help="put what only a solver's word stands behind to cvc5, too",
    )
    check.add_argument(
        "--no-cache",
        action="store_true",
        help="neither read nor write .verify-chain-cache beside the file, nor what this machine "
        "judged before",
    )
    check.add_argument(
        "--judge-all",
        action="store_true",
        help="state and judge everything again, even if this machine has judged it before; implied "
        "by --certificates and --require-certificates",
    )
    _effort(check)
    check.add_argument(
        "--engine",
        choices=("processes", "dask"),
        default="processes",
        help="find verdicts on this machine, or on the workers of a Dask cluster",
    )
    check.add_argument(
        "--scheduler",
        metavar="ADDRESS",
        help="of the Dask cluster; without it, one of N processes is started for this run",
    )


def _change(
    commands: argparse._SubParsersAction[argparse.ArgumentParser], name: str, told: str
) -> None:
    change = commands.add_parser(name, help=told, allow_abbrev=False)
    change.add_argument("file", metavar="FILE")
    change.add_argument("--chain", required=True, metavar="NAME")
    change.add_argument(
        "-o", "--output", metavar="OUT", help="write here; otherwise FILE, kept as FILE.bak"
    )
    change.add_argument(
        "--all",
        action="store_true",
        help="list every way that is found, with durations and margins, and write nothing",
    )
    change.add_argument(
        "--least",
        choices=("time", "effort"),
        default="time",
        help="what a transition that is made should have the least of (default: time)",
    )
    if name == "repair":
        change.add_argument(
            "--narrow",
            action="store_true",
            help="where no transition serves every start, assume those that one serves, and say so",
        )
    _effort(change)


def _recheck(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    recheck = commands.add_parser(
        "recheck", help="judge certificates again, without any solver", allow_abbrev=False
    )
    recheck.add_argument("file", metavar="FILE")
    recheck.add_argument("certificates", metavar="CERTIFICATES", help="a file or a folder")
    recheck.add_argument("--chain", action="append", metavar="NAME", help="only this chain")


def _emit(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    emit = commands.add_parser("emit", help="write a chain's C99 bundle", allow_abbrev=False)
    emit.add_argument("file", metavar="FILE")
    emit.add_argument("--chain", required=True, metavar="NAME")
    emit.add_argument("--target", choices=("host", "thor"), required=True)
    emit.add_argument("-o", "--output", required=True, metavar="DIR")
    emit.add_argument(
        "--robustness",
        action="store_true",
        help="also measure how far each property is from being violated",
    )
    emit.add_argument(
        "--property-memory",
        type=_bytes,
        metavar="BYTES",
        help="what each property may take in the bundle (default 2 MiB)",
    )
    _effort(emit)


def _monitor(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    monitor = commands.add_parser("monitor", help="judge a recorded trace", allow_abbrev=False)
    monitor.add_argument("file", metavar="FILE", help="the properties")
    monitor.add_argument("trace", metavar="TRACE", help=".csv, .jsonl or .mcap")
    monitor.add_argument(
        "--property", action="append", metavar="NAME", help="only this one; may be repeated"
    )
    monitor.add_argument(
        "--robustness", action="store_true", help="also how far each is from violation"
    )
    monitor.add_argument("--format", choices=("text", "json"), default="text")
    monitor.add_argument("--plot", metavar="OUT.svg", help="draw the first violation")
    monitor.add_argument(
        "--map",
        action="append",
        metavar="VARIABLE=TOPIC.FIELD",
        help="where a recording has a variable; or a file with one such mapping a line",
    )


def _small(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    fret = commands.add_parser(
        "fret", help="turn structured English into a property", allow_abbrev=False
    )
    fret.add_argument("requirement", metavar="TEXT", help="whenever p the arm shall … satisfy q")
    fret.add_argument("--name", default="requirement", help="the property's name")
    fmt = commands.add_parser("fmt", help="format files in place", allow_abbrev=False)
    fmt.add_argument("files", nargs="+", metavar="FILE", help="`-` reads standard input")
    fmt.add_argument(
        "--check", action="store_true", help="write nothing; exit 1 if a file would change"
    )
    rule = commands.add_parser("rule", help="explain a diagnostic's code", allow_abbrev=False)
    rule.add_argument("code", nargs="?", metavar="CODE", help="without it, all codes are listed")
    commands.add_parser("demo", help="prove, emit, compile and run an example", allow_abbrev=False)


def _effort(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--timeout",
        type=_seconds,
        default=10.0,
        metavar="SECONDS",
        help="for each obligation (default 10)",
    )
    parser.add_argument(
        "--jobs", type=_jobs, default=None, metavar="N", help="processes (default: one a core)"
    )


def _seconds(text: str) -> float:
    value = float(text)
    if not 0 < value <= 86_400:
        raise argparse.ArgumentTypeError("a time-out lies between 0 and 86400 seconds")
    return value


def _bytes(text: str) -> int:
    value = int(text)
    if not 1 <= value <= 2**30:
        raise argparse.ArgumentTypeError("a property takes between 1 byte and 1 GiB")
    return value


def _jobs(text: str) -> int:
    value = int(text)
    if not 1 <= value <= 256:
        raise argparse.ArgumentTypeError("there are between 1 and 256 jobs")
    return value
