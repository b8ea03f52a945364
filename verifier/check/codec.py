"""Certificates as JSON-able values and back, strictly: what is not canonical is refused.

A rational is a string `p` or `p/q` in lowest terms. Terms and formulas are lists that begin with
what they are. A refutation is the list of its nodes in preorder, so that depth costs nothing; each
node's kind says how many of the following trees are its cases.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import fields, is_dataclass
from fractions import Fraction

from verifier.check.measure_codec import MEASURED, decode_measured, encode_measured, of_measure
from verifier.check.motion_codec import decode_family, encode_family
from verifier.check.polynomial import DEPTH_MAX, Refused, shown
from verifier.check.rational import Json, rational_of
from verifier.check.values import fields_of, integer_of, kind_of, list_of, row_of, rows_of, text_of
from verifier.core.certificate import (
    Certificate,
    Chosen,
    Clash,
    Combination,
    Meaning,
    Measured,
    NoLabel,
    Point,
    Refutation,
    SplitOn,
    SplitOr,
    Square,
    SumOfSquares,
    Terms,
    Weighted,
)
from verifier.core.cover import Cut, Leaf
from verifier.core.evaluate import Value
from verifier.core.motion import Family
from verifier.core.obligation import (
    Deferral,
    Entailment,
    Existence,
    Obligation,
    Passage,
    Realization,
    Unstated,
)
from verifier.core.substitution import Stand
from verifier.core.term import (
    And,
    Apply,
    Boolean,
    Choice,
    Comparison,
    Enumeration,
    Formula,
    Iff,
    Implies,
    Key,
    Not,
    Number,
    Or,
    Product,
    Proposition,
    Quotient,
    Sort,
    Sum,
    Term,
    Truth,
    Variable,
)

# ---- writing -----------------------------------------------------------------------------------


def encode(certificate: Certificate) -> Json:
    """The certificate as a value that `json.dumps` takes and `decode` gives back."""
    if isinstance(certificate, Leaf | Cut):
        from verifier.check.cover_codec import encode_evidence

        return encode_evidence(certificate)
    if isinstance(certificate, Point):
        return {"kind": "point", "values": [[*key, _of_value(v)] for key, v in certificate.values]}
    if isinstance(certificate, Family):
        return {"kind": "motion", "family": encode_family(certificate)}
    if isinstance(certificate, Measured):
        return encode_measured(certificate)
    nodes: list[Json] = []
    todo: list[Refutation] = [certificate]
    while todo:
        node = todo.pop()
        cases: tuple[Refutation, ...] = ()
        match node:
            case Clash(first, second):
                nodes.append({"kind": "clash", "first": first, "second": second})
            case NoLabel(name, version, facts):
                nodes.append(
                    {"kind": "no-label", "name": name, "version": version, "facts": list(facts)}
                )
            case Combination():
                nodes.append(_of_combination(node))
            case SumOfSquares():
                nodes.append(_of_squares(node))
            case SplitOr(fact, cases):
                nodes.append({"kind": "split-or", "fact": fact, "cases": len(cases)})
            case SplitOn(formula, yes, no):
                nodes.append({"kind": "split-on", "formula": of_formula(formula)})
                cases = (yes, no)
            case Meaning(term, rest):
                nodes.append({"kind": "meaning", "term": of_term(term)})
                cases = (rest,)
            case Chosen(values, rest):
                given: list[Json] = [[*key, _of_stand(stand)] for key, stand in values]
                nodes.append({"kind": "chosen", "values": given})
                cases = (rest,)
        todo.extend(reversed(cases))
    return {"kind": "refutation", "nodes": nodes}


def _of_value(value: Value) -> Json:
    if isinstance(value, bool):
        return value
    return str(value) if isinstance(value, Fraction) else {"label": value}


def _of_stand(stand: Stand) -> Json:
    match stand:
        case str():
            return {"label": stand}
        case (str(name), int(version)):
            return {"same": [name, version]}
        case _ if isinstance(stand, Term):
            return {"term": of_term(stand)}
        case _:
            assert isinstance(stand, Formula)
            return {"formula": of_formula(stand)}


def _of_combination(node: Combination) -> Json:
    return {
        "kind": "combination",
        "multipliers": [[index, str(factor)] for index, factor in node.multipliers],
        "squares": [
            {
                "weight": str(square.weight),
                "constant": str(square.constant),
                "coefficients": [[*key, str(factor)] for key, factor in square.coefficients],
            }
            for square in node.squares
        ],
        "products": [[one, other, str(factor)] for one, other, factor in node.products],
        "equations": [[index, *key, str(factor)] for index, key, factor in node.equations],
        "constant": str(node.constant),
    }


def _of_squares(node: SumOfSquares) -> Json:
    return {
        "kind": "sum-of-squares",
        "squares": [
            {"facts": list(each.facts), "weight": str(each.weight), "form": _of_terms(each.form)}
            for each in node.squares
        ],
        "equations": [[index, _of_terms(factor)] for index, factor in node.equations],
        "constant": str(node.constant),
    }


def _of_terms(terms: Terms) -> Json:
    return [[[list(key) for key in monomial], str(factor)] for monomial, factor in terms]


# Formulas are long: here, as in survey.py, `isinstance` is several times quicker than `match`.


def of_term(term: Term) -> Json:
    if isinstance(term, Number):
        return str(term.value)
    if isinstance(term, Variable):
        return ["variable", term.name, term.version]
    if isinstance(term, Product):
        return ["*", *map(of_term, term.factors)]
    if isinstance(term, Sum):
        return ["+", *map(of_term, term.terms)]
    if isinstance(term, Quotient):
        return ["/", of_term(term.numerator), of_term(term.denominator)]
    return ["apply", term.function, *map(of_term, term.arguments)]


def of_formula(formula: Formula) -> Json:
    if isinstance(formula, Comparison):
        return [formula.relation, of_term(formula.left), of_term(formula.right)]
    if isinstance(formula, And):
        return ["and", *map(of_formula, formula.parts)]
    if isinstance(formula, Or):
        return ["or", *map(of_formula, formula.parts)]
    if isinstance(formula, Proposition):
        return ["proposition", formula.name, formula.version]
    if isinstance(formula, Choice):
        return ["choice", formula.name, formula.version, formula.label]
    if isinstance(formula, Not):
        return ["not", of_formula(formula.body)]
    if isinstance(formula, Implies):
        return ["implies", of_formula(formula.premise), of_formula(formula.conclusion)]
    if isinstance(formula, Iff):
        return ["iff", of_formula(formula.left), of_formula(formula.right)]
    return [str(formula.value).lower()]


def statement_digest(obligation: Obligation) -> str:
    """SHA-256 of the question and its sorts, in hexadecimal. It tells files apart; a certificate
    is judged by the question itself."""
    question = obligation.question
    parts: Json
    match question:
        case Entailment(hypotheses, goals):
            given: Json = [of_formula(fact.formula) for fact in hypotheses]
            wanted: Json = [of_formula(fact.formula) for fact in goals]
            parts = ["entailment", given, wanted]
        case Existence(facts):
            parts = ["existence", [of_formula(fact.formula) for fact in facts]]
        case Realization(hypotheses, goals, chosen):
            parts = [
                "realization",
                [of_formula(fact.formula) for fact in hypotheses],
                [of_formula(fact.formula) for fact in goals],
                [[*key, *before] for key, before in chosen],
            ]
        case Deferral(goals, monitor, fallback):
            parts = ["deferral", [of_formula(fact.formula) for fact in goals], monitor, fallback]
        case Passage(problem, plan, start, hypotheses, goals):
            given = [of_formula(fact.formula) for fact in hypotheses]
            wanted = [of_formula(fact.formula) for fact in goals]
            parts = ["passage", _of_data(problem), _of_data(plan), _of_data(start), given, wanted]
        case Unstated():
            raise AssertionError("a question that is not stated has no digest")
        case measure:
            parts = of_measure(measure)
    sorts: Json = {name: _of_sort(sort) for name, sort in obligation.sorts.items()}
    text = json.dumps([parts, sorts], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _of_data(value: object) -> Json:
    """A plain value of ours: a record by its name and its fields in order."""
    if isinstance(value, tuple):
        return [_of_data(part) for part in value]
    if is_dataclass(value):
        return [type(value).__name__, *(_of_data(getattr(value, f.name)) for f in fields(value))]
    return str(value)


def _of_sort(sort: Sort) -> Json:
    match sort:
        case Boolean():
            return "boolean"
        case Enumeration(labels):
            return list(labels)
        case _:
            return f"real {sort.dimension}"


# ---- reading -----------------------------------------------------------------------------------


def decode(data: object) -> Certificate:
    """The certificate that `encode` wrote. Raises Refused, with the reason, for anything else."""
    kind = kind_of(data)
    if kind == "point":
        _, values = fields_of(data, "kind", "values")
        return Point(tuple(_point_entry(entry) for entry in list_of(values)))
    if kind == "motion":
        return decode_family(fields_of(data, "kind", "family")[1])
    if kind == "cover":
        from verifier.check.cover_codec import decode_evidence

        cover = decode_evidence(data)
        assert isinstance(cover, Leaf | Cut)
        return cover
    if kind in MEASURED:
        return decode_measured(data)
    if kind != "refutation":
        raise Refused(f"there is no certificate of kind {shown(kind)}")
    _, nodes = fields_of(data, "kind", "nodes")
    done: list[Refutation] = []
    for place, node in reversed(list(enumerate(list_of(nodes)))):
        try:
            done.append(_node(node, done))
        except Refused as refusal:
            raise Refused(f"node {place}: {refusal}") from None
    if len(done) != 1:
        raise Refused(f"the nodes make {len(done)} trees, not one")
    return done[0]


def _node(data: object, done: list[Refutation]) -> Refutation:
    """Reads one node; its cases, read before it, are taken off the end of `done`."""

    def case() -> Refutation:
        if not done:
            raise Refused("the tree ends before all cases are given")
        return done.pop()

    match kind_of(data):
        case "clash":
            _, first, second = fields_of(data, "kind", "first", "second")
            return Clash(integer_of(first), integer_of(second))
        case "no-label":
            _, name, version, facts = fields_of(data, "kind", "name", "version", "facts")
            return NoLabel(
                text_of(name), integer_of(version), tuple(map(integer_of, list_of(facts)))
            )
        case "combination":
            return _combination(data)
        case "sum-of-squares":
            return _sum_of_squares(data)
        case "split-or":
            _, fact, count = fields_of(data, "kind", "fact", "cases")
            if not 0 <= integer_of(count) <= len(done):
                raise Refused("the tree ends before all cases are given")
            return SplitOr(integer_of(fact), tuple(case() for _ in range(integer_of(count))))
        case "split-on":
            _, formula = fields_of(data, "kind", "formula")
            return SplitOn(formula_of(formula), case(), case())
        case "meaning":
            _, term = fields_of(data, "kind", "term")
            applied = term_of(term)
            if not isinstance(applied, Apply):
                raise Refused("only a function has a meaning")
            return Meaning(applied, case())
        case "chosen":
            _, values = fields_of(data, "kind", "values")
            rows = tuple((_key(n, v), _stand(stand)) for n, v, stand in rows_of(values, 3))
            return Chosen(rows, case())
        case other:
            raise Refused(f"there is no step of kind {shown(other)}")


def _combination(data: object) -> Combination:
    names = ("kind", "multipliers", "squares", "products", "equations", "constant")
    _, multipliers, squares, products, equations, constant = fields_of(data, *names)
    return Combination(
        tuple((integer_of(i), rational_of(f)) for i, f in rows_of(multipliers, 2)),
        tuple(map(_square, list_of(squares))),
        rational_of(constant),
        tuple((integer_of(i), integer_of(j), rational_of(f)) for i, j, f in rows_of(products, 3)),
        tuple((integer_of(i), _key(n, v), rational_of(f)) for i, n, v, f in rows_of(equations, 4)),
    )


def _square(data: object) -> Square:
    weight, constant, coefficients = fields_of(data, "weight", "constant", "coefficients")
    rows = tuple((_key(n, v), rational_of(factor)) for n, v, factor in rows_of(coefficients, 3))
    return Square(rational_of(weight), rational_of(constant), rows)


def _sum_of_squares(data: object) -> SumOfSquares:
    _, squares, equations, constant = fields_of(data, "kind", "squares", "equations", "constant")
    found = []
    for each in list_of(squares):
        facts, weight, form = fields_of(each, "facts", "weight", "form")
        indices = tuple(map(integer_of, list_of(facts)))
        found.append(Weighted(indices, rational_of(weight), _terms(form)))
    factors = tuple((integer_of(index), _terms(factor)) for index, factor in rows_of(equations, 2))
    return SumOfSquares(tuple(found), factors, rational_of(constant))


def _terms(data: object) -> Terms:
    return tuple(
        (tuple(_key(*row_of(key, 2)) for key in list_of(monomial)), rational_of(factor))
        for monomial, factor in rows_of(data, 2)
    )


def _point_entry(data: object) -> tuple[Key, Value]:
    name, version, value = row_of(data, 3)
    if isinstance(value, dict):
        return _key(name, version), text_of(*fields_of(value, "label"))
    return _key(name, version), value if isinstance(value, bool) else rational_of(value)


def _stand(data: object) -> Stand:
    match data:
        case {"label": label, **rest} if not rest:
            return text_of(label)
        case {"same": key, **rest} if not rest:
            return _key(*row_of(key, 2))
        case {"term": term, **rest} if not rest:
            return term_of(term)
        case {"formula": formula, **rest} if not rest:
            return formula_of(formula)
    raise Refused(f"{shown(data)} is no value for a variable")


def term_of(data: object, depth: int = 0) -> Term:
    """The term that `of_term` wrote. Raises Refused."""
    if isinstance(data, str):
        return Number(rational_of(data))
    head, rest = _headed(data, depth)

    def inner(parts: list[object]) -> tuple[Term, ...]:
        return tuple(term_of(part, depth + 1) for part in parts)

    match head:
        case "variable":
            return Variable(*_key(*row_of(rest, 2)))
        case "+":
            return Sum(inner(rest))
        case "*":
            return Product(inner(rest))
        case "/":
            return Quotient(*inner(row_of(rest, 2)))
        case "apply" if rest:
            return Apply(text_of(rest[0]), inner(rest[1:]))
    raise Refused(f"there is no term {shown(head)}")


def formula_of(data: object, depth: int = 0) -> Formula:
    """The formula that `of_formula` wrote. Raises Refused."""
    head, rest = _headed(data, depth)

    def inner(parts: list[object]) -> tuple[Formula, ...]:
        return tuple(formula_of(part, depth + 1) for part in parts)

    match head:
        case "true" | "false":
            row_of(rest, 0)
            return Truth(head == "true")
        case "proposition":
            return Proposition(*_key(*row_of(rest, 2)))
        case "choice":
            name, version, label = row_of(rest, 3)
            return Choice(*_key(name, version), text_of(label))
        case "<=" | "<" | "==":
            left, right = row_of(rest, 2)
            return Comparison(head, term_of(left, depth + 1), term_of(right, depth + 1))
        case "not":
            return Not(*inner(row_of(rest, 1)))
        case "and":
            return And(inner(rest))
        case "or":
            return Or(inner(rest))
        case "implies":
            return Implies(*inner(row_of(rest, 2)))
        case "iff":
            return Iff(*inner(row_of(rest, 2)))
    raise Refused(f"there is no formula {shown(head)}")


def _headed(data: object, depth: int) -> tuple[str, list[object]]:
    parts = list_of(data)
    if depth > DEPTH_MAX or not parts or not isinstance(parts[0], str):
        raise Refused("a formula is nested too deeply or does not say what it is")
    return parts[0], parts[1:]


def _key(name: object, version: object) -> Key:
    return text_of(name), integer_of(version)
