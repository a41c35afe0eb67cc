"""Which run is the current model of a job."""

from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

import pytest

import jobs
import pointers
import specs
from pointers import current
from preference_api.v1alpha1.status import Resolved
from preference_api.v1alpha1.storage import Storage
from preference_api.wire import RunDocument
from preference_trainer.errors import StorageUnavailable
from preference_trainer.evaluation import Example, GateReason, encode_examples, prompt_group
from preference_trainer.metrics import Metrics
from preference_trainer.pointer import rolled_back_from
from preference_trainer.promotion import Candidate, judge, promote
from preference_trainer.storage import Location, open_location
from s3_servers import S3Server


def examples(*, right: int, pairs: int = 100) -> list[Example]:
    """Held-out pairs of which the policy judges so many rightly."""
    return [
        Example(
            source="pairs",
            row=number + 1,
            prompt=f"prompt {number}",
            chosen="yes",
            rejected="no",
            prompt_tokens=2,
            chosen_tokens=1,
            rejected_tokens=1,
            policy_chosen=-1.0 if number < right else -3.0,
            policy_rejected=-2.0,
            base_chosen=-2.0,
            base_rejected=-2.0,
            group=prompt_group(f"prompt {number}"),
        )
        for number in range(pairs)
    ]


@pytest.fixture
def output(tmp_path: Path) -> Location:
    return open_location(f"file://{tmp_path}/bucket", Storage(), local=True)


def candidate(output: Location, run: str, *, right: int, **gate: Any) -> Candidate:
    """A finished run."""
    place = output / f"runs/{run}/evaluation/examples.jsonl.gz"
    place.write(encode_examples(examples(right=right)))
    spec = specs.spec(evaluation={"gate": gate} if gate else {}, output={"uri": output.uri})
    resolved = Resolved(run_id=run, dataset_digest="d", model_digest="m")
    document = RunDocument(name="job", spec=spec, local=True, resolved=resolved)
    return Candidate.of(document, metrics=Metrics(job="job"))


def test_pointer_moves_and_remembers(output: Location) -> None:
    for run in ("one", "two", "two"):
        assert promote(candidate(output, run, right=60)).passed
    assert current(output)["runId"] == "two"
    assert [entry["runId"] for entry in current(output)["history"]] == ["one"]


RIVALS = [(90, True), (60, False), (30, False)]


@pytest.mark.parametrize(("right", "passes"), RIVALS)
def test_only_a_better_model_replaces_the_current_one(
    output: Location, right: int, passes: bool
) -> None:
    promote(candidate(output, "first", right=60))
    decision = promote(candidate(output, "second", right=right, betterThanCurrent=True))
    assert decision.passed is passes
    assert current(output)["runId"] == ("second" if passes else "first")


def test_current_model_without_evidence_is_not_beaten(output: Location) -> None:
    promote(candidate(output, "first", right=60))
    (output / "runs/first/evaluation/examples.jsonl.gz").delete()
    decision = promote(candidate(output, "second", right=90, betterThanCurrent=True))
    assert not decision.passed
    assert current(output)["runId"] == "first"


def moved(*moves: str) -> dict[str, Any]:
    """What the pointer says after these moves, newest first: a run, with `<` if rolled back to."""
    entries = [
        {"runId": move.strip("<"), "reason": "RolledBack" if "<" in move else "Promoted"}
        for move in moves
    ]
    return {**entries[0], "history": entries[1:]}


@pytest.mark.parametrize(
    ("moves", "left"),
    [
        (["x", "w"], set()),
        (["w<"], set()),
        (["w<", "x", "w"], {"x"}),
        (["v<", "w<", "x", "w"], {"w", "x"}),
        (["x<", "w<", "x", "w"], {"w"}),
        (["w<", "x<", "w<", "x", "w"], {"x"}),
        (["y", "w<", "x", "w"], set()),
        (["w<", "y", "v<", "x"], {"y"}),
    ],
)
def test_what_was_rolled_back_from_is_known_until_something_is_promoted(
    moves: list[str], left: set[str]
) -> None:
    assert rolled_back_from(moved(*moves)) == left


