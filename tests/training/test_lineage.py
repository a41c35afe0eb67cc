"""What a bucket tells of a job's models: read without a change, and with what is missing named."""

import json
from pathlib import Path
from typing import Any

import pytest

import jobs
import pointers
from preference_api.lineage import BucketLineage
from preference_trainer.errors import ConfigurationError, StorageRefused
from preference_trainer.lineage import write_lineage
from preference_trainer.rollback import roll_back
from preference_trainer.storage import Location, open_location
from s3_servers import S3Server


@pytest.fixture
def output(s3_versitygw: S3Server) -> Location:
    """Two finished runs that were current one after the other."""
    bucket = s3_versitygw.new_bucket()
    output = open_location(f"s3://{bucket}/out", s3_versitygw.storage())
    for run, accuracy in (("first", 0.6), ("second", 0.7)):
        pointers.finish(output, run, accuracy=accuracy, attempts=3)
        pointers.promote(output, run)
    return output


def storage(server: S3Server) -> dict[str, Any]:
    return server.storage().model_dump(by_alias=True)


@pytest.fixture
def lineage(output: Location, s3_versitygw: S3Server, tmp_path: Path) -> Any:
    """What is written about a run."""

    def read(run: str | None = None, **fields: Any) -> BucketLineage:
        document = pointers.document(output, storage=storage(s3_versitygw), **fields)
        write_lineage(document, run, tmp_path / "lineage.json")
        return BucketLineage.model_validate_json((tmp_path / "lineage.json").read_bytes())

    return read


def test_the_current_run_is_told_of_with_those_before(output: Location, lineage: Any) -> None:
    before = [item.name for item in output.list()]
    found = lineage()
    assert found.current.run_id == found.run.run_id == "second"
    assert (found.run.attempts, found.run.document.origin.commit) == (3, "commit-of-second")
    assert (found.run.result.metrics.accuracy, found.run.result.promoted) == (0.7, True)
    assert [entry.run_id for entry in found.history] == ["first"]
    assert [(run.run_id, run.result.headline) for run in found.earlier] == [
        ("first", "first is better.")
    ]
    assert found.unread == []
    assert [item.name for item in output.list()] == before


def test_another_run_may_be_asked_for(lineage: Any) -> None:
    found = lineage("first")
    assert (found.run.run_id, [run.run_id for run in found.earlier]) == ("first", ["second"])


def test_a_rollback_is_told_with_who_it_was(
    output: Location, lineage: Any, s3_versitygw: S3Server
) -> None:
    roll_back(pointers.document(output, storage=storage(s3_versitygw)), None, by="ada")
    current = lineage().current
    assert (current.run_id, current.reason, current.by) == ("first", "RolledBack", "ada")


def test_checkpoints_count_where_they_are_complete(output: Location, lineage: Any) -> None:
    place = output / "runs/second"
    for name in (
        "checkpoints/sft-step-000030/manifest.json",
        "checkpoints/preference-step-000500/manifest.json",
        "checkpoints/preference-step-000500/optimizer.pt",
        "checkpoints/preference-step-000600/optimizer.pt",
    ):
        (place / name).write(b"{}")
    run = lineage().run
    assert [(each.step, each.uri) for each in run.checkpoints] == [
        (30, f"{place.uri}/checkpoints/sft-step-000030"),
        (500, f"{place.uri}/checkpoints/preference-step-000500"),
    ]


def test_a_job_without_a_model_has_no_lineage_yet(output: Location, lineage: Any) -> None:
    (output / pointers.CURRENT).delete()
    found = lineage()
    assert (found.current, found.run, found.history, found.unread) == (None, None, [], [])


def test_a_run_under_way_has_no_result_and_that_is_no_fault(output: Location, lineage: Any) -> None:
    (output / "runs/second/result.json").delete()
    found = lineage()
    assert (found.run.result, found.unread) == (None, [])


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("runs/second/run.json", b"{}", "name: Field required"),
        ("runs/first/result.json", b"[", "Invalid JSON"),
        ("runs/second/attempt.json", b"[]", "does not say who works on the run"),
        (pointers.CURRENT, b"nothing", "is not what is expected"),
        (pointers.CURRENT, json.dumps({"runId": "x"}).encode(), "promotedAt: Field required"),
    ],
)
def test_what_cannot_be_read_is_named_and_the_rest_told(
    output: Location, lineage: Any, name: str, content: bytes, message: str
) -> None:
    (output / name).write(content)
    found = lineage("second")
    (unread,) = found.unread
    assert unread.uri == f"{output.uri}/{name}"
    assert message in unread.message
    assert found.run.run_id == "second"


def test_whoever_may_not_read_the_pointer_is_told_so(
    output: Location, lineage: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
    with pytest.raises(StorageRefused, match="current"):
        lineage("second")


def test_an_object_that_may_not_be_read_is_named_and_the_rest_told(
    output: Location, lineage: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = type(output.store).open

    def refusing(store: Any, key: str) -> Any:
        if key.endswith("second/result.json"):
            raise StorageRefused("no right", remedy="")
        return read(store, key)

    monkeypatch.setattr(type(output.store), "open", refusing)
    found = lineage()
    assert [(one.uri, one.message) for one in found.unread] == [
        (f"{output.uri}/runs/second/result.json", "no right")
    ]
    assert (found.run.result, found.run.attempts) == (None, 3)


def test_entries_of_older_versions_are_promotions(output: Location, lineage: Any) -> None:
    old = {"runId": "second", "modelURI": "x", "promotedAt": "2026-01-01T00:00:00+00:00"}
    said = {**old, "history": [{"runId": "first", "promotedAt": "2025-01-01T00:00:00+00:00"}]}
    (output / pointers.CURRENT).write(json.dumps(said).encode())
    found = lineage()
    assert [one.reason for one in (found.current, *found.history)] == ["Promoted", "Promoted"]


def test_a_name_that_leads_elsewhere_is_refused(lineage: Any) -> None:
    with pytest.raises(ConfigurationError):
        lineage("../../other")


def test_the_command_writes_the_file(
    output: Location, s3_versitygw: S3Server, tmp_path: Path
) -> None:
    document = pointers.document(output, storage=storage(s3_versitygw))
    world = jobs.World(s3_versitygw, output.uri.split("/")[2])
    path = tmp_path / "told.json"
    end = jobs.ended(jobs.start("lineage", document, world, tmp_path, str(path)), tmp_path)
    assert end.code == 0, end.output
    assert BucketLineage.model_validate_json(path.read_bytes()).current is not None
