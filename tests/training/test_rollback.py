"""An earlier run is made the current model again, whoever else moves the pointer."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

import jobs
import pointers
from pointers import current, document, moves
from preference_trainer.errors import ConfigurationError
from preference_trainer.rollback import roll_back
from preference_trainer.storage import Location, Replaced, open_location
from s3_servers import S3Server

RUNS = ("first", "second", "third")


def output_of(server: S3Server) -> Location:
    """Three finished runs that were current one after the other, and one that never was."""
    output = open_location(f"s3://{server.new_bucket()}/out", server.storage())
    for run in (*RUNS, "never"):
        pointers.finish(output, run)
    for run in RUNS:
        pointers.promote(output, run)
    return output


@pytest.fixture
def output(s3_moto: S3Server) -> Location:
    return output_of(s3_moto)


@pytest.fixture
def told(output: Location, s3_moto: S3Server) -> Callable[..., str]:
    """Rolls back and gives back what is said of it."""
    wanted = document(output, storage=s3_moto.storage().model_dump(by_alias=True))
    return lambda run=None, by="ada": roll_back(wanted, run, by=by)


def test_the_one_before_is_current_again_and_nothing_is_forgotten(
    s3: S3Server, tmp_path: Path
) -> None:
    output = output_of(s3)
    wanted = document(output, storage=s3.storage().model_dump(by_alias=True))
    sentence = roll_back(wanted, None, by="ada")
    assert sentence == "run second is the current model of default/job, in place of third"
    said = current(output)
    assert (said["runId"], said["reason"], said["by"]) == ("second", "RolledBack", "ada")
    assert said["modelURI"] == f"{output.uri}/runs/second/model"
    assert moves(output) == ["second", "third", "second", "first"]
    assert [entry["reason"] for entry in said["history"]] == ["Promoted"] * 3


def test_twice_is_back_again(output: Location, told: Callable[..., str]) -> None:
    told()
    told()
    assert moves(output)[:3] == ["third", "second", "third"]
    assert [entry.get("by") for entry in current(output)["history"]] == ["ada", None, None, None]


@pytest.mark.parametrize("run", ["first", "never"])
def test_any_finished_run_of_the_output_will_do(
    output: Location, told: Callable[..., str], run: str
) -> None:
    told(run, by="")
    assert moves(output)[:2] == [run, "third"]
    assert "by" not in current(output)


def test_what_is_current_already_is_left_alone(output: Location, told: Callable[..., str]) -> None:
    before = (output / pointers.CURRENT).stat()
    assert "already" in told("third")
    assert (output / pointers.CURRENT).stat() == before


def test_the_first_pointer_may_be_set_by_hand(output: Location, told: Callable[..., str]) -> None:
    (output / pointers.CURRENT).delete()
    assert told("never") == "run never is the current model of default/job"
    assert moves(output) == ["never"]


@pytest.mark.parametrize(
    ("spoil", "run", "message"),
    [
        ("runs/first/result.json", "first", "holds no result.json"),
        ("", "nowhere", "holds no result.json"),
        ("runs/first/model/manifest.json", "first", "manifest.json is missing"),
        ("runs/first/model/model.safetensors", "first", "model.safetensors is missing"),
        ("runs/second/result.json", None, "runs/second holds no result.json"),
        (pointers.CURRENT, None, "is not there yet"),
    ],
)
def test_a_run_that_is_not_complete_is_refused(
    output: Location, told: Callable[..., str], spoil: str, run: str | None, message: str
) -> None:
    if spoil:
        (output / spoil).delete()
    before = (output / pointers.CURRENT).stat()
    with pytest.raises(ConfigurationError, match=message) as refused:
        told(run)
    assert "--to" in refused.value.remedy
    assert (output / pointers.CURRENT).stat() == before


def test_a_file_of_another_size_is_seen(output: Location, told: Callable[..., str]) -> None:
    (output / "runs/first/model/model.safetensors").write(b"cut")
    with pytest.raises(ConfigurationError, match="another size"):
        told("first")


def test_without_a_run_before_there_is_nothing_to_go_back_to(
    output: Location, told: Callable[..., str]
) -> None:
    (output / pointers.CURRENT).delete()
    pointers.promote(output, "first")
    with pytest.raises(ConfigurationError, match="no run before"):
        told()


def test_a_promotion_in_between_is_kept_and_rolled_back(
    output: Location, told: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    pointers.interrupt(monkeypatch, output, lambda: pointers.promote(output, "never"))
    assert told().endswith("in place of never")
    assert moves(output)[:3] == ["second", "never", "third"]


def test_two_rollbacks_at_once_are_one(
    output: Location, told: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    pointers.interrupt(monkeypatch, output, lambda: print(told()))
    assert told() == "run second is the current model of default/job, in place of third"
    assert moves(output)[:2] == ["second", "third"]


def test_a_pointer_that_is_moved_while_it_is_read_is_read_again(
    output: Location, told: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    read, left = type(output.store).open, ["once"]

    def replaced(store: Any, key: str) -> Any:
        if key.endswith("current.json") and left:
            left.pop()
            raise Replaced(f"{key} was replaced while it was read", remedy="Try again.")
        return read(store, key)

    monkeypatch.setattr(type(output.store), "open", replaced)
    assert told() == "run second is the current model of default/job, in place of third"
    assert left == []


def test_of_many_at_once_none_is_lost(s3: S3Server) -> None:
    output = output_of(s3)
    wanted = document(output, storage=s3.storage().model_dump(by_alias=True))
    acts: list[Callable[[], object]] = [
        lambda: roll_back(wanted, "first", by="ada"),
        lambda: roll_back(wanted, "second", by="bob"),
        lambda: pointers.promote(output, "never"),
    ]
    with ThreadPoolExecutor(len(acts)) as pool:
        for act in [pool.submit(act) for act in acts]:
            act.result()
    newest = moves(output)[:3]
    assert sorted(newest) == ["first", "never", "second"]
    assert moves(output)[3:] == ["third", "second", "first"]


def test_what_passes_the_gate_later_is_promoted_again(
    output: Location, told: Callable[..., str]
) -> None:
    told()
    pointers.promote(output, "never")
    said = current(output)
    assert (said["runId"], said["reason"]) == ("never", "Promoted")
    assert said["history"][0] == {
        "runId": "second",
        "promotedAt": said["history"][0]["promotedAt"],
        "reason": "RolledBack",
        "by": "ada",
    }


def test_the_command_moves_the_pointer_and_says_so(s3_versitygw: S3Server, tmp_path: Path) -> None:
    output = output_of(s3_versitygw)
    storage = s3_versitygw.storage().model_dump(by_alias=True)
    world = jobs.World(s3_versitygw, output.uri.split("/")[2])
    process = jobs.start(
        "promote", document(output, storage=storage), world, tmp_path, "--run", "first", "--by", "x"
    )
    end = jobs.ended(process, tmp_path)
    assert (end.code, end.message["reason"]) == (0, "RolledBack"), end.output
    assert "run first is the current model" in end.message["message"]
    assert (moves(output)[0], current(output)["by"]) == ("first", "x")
