import pytest

from preference_api.v1alpha1.results import Gate
from preference_api.v1alpha1.status import Condition
from preference_trainer.evaluation import GateReason, decide
from report_builders import example, random_examples


def _right(right, pairs):
    """So many pairs of which the first are right by the implicit reward."""
    return [
        example(n, policy_chosen=-10.0 + (1 if n <= right else -1)) for n in range(1, pairs + 1)
    ]


@pytest.mark.parametrize("gate", [None, Gate()])
def test_without_conditions_every_model_passes(gate):
    decision = decide(_right(0, 5), gate=gate, current=None)
    assert (decision.passed, decision.reason) == (True, GateReason.NO_GATE)
    assert "every finished model is promoted" in decision.message


@pytest.mark.parametrize(
    ("right", "minimum", "passed", "reason", "message"),
    [
        (
            60,
            0.6,
            True,
            GateReason.PASSED,
            "Accuracy 60.0 % by the implicit reward reaches the minimum of 60.0 %; 95 % interval "
            "50.2 % to 69.1 %, which leaves it open on which side of the minimum the model is.",
        ),
        (
            90,
            0.6,
            True,
            GateReason.PASSED,
            "Accuracy 90.0 % by the implicit reward reaches the minimum of 60.0 %; 95 % interval "
            "82.6 % to 94.5 %.",
        ),
        (
            59,
            0.6,
            False,
            GateReason.ACCURACY_TOO_LOW,
            "Accuracy 59.0 % by the implicit reward is below the minimum of 60.0 %; 95 % interval "
            "49.2 % to 68.1 %, which leaves it open on which side of the minimum the model is.",
        ),
        (
            20,
            0.6,
            False,
            GateReason.ACCURACY_TOO_LOW,
            "Accuracy 20.0 % by the implicit reward is below the minimum of 60.0 %; 95 % interval "
            "13.3 % to 28.9 %.",
        ),
    ],
)
def test_the_minimum_is_met_by_the_point_estimate(right, minimum, passed, reason, message):
    decision = decide(_right(right, 100), gate=Gate(minimum_accuracy=minimum), current=None)
    assert decision.model_dump() == {"passed": passed, "reason": reason, "message": message}


WEAK, STRONG = _right(50, 100), _right(80, 100)


@pytest.mark.parametrize(
    ("ours", "current", "passed", "reason", "message"),
    [
        (STRONG, None, True, GateReason.PASSED, "No model is promoted yet"),
        (STRONG, WEAK, True, GateReason.PASSED, "30.0 points better (95 % interval"),
        (WEAK, STRONG, False, GateReason.WORSE_THAN_CURRENT, "30.0 points worse (95 % interval"),
        (WEAK, WEAK, False, GateReason.UNDECIDED, "not distinguishable from the promoted model"),
        (_right(5, 5), _right(0, 5), False, GateReason.UNDECIDED, "On 5 pairs that both models"),
        (STRONG, [example(101)], False, GateReason.UNDECIDED, "evaluated on other pairs"),
        (STRONG, WEAK[:90], True, GateReason.PASSED, "; 10 held out by only one of the runs are"),
    ],
    ids=["first", "better", "worse", "same", "few", "unshared", "partly"],
)
def test_the_burden_of_proof_lies_with_the_finished_model(ours, current, passed, reason, message):
    decision = decide(ours, gate=Gate(better_than_current=True), current=current)
    assert (decision.passed, decision.reason) == (passed, reason)
    assert message in decision.message


def _moved(better, worse, same):
    """Pairs that training moved to the right side, to the wrong side, or not at all."""
    kinds = [(-9.0, -11.0)] * better + [(-11.0, -9.0)] * worse + [(-9.0, -9.0)] * same
    return [
        example(
            n,
            policy_chosen=policy,
            policy_rejected=-10.0,
            base_chosen=base,
            base_rejected=-10.0,
        )
        for n, (policy, base) in enumerate(kinds, start=1)
    ]


@pytest.mark.parametrize(
    ("examples", "passed", "reason", "message"),
    [
        (_moved(30, 2, 0), True, GateReason.PASSED, "Beside the base model, on 32 pairs: "),
        (_moved(2, 30, 0), False, GateReason.WORSE_THAN_BASE, "points worse (95 % interval"),
        (_moved(6, 5, 20), False, GateReason.UNDECIDED, "not distinguishable from the base model"),
        (_moved(1, 0, 0), False, GateReason.UNDECIDED, "on 1 pair: not distinguishable"),
    ],
    ids=["better", "worse", "chance", "one"],
)
def test_the_base_model_has_to_be_beaten_beyond_chance(examples, passed, reason, message):
    decision = decide(examples, gate=Gate(better_than_base=True), current=None)
    assert (decision.passed, decision.reason) == (passed, reason)
    assert message in decision.message


def test_confidence_is_the_gates():
    """56 to 50 right of 100, six gained and none lost: p = 0.03125."""
    ours, current = _right(56, 100), _right(50, 100)
    surer = Gate(better_than_current=True, confidence=0.99)
    assert decide(ours, gate=Gate(better_than_current=True), current=current).passed
    decision = decide(ours, gate=surer, current=current)
    assert (decision.passed, decision.reason) == (False, GateReason.UNDECIDED)
    assert "99 % interval" in decision.message


def test_every_condition_is_told_and_the_first_that_fails_is_the_reason():
    gate = Gate(minimum_accuracy=0.9, better_than_current=True)
    decision = decide(WEAK, gate=gate, current=STRONG)
    assert decision.reason is GateReason.ACCURACY_TOO_LOW
    assert "is below the minimum" in decision.message
    assert "points worse" in decision.message
    assert not decide(
        WEAK, gate=Gate(minimum_accuracy=0.1, better_than_current=True), current=WEAK
    ).passed


@pytest.mark.parametrize("reason", list(GateReason))
def test_reasons_fit_a_condition(reason):
    fields = {"type": "EvaluationPassed", "status": "True", "lastTransitionTime": 0}
    message = decide(random_examples(9), gate=None, current=None).message
    assert Condition.model_validate({**fields, "reason": reason, "message": message})