def test_without_a_current_model_nothing_was_rolled_back_from() -> None:
    assert rolled_back_from(None) == set()


def test_a_run_that_was_rolled_back_from_is_not_promoted_again(output: Location) -> None:
    promote(candidate(output, "good", right=60))
    bad = candidate(output, "bad", right=90)
    assert promote(bad).passed
    pointers.go_back(output, "good")
    for decision in (promote(bad), judge(bad, examples(right=90))):
        assert (decision.passed, decision.reason) == (False, GateReason.ROLLED_BACK)
        assert "`preference rollback NAME --to bad` brings it back" in decision.message
    assert pointers.moves(output) == ["good", "bad", "good"]


def test_after_a_rollback_the_present_run_passes_and_another_is_promoted(output: Location) -> None:
    for run in ("good", "bad"):
        promote(candidate(output, run, right=60))
    pointers.go_back(output, "good")
    assert promote(candidate(output, "good", right=60)).passed
    assert current(output)["reason"] == "RolledBack"
    assert promote(candidate(output, "other", right=60)).passed
    assert pointers.moves(output) == ["other", "good", "bad", "good"]


def test_a_person_brings_a_run_back_that_was_rolled_back_from(output: Location) -> None:
    for run in ("good", "bad"):
        promote(candidate(output, run, right=60))
    pointers.go_back(output, "good")
    pointers.go_back(output, "bad")
    assert promote(candidate(output, "bad", right=60)).passed
    assert not promote(candidate(output, "good", right=60)).passed
    assert current(output)["runId"] == "bad"


def rival(output: Location) -> Callable[[], None]:
    """Points to another run each time, whatever the pointer says."""
    numbers = count()
    return lambda: pointers.promote(output, f"rival {next(numbers)}")


def test_two_promotions_at_once_end_in_one_that_saw_the_other(
    output: Location, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = candidate(output, "ours", right=60)
    pointers.interrupt(monkeypatch, output, rival(output))
    assert promote(ours).passed
    assert current(output)["runId"] == "ours"
    assert [entry["runId"] for entry in current(output)["history"]] == ["rival 0"]


def test_endless_rivals_are_given_up_on(output: Location, monkeypatch: pytest.MonkeyPatch) -> None:
    ours = candidate(output, "ours", right=60)
    pointers.interrupt(monkeypatch, output, rival(output), times=5)
    with pytest.raises(StorageUnavailable, match="again and again"):
        promote(ours)


def test_reused_run_becomes_the_model_of_the_job_that_asked(
    s3_moto: S3Server, tmp_path: Path
) -> None:
    world = jobs.World.made(s3_moto)
    jobs.train(jobs.check(world.document()))
    other = world.document().model_copy(update={"name": "other"})
    ended = jobs.ended(jobs.start("check", other, world, tmp_path), tmp_path)
    assert ended.message["check"]["reused"], ended.output
    pointers = [world.json(f"output/jobs/default/{name}/current.json") for name in ("job", "other")]
    assert pointers[0]["runId"] == pointers[1]["runId"]


def test_a_check_that_finds_a_run_again_does_not_undo_a_rollback(
    s3_moto: S3Server, tmp_path: Path
) -> None:
    world = jobs.World.made(s3_moto)
    jobs.train(jobs.check(world.document()))
    pointer = "output/jobs/default/job/current.json"
    output = open_location(world.document().spec.output.uri, s3_moto.storage())
    pointers.go_back(output, "earlier")
    ended = jobs.ended(jobs.start("check", world.document(), world, tmp_path), tmp_path)
    assert ended.message["check"]["reused"], ended.output
    result = ended.message["result"]
    assert result["promoted"] is False
    assert f"--to {result['runId']}" in result["gateMessage"]
    assert world.json(pointer)["runId"] == "earlier"
