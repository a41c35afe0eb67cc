"""A training that does not find what its check left in the bucket checks again by itself."""

import gzip
import json

import pytest

import jobs
from jobs import StopAt, World
from preference_api.v1alpha1.status import Stage
from preference_api.wire import RunDocument
from preference_trainer import rechecking
from preference_trainer.errors import ConfigurationError, StoppedEarly
from preference_trainer.metrics import Metrics
from preference_trainer.storage import Damaged
from s3_servers import S3Server

SHORT = {"steps": 4, "batchSize": 4, "microBatchSize": 2, "learningRate": 1e-3}


@pytest.fixture
def world(s3_versitygw: S3Server) -> World:
    return World.made(s3_versitygw)


def expire(world: World, prefix: str) -> None:
    """What a rule of the bucket does in the night."""
    keys = world.keys(prefix)
    assert keys
    for key in keys:
        world.server.delete(world.bucket, key)


def replace_pairs(world: World, *, seed: int) -> None:
    lines = "".join(json.dumps(row) + "\n" for row in jobs.dialogues(seed=seed))
    world.server.put(world.bucket, "pairs.jsonl.gz", gzip.compress(lines.encode()))


def at_output(world: World, document: RunDocument, output: str) -> RunDocument:
    """The checked document with another output, as the operator makes it of an edited spec."""
    place = document.spec.output.model_copy(update={"uri": f"s3://{world.bucket}/{output}"})
    return document.model_copy(update={"spec": document.spec.model_copy(update={"output": place})})


@pytest.mark.parametrize(
    "lost",
    [
        "cache/",
        "cache/datasets/{digest}/check-",
        "cache/datasets/{digest}/train.parquet",
        "cache/datasets/{digest}/evaluation.parquet",
    ],
)
def test_what_expired_since_the_check_is_made_again(world: World, lost: str) -> None:
    document = jobs.check(world.document(training=SHORT))
    assert document.resolved is not None
    before = world.keys("output/cache/datasets")
    expire(world, "output/" + lost.format(digest=document.resolved.dataset_digest))
    jobs.train(document)
    assert world.weights(jobs.run_of(document))
    assert world.keys("output/cache/datasets") == before


def test_damaged_pairs_fail_one_attempt_and_are_made_again_by_the_next(world: World) -> None:
    document = jobs.check(world.document(training=SHORT))
    assert document.resolved is not None
    key = f"output/cache/datasets/{document.resolved.dataset_digest}/train.parquet"
    whole = world.server.get(world.bucket, key)
    world.server.put(world.bucket, key, whole[:-1] + b"x")
    with pytest.raises(Damaged, match=r"train\.parquet"):
        jobs.train(document)
    jobs.train(document)
    assert world.weights(jobs.run_of(document))
    assert world.server.get(world.bucket, key) == whole


def test_own_demonstrations_that_expired_are_made_again(world: World) -> None:
    shown = "".join(
        json.dumps({"prompt": f"Say {word}", "completion": word}) + "\n" for word in jobs.tiny.WORDS
    )
    world.server.put(world.bucket, "shown.jsonl", shown.encode())
    sft = {"steps": 2, "dataset": {"uri": f"s3://{world.bucket}/shown.jsonl"}}
    document = jobs.check(world.document(training=SHORT, sft=sft))
    assert document.resolved is not None
    expire(world, f"output/cache/datasets/{document.resolved.sft_digest}/")
    jobs.train(document)
    assert world.weights(jobs.run_of(document))


def test_expired_while_it_waits_it_goes_on_to_the_weights_it_would_have_had(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    straight = jobs.check(world.document(output="straight", training=SHORT))
    jobs.train(straight)
    stopped = jobs.check(world.document(training=SHORT))
    with pytest.raises(StoppedEarly):
        jobs.train(stopped, stop=StopAt(Stage.TRAIN, 1))
    expire(world, "output/cache/")
    capsys.readouterr()
    jobs.train(stopped)
    assert '"CheckedAgain"' in capsys.readouterr().out
    assert world.weights(jobs.run_of(stopped)) == world.weights(
        jobs.run_of(straight, output="straight")
    )


def test_rows_that_are_left_out_are_counted_once(world: World) -> None:
    rows = [*jobs.dialogues(), jobs.dialogues()[0]]
    lines = "".join(json.dumps(row) + "\n" for row in rows)
    world.server.put(world.bucket, "pairs.jsonl.gz", gzip.compress(lines.encode()))
    document = jobs.check(world.document(training=SHORT))
    expire(world, "output/cache/")
    metrics = Metrics(job=document.name)
    jobs.train(document, metrics=metrics)
    [line] = [one for one in metrics.text().decode().splitlines() if 'reason="duplicate"' in one]
    assert line.endswith(" 1.0")


def test_at_another_output_the_same_run_is_trained(world: World) -> None:
    document = jobs.check(world.document(training=SHORT))
    elsewhere = at_output(world, document, "elsewhere")
    jobs.train(elsewhere)
    assert world.weights(jobs.run_of(document, output="elsewhere"))
    assert world.keys("output/runs") == []


def test_pairs_that_changed_meanwhile_are_not_trained_under_the_runs_name(world: World) -> None:
    document = jobs.check(world.document(training=SHORT))
    replace_pairs(world, seed=1)
    expire(world, "output/cache/")
    with pytest.raises(ConfigurationError, match=r"^spec\.dataset\.uri: what it names changed") as (
        caught
    ):
        jobs.train(document)
    assert caught.value.reason == "InputsChanged"
    assert not [key for key in world.keys(jobs.run_of(document)) if "/model/" in key]


def test_pairs_that_changed_where_the_check_left_its_own_change_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = jobs.check(world.document(training=SHORT))
    replace_pairs(world, seed=1)
    monkeypatch.setattr(rechecking, "run_check", lambda *_, **__: pytest.fail("checked again"))
    jobs.train(document)
    assert world.weights(jobs.run_of(document))
