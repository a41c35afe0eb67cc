"""The digest of a listing changes with the dataset's objects, and with nothing else."""

import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

import jobs
from jobs import World
from preference_api.wire import ExitCode
from preference_trainer.dataset.listing import listing_digest
from preference_trainer.errors import StorageRefused
from preference_trainer.storage import open_location
from s3_servers import S3Server
from specs import spec


def digest(world: World, **fields: object) -> str:
    wanted = spec(**fields, storage=world.server.storage())
    return listing_digest(wanted, partial(open_location, storage=wanted.storage))


def put(world: World, name: str, data: bytes = b"{}\n") -> None:
    world.server.put(world.bucket, name, data)


def wanted(world: World, **fields: object) -> dict[str, object]:
    return {"dataset": {"uri": f"s3://{world.bucket}/pairs", **fields}}


@pytest.fixture
def world(s3_versitygw: S3Server) -> World:
    """A bucket that is empty."""
    return World(s3_versitygw, s3_versitygw.new_bucket())


@pytest.fixture
def dataset(world: World) -> dict[str, object]:
    put(world, "pairs/a.jsonl")
    put(world, "pairs/more/b.parquet")
    return wanted(world)


CHANGES: list[Callable[[World], None]] = [
    lambda world: put(world, "pairs/a.jsonl", b"[]\n"),
    lambda world: put(world, "pairs/a.jsonl", b"{}\n{}\n"),
    lambda world: put(world, "pairs/c.jsonl"),
    lambda world: world.server.delete(world.bucket, "pairs/more/b.parquet"),
]
NO_CHANGES: list[Callable[[World], None]] = [
    lambda world: put(world, "pairs/a.jsonl"),
    lambda world: put(world, "pairs/README.md"),
    lambda world: put(world, "pairs/_tmp/c.jsonl"),
    lambda world: put(world, "pairs-of-others/a.jsonl"),
    lambda world: None,
]


@pytest.mark.parametrize("change", CHANGES)
def test_it_changes_with_the_objects(
    world: World, dataset: dict[str, object], change: Callable[[World], None]
) -> None:
    before = digest(world, **dataset)
    change(world)
    assert digest(world, **dataset) != before


@pytest.mark.parametrize("change", NO_CHANGES)
def test_it_does_not_change_with_anything_else(
    world: World, dataset: dict[str, object], change: Callable[[World], None]
) -> None:
    before = digest(world, **dataset)
    change(world)
    assert digest(world, **dataset) == before


@pytest.mark.parametrize(
    "place", ["pairs/a.jsonl", "held-out/x.jsonl", "mixed/x.jsonl", "sft/x.jsonl"]
)
def test_every_dataset_of_a_spec_is_listed(world: World, place: str) -> None:
    bucket = f"s3://{world.bucket}"
    fields = {
        "dataset": {
            "mixture": [{"uri": f"{bucket}/pairs"}, {"uri": f"{bucket}/mixed/x.jsonl"}],
            "evaluation": {"uri": f"{bucket}/held-out"},
        },
        "sft": {"dataset": {"uri": f"{bucket}/sft"}},
    }
    before = digest(world, **fields)
    put(world, place, b"[]\n")
    assert digest(world, **fields) != before


def test_a_bucket_that_is_not_there_is_an_error(world: World) -> None:
    with pytest.raises(StorageRefused):
        digest(world, dataset={"uri": "s3://not-there/pairs"})


def test_the_command_tells_what_the_check_told(s3_versitygw: S3Server, tmp_path: Path) -> None:
    world = World.made(s3_versitygw)
    document = world.document()
    ends = {}
    for command in ("check", "list"):
        folder = tmp_path / command
        folder.mkdir()
        ends[command] = jobs.ended(jobs.start(command, document, world, folder), folder)
    assert [end.code for end in ends.values()] == [ExitCode.DONE, ExitCode.DONE]
    told = {end.message["listing"] for end in ends.values()}
    assert told == {digest(world, dataset={"uri": f"s3://{world.bucket}/pairs.jsonl.gz"})}


def test_a_check_that_fails_tells_it_too(s3_versitygw: S3Server, tmp_path: Path) -> None:
    world = World.made(s3_versitygw)
    put(world, "broken.jsonl", b"{\n")
    document = world.document(dataset={"uri": f"s3://{world.bucket}/broken.jsonl"})
    end = jobs.ended(jobs.start("check", document, world, tmp_path), tmp_path)
    assert end.code == ExitCode.BAD_DATA
    assert end.message["listing"] == digest(
        world, dataset={"uri": f"s3://{world.bucket}/broken.jsonl"}
    )


def test_listing_loads_no_model_library() -> None:
    code = (
        "import sys, preference_trainer.__main__, preference_trainer.dataset.listing;"
        "print({'torch', 'transformers', 'datasets', 'trl'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
