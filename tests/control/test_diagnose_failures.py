from dataclasses import replace

import pytest

from pod_states import NAME, exited, failed_job, said
from preference_operator.diagnose import Reason, as_sentence, ended, job_failed
from preference_operator.diagnose.failures import AGAIN

POLICY = "Container trainer for pod team/x failed with exit code 4 matching FailJob rule at index 2"
OUT_OF_MEMORY = ended(exited(137, "OOMKilled"))
NO_PAIRS = ended(exited(3, words=said(3, reason="NoPairs", message="no row", remedy="Add rows.")))


def test_the_users_fault_is_told_in_the_trainers_words() -> None:
    assert NO_PAIRS is not None
    assert NO_PAIRS.diagnosis is not None
    found = job_failed(failed_job("PodFailurePolicy", POLICY), NO_PAIRS)
    assert found == replace(NO_PAIRS.diagnosis, remedy=f"Add rows. {AGAIN}")


@pytest.mark.parametrize(
    ("words", "reason"),
    [(POLICY, Reason.STORAGE_REFUSED), ("", Reason.JOB_FAILED), ("exit code 999", "Failed")],
)
def test_without_the_pod_the_controllers_words_tell_the_exit_code(words: str, reason: str) -> None:
    found = job_failed(failed_job("PodFailurePolicy", words), None)
    assert (found.reason, found.message) == (reason, words)


def test_a_pod_that_was_not_refused_does_not_speak_for_the_job() -> None:
    found = job_failed(failed_job("PodFailurePolicy", POLICY), OUT_OF_MEMORY)
    assert found.reason == Reason.STORAGE_REFUSED


@pytest.mark.parametrize(
    "reason", ["BackoffLimitExceeded", "FailedIndexes", "MaxFailedIndexesExceeded"]
)
def test_too_often(reason: str) -> None:
    found = job_failed(failed_job(reason, failed=4), OUT_OF_MEMORY)
    assert found.reason == Reason.BACKOFF_LIMIT_EXCEEDED
    assert found.message == (
        "4 failed attempts, the last one OOMKilled: "
        f"the trainer in pod {NAME} needed more than its memory limit of 16Gi"
    )
    assert found.remedy.startswith("Raise spec.resources.memory")
    assert found.remedy.endswith(AGAIN)


@pytest.mark.parametrize(("failed", "told"), [(1, "1 failed attempt"), (2, "2 failed attempts")])
def test_too_often_without_the_last_pod(failed: int, told: str) -> None:
    found = job_failed(failed_job("FailedIndexes", failed=failed), None)
    assert found.message == told
    assert "spec.restarts.failures" in found.remedy


@pytest.mark.parametrize("kind", ["Failed", "FailureTarget"])
def test_deadline(kind: str) -> None:
    found = job_failed(failed_job("DeadlineExceeded", kind=kind), ended(exited(75)))
    assert found.reason == Reason.DEADLINE_EXCEEDED
    assert "spec.activeDeadlineSeconds" in found.message


def test_unknown_reason_in_the_conditions_own_words() -> None:
    found = job_failed(failed_job("BadWeather", "it rains"), None)
    assert found.reason == Reason.JOB_FAILED
    assert found.message == "Job tone-1a2b3c-train failed: BadWeather: it rains"


def test_no_condition() -> None:
    assert job_failed({}, None).message == "Job failed: nothing says why"


def test_how_to_try_again_is_never_cut() -> None:
    long = ended(exited(3, words=said(3, message="m" * 900, remedy="r" * 900)))
    found = job_failed(failed_job("PodFailurePolicy", POLICY), long)
    assert found.remedy.endswith(f"… {AGAIN}")
    assert len(found.text) <= 1024


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("pod a-0 is gone", "Pod a-0 is gone."),
        ("It is said already.", "It is said already."),
        ("spec.image is not allowed", "spec.image is not allowed."),
        ("22 pairs are few", "22 pairs are few."),
    ],
)
def test_a_message_becomes_a_sentence_and_names_stay_names(words: str, sentence: str) -> None:
    assert as_sentence(words) == sentence
