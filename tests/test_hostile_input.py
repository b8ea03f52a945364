"""Text that wants to break the reader is refused at the place where it goes too far, and what is
just within the limits can be read, compared and formatted."""

from __future__ import annotations

import sys

import pytest

from verifier.core.diagnostic import Diagnostic, SourceError
from verifier.core.span import Span
from verifier.source import settled
from verifier.syntax.formatter import format_expression, format_file
from verifier.syntax.lexer import NESTING_LIMIT
from verifier.syntax.parse import (
    RECOVERY_LIMIT,
    SIZE_LIMIT,
    TOKEN_LIMIT,
    decode,
    parse,
    parse_expression,
)


def refusal(text: str) -> tuple[Diagnostic, ...]:
    with pytest.raises(SourceError) as error:
        parse(text, "here")
    return error.value.diagnostics


def nested(opening: str, closing: str = "", levels: int = 1, inside: str = "a") -> tuple[str, str]:
    """An expression as deep as is allowed, and one that is deeper. An argument of a call is a level
    of its own, and `not a` has as many as a bound."""
    most = (NESTING_LIMIT - len(inside.split())) // levels
    within, beyond = (opening * count + inside + closing * count for count in (most, most + 1))
    return within, beyond


DEEP = {
    "not": nested("not "),
    "minus": nested("-"),
    "temporal": nested("always "),
    "bounded": nested("once[0, 1 s] ", inside="not a"),
    "quantifier": nested("forall o : T, "),
    "implies": nested("a implies "),
    "iff": nested("", " iff a"),
    "and": nested("", " and a"),
    "or": nested("", " or a"),
    "until": nested("a until "),
    "plus": nested("", " + a"),
    "times": nested("", " * a"),
    "power": nested("(", "^2)"),
    "exponent": ("a^" + "-" * (NESTING_LIMIT - 2) + "b", "a^" + "-" * (NESTING_LIMIT - 1) + "b"),
    "index": nested("", "[1]"),
    "indices": nested("a[", "]"),
    "part": nested("", ".x"),
    "list": nested("[", "]"),
    "call": nested("f(", ")", levels=2),
    "named": nested("f(x = ", ")", levels=2),
    "membership": nested("(", " in b)"),
    "comparison": nested("(", " < b)"),
}


@pytest.mark.parametrize("form", DEEP)
def test_nesting_within_the_limit_is_read_and_formatted(form: str) -> None:
    """Reading, comparing, hashing, showing and formatting stay within Python's own limit."""
    assert sys.getrecursionlimit() <= 1000
    text = f"const x = {DEEP[form][0]}"
    file = parse(text, "here")
    assert (file, hash(file), repr(file)) == (
        parse(text, "here"),
        hash(parse(text, "here")),
        repr(parse(text, "here")),
    )
    formatted = format_file(file)
    assert format_file(parse(formatted, "here")) == formatted
    assert parse_expression(format_expression(parse_expression(DEEP[form][0])))


@pytest.mark.parametrize("form", DEEP)
def test_one_level_more_is_refused(form: str) -> None:
    (found,) = refusal(f"const x = {DEEP[form][1]}\nconst y = 1")
    assert found.code == "nesting-too-deep"
    assert (found.span.line, found.span.end_line) == (1, 1)
    assert found.span.end_column - found.span.column < 10


def test_parentheses_count_though_the_tree_does_not_hold_them() -> None:
    within = "(" * NESTING_LIMIT + "a" + ")" * NESTING_LIMIT
    assert format_expression(parse_expression(within)) == "a"
    (found,) = refusal(f"const x = ({within})")
    column = len("const x = ") + NESTING_LIMIT + 1
    assert (found.code, found.span) == (
        "nesting-too-deep",
        Span("here", 1, column, 1, column + 1),
    )


@pytest.mark.parametrize("bracket", ["(", "[", "f(", "a[", "{", "state {", "always["])
def test_nothing_behind_the_bracket_too_many_is_read(bracket: str) -> None:
    text = "const x = " + bracket * 300 + " $ 1 furlong "
    found = refusal(text)
    assert not {"unknown-unit"} & {mistake.code for mistake in found}
    assert all("$" not in mistake.message for mistake in found)


