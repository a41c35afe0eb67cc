"""Whether a finished model may become the current one."""

from collections.abc import Sequence
from enum import StrEnum

from pydantic import Field

from preference_api.v1alpha1.base import ApiModel
from preference_api.v1alpha1.results import Gate
from preference_trainer.evaluation.arrays import arrays_of
from preference_trainer.evaluation.examples import Example
from preference_trainer.evaluation.headline import comparative
from preference_trainer.evaluation.rivals import compare_runs
from preference_trainer.evaluation.statistics import Verdict, compare, wilson


class GateReason(StrEnum):
    """Why the gate decided so, in one word."""

    NO_GATE = "NoGate"
    PASSED = "Passed"
    ACCURACY_TOO_LOW = "AccuracyTooLow"
    WORSE_THAN_BASE = "WorseThanBase"
    WORSE_THAN_CURRENT = "WorseThanCurrent"
    UNDECIDED = "Undecided"
    ROLLED_BACK = "RolledBack"


class GateDecision(ApiModel):
    """The verdict of the gate."""

    passed: bool = Field(description="True where the model may become the current one.")
    reason: GateReason = Field(description="Why, in one word.")
    message: str = Field(description="Why, in sentences with the figures.")


def decide(
    examples: Sequence[Example],
    *,
    gate: Gate | None,
    current: Sequence[Example] | None,
    seed: int = 0,
) -> GateDecision:
    """Whether the model that gave these examples may become the current one.

    A minimum is met by the point estimate; the message says where its interval leaves that open.
    Against the base model and the current one the burden of proof lies with the new one: a
    difference that could be chance keeps it back.

    Args:
        examples: Of the finished model, checked as `evaluate` does.
        gate: Conditions; None lets every model pass.
        current: Of the promoted model; None where nothing is promoted.
        seed: Seed of the bootstrap.

    Raises:
        DataError: There is no example.
        Diverged: A log-probability is not finite.
    """
    checks = []
    if gate is not None and gate.minimum_accuracy is not None:
        checks.append(_reaches(examples, gate.minimum_accuracy, gate.confidence))
    if gate is not None and gate.better_than_base:
        checks.append(_improves(examples, gate.confidence, seed))
    if gate is not None and gate.better_than_current:
        checks.append(_beats(examples, current, gate.confidence, seed))
    if not checks:
        message = "No condition is set; every finished model is promoted."
        return GateDecision(passed=True, reason=GateReason.NO_GATE, message=message)
    failed = [check for check in checks if not check.passed]
    return GateDecision(
        passed=not failed,
        reason=(failed or checks)[0].reason,
        message=" ".join(check.message for check in checks),
    )


def rolled_back(run_id: str) -> GateDecision:
    """The verdict on a run that a person has rolled back from: only a person brings it back."""
    message = (
        f"Run {run_id} was rolled back from, so it is not promoted by itself again; "
        f"`preference rollback NAME --to {run_id}` brings it back, and another run is promoted "
        "as usual."
    )
    return GateDecision(passed=False, reason=GateReason.ROLLED_BACK, message=message)


def _reaches(examples: Sequence[Example], minimum: float, confidence: float) -> GateDecision:
    arrays = arrays_of(examples)
    accuracy = wilson(arrays.by_reward, arrays.groups, confidence=confidence)
    passed = accuracy.value >= minimum
    message = (
        f"Accuracy {_percent(accuracy.value)} by the implicit reward "
        f"{'reaches' if passed else 'is below'} the minimum of {_percent(minimum)}; "
        f"{_percent(confidence, digits=None)} interval "
        f"{_percent(accuracy.lower)} to {_percent(accuracy.upper)}"
    )
    open_still = accuracy.lower < minimum <= accuracy.upper
    doubt = ", which leaves it open on which side of the minimum the model is" if open_still else ""
    reason = GateReason.PASSED if passed else GateReason.ACCURACY_TOO_LOW
    return GateDecision(passed=passed, reason=reason, message=f"{message}{doubt}.")


def _improves(examples: Sequence[Example], confidence: float, seed: int) -> GateDecision:
    """Against the base model, by average log-probability, which judges both alike."""
    arrays = arrays_of(examples)
    gain = compare(*arrays.by_average, arrays.groups, confidence=confidence, seed=seed)
    outcome = comparative(gain.difference, gain.verdict, confidence, rival="the base model")
    reasons = {**_REASONS, Verdict.WORSE: GateReason.WORSE_THAN_BASE}
    return GateDecision(
        passed=gain.verdict is Verdict.BETTER,
        reason=reasons[gain.verdict],
        message=f"Beside the base model, on {_pairs(len(examples))}: {outcome}.",
    )


def _beats(
    examples: Sequence[Example], current: Sequence[Example] | None, confidence: float, seed: int
) -> GateDecision:
    if current is None:
        message = "No model is promoted yet, so there is none to beat."
        return GateDecision(passed=True, reason=GateReason.PASSED, message=message)
    if not {e.key for e in examples} & {e.key for e in current}:
        message = (
            "The promoted model was evaluated on other pairs, so the two cannot be compared; "
            "hold out the same pairs for both by spec.dataset.evaluation.uri."
        )
        return GateDecision(passed=False, reason=GateReason.UNDECIDED, message=message)
    return _judge(examples, current, confidence, seed)


def _judge(
    examples: Sequence[Example], current: Sequence[Example], confidence: float, seed: int
) -> GateDecision:
    rivalry = compare_runs(examples, current, confidence=confidence, seed=seed)
    found = rivalry.by_reward
    outcome = comparative(found.difference, found.verdict, confidence, rival="the promoted model")
    unshared = rivalry.first_only + rivalry.second_only
    pairs = _pairs(found.pairs)
    left_out = f"; {unshared:,} held out by only one of the runs are left out" if unshared else ""
    return GateDecision(
        passed=found.verdict is Verdict.BETTER,
        reason=_REASONS[found.verdict],
        message=f"On {pairs} that both models were evaluated on: {outcome}{left_out}.",
    )


_REASONS = {
    Verdict.BETTER: GateReason.PASSED,
    Verdict.WORSE: GateReason.WORSE_THAN_CURRENT,
    Verdict.NOT_DISTINGUISHABLE: GateReason.UNDECIDED,
}


def _pairs(count: int) -> str:
    return f"{count:,} {'pair' if count == 1 else 'pairs'}"


def _percent(share: float, *, digits: int | None = 1) -> str:
    return f"{share * 100:g} %" if digits is None else f"{share * 100:.{digits}f} %"
