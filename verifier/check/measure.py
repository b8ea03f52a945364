"""Questions about time and resources: which judge answers which."""

from __future__ import annotations

from verifier.check.budget import judge_budget, judge_excess
from verifier.check.network import judge_failure, judge_network
from verifier.check.schedule import judge_earliest, judge_fixed, judge_missed, judge_overload
from verifier.core.budget import Budget
from verifier.core.network import Network
from verifier.core.obligation import Measure
from verifier.core.schedule import EarliestDeadline, FixedPriority


def judge_measure(question: Measure, certificate: object) -> None:
    """Raises Refused unless the certificate proves what is asked."""
    match question:
        case Network():
            judge_network(question, certificate)
        case FixedPriority():
            judge_fixed(question, certificate)
        case EarliestDeadline():
            judge_earliest(question, certificate)
        case Budget():
            judge_budget(question, certificate)


def judge_refuted(question: Measure, evidence: object) -> None:
    """Raises Refused unless the evidence refutes what is asked."""
    match question:
        case Network():
            judge_failure(question, evidence)
        case FixedPriority():
            judge_missed(question, evidence)
        case EarliestDeadline():
            judge_overload(question, evidence)
        case Budget():
            judge_excess(question, evidence)