@pytest.mark.parametrize(
    "repeated",
    [
        "not ",
        "a implies ",
        "a until ",
        "a and ",
        "a + ",
        "forall o : T, ",
        "always[0, 1] ",
        "a[",
        "skill A {\n",
        "$ ",
        "1 furlong ",
        'use "\n',
        "nan ",
        "} ",
        "on ",
        "type\n",
    ],
)
def test_a_long_text_is_given_up_at_its_first_mistake(repeated: str) -> None:
    text = "const x = " + repeated * (RECOVERY_LIMIT // len(repeated) + 1)
    assert len(refusal(text)) == 1


@pytest.mark.parametrize("repeated", ["(", "-", "a;", "a,", "1,", "type A\n", "0.5,", "$"])
def test_a_text_of_too_many_words_is_not_begun(repeated: str) -> None:
    (found,) = refusal((repeated * SIZE_LIMIT)[:SIZE_LIMIT])
    assert found.code == "file-too-large"
    assert f"{TOKEN_LIMIT:,}" in found.message


def test_a_long_list_of_mistakes_is_cut() -> None:
    assert len(refusal("const x = 1 furlong\n" * 100)) == 20


def test_size() -> None:
    assert parse("type A\n" + "# comment " * 10 + " " * 999_000, "here").declarations
    for refused in (
        lambda: parse("type A" + " " * SIZE_LIMIT, "here"),
        lambda: decode(b" " * (SIZE_LIMIT + 1), "here"),
    ):
        with pytest.raises(SourceError) as error:
            refused()
        (found,) = error.value.diagnostics
        assert (found.code, found.span) == ("file-too-large", Span("here", 1, 1, 1, 2))


@pytest.mark.parametrize("text", ["", "\n\n", "# only a comment", " \t\r\n# a\n\n  # b\n"])
def test_a_file_that_declares_nothing_is_a_mistake(text: str) -> None:
    (found,) = refusal(text)
    assert (found.code, found.span.line, found.span.column) == ("empty-file", 1, 1)


@pytest.mark.parametrize(
    ("data", "line", "column"),
    [
        (b"type A\x00", 1, 7),
        (b"type A\n# \xff", 2, 3),
        (b"\x7fELF\x02\x01\x00", 1, 7),
        (b"\x89PNG\r\n\x1a\n", 1, 1),
        ("# é\n# ü".encode() + b"\x80", 2, 4),
        ("type A".encode("utf-16"), 1, 1),
        ("type A\n# \u202e ereh".encode(), 2, 3),
        ("type A # é \u2066".encode(), 1, 12),
    ],
)
def test_what_is_not_text_is_refused_where_it_starts(data: bytes, line: int, column: int) -> None:
    with pytest.raises(SourceError) as error:
        decode(data, "here")
    (found,) = error.value.diagnostics
    assert (found.code, found.span.line, found.span.column) == ("not-text", line, column)


def test_a_byte_order_mark_is_no_part_of_the_text() -> None:
    assert decode(b"\xef\xbb\xbftype A", "here") == "type A"


@pytest.mark.parametrize(
    "number", ["1" * 61, "1" * 900_000, "1e1000", "1e" + "9" * 900_000, "0." + "0" * 60, "1e-9999"]
)
def test_a_number_that_is_too_long_is_refused_before_it_is_computed(number: str) -> None:
    (found,) = refusal(f"const x = {number}")
    assert found.code == "number-too-long"
    assert found.span == Span("here", 1, 11, 1, 11 + len(number))


def test_a_number_that_is_made_too_long_is_refused_where_it_is_made() -> None:
    squares = [f"const k{k + 1} = k{k} * k{k}" for k in range(40)]
    head = "state { x, y : real }\nconst k0 = 1e999\n"
    for made in (
        "\n".join(squares),
        "const z = 1 / k0 / 1e9",
        "const z = [1, k0] * 1e9",
        "skill S { requires (x + y) * k0 * 1e9 >= 0 }",
    ):
        with pytest.raises(SourceError) as error:
            settled("here", head + made)
        assert error.value.diagnostics[0].code == "number-too-long", made
    settled("here", "const k = 1e499 * 1e499")


def test_quantified_names_multiply_their_cases_up_to_a_bound() -> None:
    for ranges in ((22, 22, 22), (10_001,)):
        names = [f"forall i{k} in 1 .. {count}" for k, count in enumerate(ranges)]
        with pytest.raises(SourceError) as error:
            settled("here", f"state {{ a : bool }}\nskill S {{ requires {', '.join(names)}, a }}")
        assert [each.code for each in error.value.diagnostics] == ["index-out-of-range"]


def test_a_unit_that_is_too_long_is_refused_before_it_is_computed() -> None:
    (found,) = refusal("const x = 1 um" + "*um" * 30_000)
    assert found.code == "unknown-unit"
    assert len(found.message) < 100


def test_long_words_are_cut_in_messages() -> None:
    (found,) = refusal("a" * 50_000)
    assert len(found.message) < 100


@pytest.mark.parametrize(
    "text",
    [
        "const x = [" + ", ".join(["1 m"] * 5_000) + "]",
        "chain C {" + "; ".join(["Open"] * 5_000) + "}",
        "type " + ", ".join(["A"] * 5_000),
        "const x = " + " < ".join(["a"] * 5_000),
        "const x = f(" + ", ".join(["a"] * 5_000) + ")",
        "state {" + "a : bool\n" * 5_000 + "}",
        "type A\n" * 5_000,
    ],
    ids=["list", "steps", "names", "comparisons", "arguments", "variables", "declarations"],
)
def test_long_flat_texts_are_read_and_formatted(text: str) -> None:
    file = parse(text, "here")
    assert format_file(parse(format_file(file), "here")) == format_file(file)
