"""What a `Chosen` says: the goals of a realization, with its values in their place."""

from __future__ import annotations

from verifier.check.polynomial import Refused
from verifier.check.shape import as_key, as_rows
from verifier.check.survey import known, survey
from verifier.core.obligation import Realization
from verifier.core.substitution import Stand, put
from verifier.core.term import And, Boolean, Enumeration, Formula, Key, Real, Sort, Term


def chosen(question: Realization | None, values: object, sorts: dict[str, Sort]) -> Formula:
    """The conjunction of the goals with these values for exactly what is to be chosen. Raises
    Refused."""
    if question is None:
        raise Refused("there is nothing to choose in this question")
    wanted = {variable for variable, _ in question.chosen}
    stands: dict[Key, Stand] = {}
    for entry in as_rows(values, 2, "the choice"):
        variable = as_key(entry[0])
        if variable not in wanted or variable in stands:
            told = f"the choice gives `{variable[0]}` a value that it should not have, or two"
            raise Refused(told)
        stands[variable] = _stand(variable, entry[1], sorts)
    if len(stands) != len(wanted):
        raise Refused("the choice leaves something out")
    goals = And(tuple(put(fact.formula, stands) for fact in question.goals))
    survey(goals, sorts, partial=False)
    return goals


def _stand(variable: Key, value: object, sorts: dict[str, Sort]) -> Stand:
    """The value, if it is one of the variable's sort in every state."""
    sort = known(*variable, object, sorts)
    match sort, value:
        case Enumeration(labels), str() if value in labels:
            return value
        case Enumeration(), (_, _):
            other = as_key(value)
            if known(*other, Enumeration, sorts) == sort:
                return other
        case Real(), _:
            survey(value, sorts, partial=False)
            if isinstance(value, Term):
                return value
        case Boolean(), _:
            survey(value, sorts, partial=False)
            if isinstance(value, Formula):
                return value
    raise Refused(f"the value chosen for `{variable[0]}` is not of its sort")
