import pytest

from diagnose_cases import ENDED
from pod_states import FINISHED, NAME, Body, container, disrupted, exited, pod, said
from preference_api.wire import TerminationMessage
from preference_operator.diagnose import Diagnosis, Reason, Verdict, ended
from preference_operator.diagnose.endings import Ending


@pytest.mark.parametrize(("verdict", "reason", "body"), ENDED.values(), ids=ENDED)
def test_verdict_and_reason(verdict: Verdict, reason: Reason | None, body: Body) -> None:
    end = ended(body)
    assert end is not None
    assert end.verdict is verdict
    assert (end.diagnosis and end.diagnosis.reason) == reason
    assert end.pod == NAME


@pytest.mark.parametrize("phase", ["Pending", "Running", "Unknown"])
def test_not_ended(phase: str) -> None:
    assert ended(pod(phase, containerStatuses=[container("running")])) is None


def test_another_container_does_not_end_the_pod() -> None:
    sidecar = container("terminated", name="mesh", exitCode=1)
    assert ended(pod("Running", containerStatuses=[sidecar, container("running")])) is None


def test_when_and_how() -> None:
    end = ended(exited(75))
    assert end is not None
    assert (end.exit_code, end.finished_at) == (75, FINISHED)


def test_a_pod_whose_container_never_ran() -> None:
    end = ended(pod("Failed", reason="NodeLost"))
    assert end is not None
    assert (end.exit_code, end.finished_at, end.message) == (None, None, None)


@pytest.mark.parametrize("code", [1, 2, 3, 4, 5, 6, 75])
def test_the_trainers_own_words_are_preferred(code: int) -> None:
    words = said(code, reason="NoPairs", message="row 3 is bad", remedy="Mend row 3.")
    assert _ended(exited(code, words=words)).diagnosis == Diagnosis(
        reason="NoPairs", message="row 3 is bad", remedy="Mend row 3."
    )


def test_what_the_trainer_leaves_out_comes_from_the_exit_code() -> None:
    assert _diagnosis(exited(3, words=said(3))) == Diagnosis(
        reason="Word",
        message=f"the trainer in pod {NAME} ended with exit code 3",
        remedy="Correct the rows that the message or the pod's log names.",
    )


def test_a_reason_that_no_condition_can_hold_is_replaced() -> None:
    assert _diagnosis(exited(3, words=said(3, reason="no word"))).reason == Reason.BAD_DATA


def test_texts_are_bounded_and_on_one_line() -> None:
    words = said(1, message="word\n\x1b[31m " * 150, remedy="r" * 500)
    found = _diagnosis(exited(1, words=words))
    assert len(found.text) <= 1024
    assert found.text.isprintable()
    assert found.message.startswith("word [31m word")
    assert found.message.endswith("…")


def test_last_words_are_kept_whatever_the_exit_code() -> None:
    words = TerminationMessage.model_validate_json(said(75, step=500, checkpoint_uri="s3://b/c"))
    assert _ended(exited(137, words=said(75, step=500, checkpoint_uri="s3://b/c"))).message == words


def test_what_a_newer_trainer_adds_is_left_out() -> None:
    words = '{"exitCode":3,"reason":"NoPairs","mood":"bad","progress":{"step":7,"colour":"red"}}'
    message = _ended(exited(3, words=words)).message
    assert message is not None
    assert message.reason == "NoPairs"
    assert message.progress is not None
    assert message.progress.step == 7


def test_out_of_memory_names_the_limit() -> None:
    found = _diagnosis(exited(137, "OOMKilled"))
    assert found.message == f"the trainer in pod {NAME} needed more than its memory limit of 16Gi"
    assert "spec.resources.memory" in found.remedy
    assert "microBatchSize" in found.remedy


def test_out_of_memory_without_a_limit() -> None:
    found = _diagnosis(exited(137, "OOMKilled", memory=None))
    assert "has no memory limit" in found.message


def test_a_disruption_says_what_was_saved() -> None:
    body = exited(
        75,
        words=said(75, message="step 500 is saved"),
        **disrupted("EvictionByEvictionAPI", "Eviction API: evicting"),
    )
    assert _diagnosis(body).message == (
        f"pod {NAME} had to leave its node: Eviction API: evicting; step 500 is saved"
    )


@pytest.mark.parametrize(
    ("name", "message", "remedy"),
    [
        ("node short of memory", "low on resource: memory", "Set spec.resources.memory"),
        ("own limit broken", 'volume "shm"', "Raise spec.resources.sharedMemory"),
        ("aborted", "exit code 134 (SIGABRT)", "log"),
        ("killed", "exit code 137 (SIGKILL)", "STOP_SECONDS"),
        ("start error", 'exec: "preference-trainer": not found', "entry point"),
        ("container lost", "could not be located", "kubectl describe node"),
        ("device broken", "node node-7 did not take", "cordon"),
        ("device broken", "UnexpectedAdmissionError: Allocate failed", "cordon"),
    ],
)
def test_words(name: str, message: str, remedy: str) -> None:
    found = _diagnosis(ENDED[name][2])
    assert message in found.message
    assert remedy in found.remedy


def _ended(body: Body) -> Ending:
    end = ended(body)
    assert end is not None
    return end


def _diagnosis(body: Body) -> Diagnosis:
    found = _ended(body).diagnosis
    assert found is not None
    return found
