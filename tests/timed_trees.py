"""Random trees of what speaks about time and resources, for the tests of the syntax."""

from __future__ import annotations

from hypothesis import strategies as st

from verifier.core.span import Span
from verifier.syntax import tree

HERE = Span("here", 1, 1, 1, 1)
SPANS: list[tuple[type, str]] = [
    (tree.Within, "chain C { x: A «within 1 s .. 3 s from x.end to x» }"),
    (tree.Moment, "chain C { within 3 s from «a.end» to b }"),
    (tree.Labelled, "chain C { A(); «a: B(c)»; D() }"),
    (tree.Uses, "skill A { «uses compute 3 TFLOPS» ensures x }"),
    (tree.TaskDeclaration, "processor P { «task a period 1 ms execution 1 us» task b }"),
    (tree.ShareDeclaration, "budget B of c { «share a = 3 TFLOPS» total 3 TFLOPS }"),
]
"""Sources with the span of a node marked, as test_syntax.py compares them."""
Names = st.SearchStrategy[tree.Name]
Expressions = st.SearchStrategy[tree.Expression]


def _several(strategy: st.SearchStrategy[object]) -> st.SearchStrategy[tuple[object, ...]]:
    return st.lists(strategy, max_size=3).map(tuple)


def steps(
    names: Names, calls: st.SearchStrategy[tree.Call]
) -> st.SearchStrategy[tree.Call | tree.Labelled]:
    """Calls with and without a name."""
    return calls | st.builds(tree.Labelled, names, calls, st.just(HERE))


def deadlines(names: Names, bounds: Expressions) -> st.SearchStrategy[tree.Within]:
    """Deadlines of whole chains and between two moments."""
    moments = st.builds(tree.Moment, names, st.none() | names, st.just(HERE))
    return st.builds(tree.Within, bounds, st.none() | st.tuples(moments, moments), st.just(HERE))


def capacities(names: Names, small: Expressions) -> tuple[st.SearchStrategy[tree.Declaration], ...]:
    """Processors, resources and budgets."""
    words = st.sampled_from(["period", "execution", "deadline"])
    values = st.tuples(words.map(lambda word: tree.Name(word, HERE)), small)
    tasks = st.builds(tree.TaskDeclaration, names, _several(values), st.just(HERE))
    shares = st.recursive(
        st.builds(tree.ShareDeclaration, names, small, st.just(HERE)),
        lambda inner: st.builds(
            tree.Group, st.sampled_from(["one", "all"]), _several(inner), st.just(HERE)
        ),
        max_leaves=4,
    )
    totals = st.builds(tree.Total, st.sampled_from(["total", "headroom"]), small, st.just(HERE))
    blocks = st.none() | _several(shares)
    return (
        st.builds(
            tree.ProcessorDeclaration, names, _several(names), _several(tasks), st.just(HERE)
        ),
        st.builds(tree.ResourceDeclaration, names, small, blocks, st.just(HERE)),
        st.builds(tree.BudgetDeclaration, names, names, _several(shares | totals), st.just(HERE)),
    )
