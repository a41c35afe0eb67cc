"""Checkpoints in storage, and the claim on a run that fences them."""

from pathlib import Path

import pytest

from preference_api.v1alpha1.storage import Storage
from preference_trainer.attempt import Attempt, claim
from preference_trainer.checkpoints import Checkpoints, StageName
from preference_trainer.errors import StoppedEarly
from preference_trainer.metrics import Metrics
from preference_trainer.stopping import StopRequest
from preference_trainer.storage import Location, open_location

PREFERENCE = StageName.PREFERENCE


@pytest.fixture
def place(tmp_path: Path) -> Location:
    return open_location(f"file://{tmp_path}/bucket/runs/one", Storage(), local=True)


def claimed(place: Location) -> Attempt:
    return claim(place, owner="job", stop=StopRequest())


def kept(place: Location, attempt: Attempt, keep: int = 2) -> Checkpoints:
    metrics = Metrics(job="job")
    return Checkpoints(place=place / "checkpoints", attempt=attempt, keep=keep, metrics=metrics)


def made(folder: Path, text: str) -> Path:
    folder.mkdir(parents=True)
    (folder / "model.safetensors").write_text(text)
    (folder / "trainer_state.json").write_text("{}")
    return folder


def save(store: Checkpoints, tmp: Path, step: int, stage: StageName = StageName.PREFERENCE) -> None:
    store.save(made(tmp / f"made-{stage}-{step}", f"{step}"), stage=stage, step=step, seconds=1.5)


def test_newest_goes_by_stage_then_step_and_old_ones_are_pruned(
    place: Location, tmp_path: Path
) -> None:
    store = kept(place, claimed(place))
    assert store.newest(PREFERENCE, tmp_path / "none", StopRequest()) is None
    for step, stage in ((90, StageName.SFT), (5, StageName.PREFERENCE), (10, StageName.PREFERENCE)):
        save(store, tmp_path, step, stage)
    found = store.newest(PREFERENCE, tmp_path / "fetched", StopRequest())
    assert found is not None
    assert (found.stage, found.step, found.seconds) == (StageName.PREFERENCE, 10, 1.5)
    assert (found.folder / "model.safetensors").read_text() == "10"
    folders = {item.name.split("/")[0] for item in (place / "checkpoints").list()}
    assert folders == {"preference-step-000005", "preference-step-000010"}


DAMAGES = {
    "a flipped byte": lambda path: path.write_bytes(b"\x00" + path.read_bytes()[1:]),
    "a truncated file": lambda path: path.write_bytes(path.read_bytes()[:-1]),
    "a missing file": lambda path: path.unlink(),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())
def test_damaged_checkpoint_falls_back_to_the_one_before(
    place: Location, tmp_path: Path, damage: object
) -> None:
    store = kept(place, claimed(place))
    save(store, tmp_path, 5)
    save(store, tmp_path, 10)
    path = tmp_path / "bucket/runs/one/checkpoints/preference-step-000010/model.safetensors"
    damage(path)  # type: ignore[operator]
    found = store.newest(PREFERENCE, tmp_path / "fetched", StopRequest())
    assert found is not None
    assert found.step == 5
    save(store, tmp_path / "again", 10)
    replaced = store.newest(PREFERENCE, tmp_path / "replaced", StopRequest())
    assert replaced is not None
    assert replaced.step == 10


def test_damaged_manifest_does_not_block_the_run(place: Location, tmp_path: Path) -> None:
    store = kept(place, claimed(place))
    save(store, tmp_path, 5)
    save(store, tmp_path, 10)
    (place / "checkpoints/preference-step-000010/manifest.json").write(b"{half")
    found = store.newest(PREFERENCE, tmp_path / "fetched", StopRequest())
    assert found is not None
    assert found.step == 5


def test_checkpoint_without_manifest_does_not_exist_and_is_written_anew(
    place: Location, tmp_path: Path
) -> None:
    store = kept(place, claimed(place))
    save(store, tmp_path, 5)
    folder = tmp_path / "bucket/runs/one/checkpoints/preference-step-000010"
    made(folder, "half written")
    (folder / "optimizer.pt").write_text("left over")
    found = store.newest(PREFERENCE, tmp_path / "fetched", StopRequest())
    assert found is not None
    assert found.step == 5
    save(store, tmp_path, 10)
    assert not (folder / "optimizer.pt").exists()
    assert (folder / "model.safetensors").read_text() == "10"


def test_older_attempt_cannot_save_once_another_took_over(place: Location, tmp_path: Path) -> None:
    first = kept(place, claimed(place))
    save(first, tmp_path, 5)
    second = claimed(place)
    assert second.number == 2
    with pytest.raises(StoppedEarly, match="another attempt"):
        save(first, tmp_path, 10)
    save(kept(place, second), tmp_path / "second", 10)


def test_removed_stage_leaves_the_other(place: Location, tmp_path: Path) -> None:
    store = kept(place, claimed(place), keep=9)
    save(store, tmp_path, 5, StageName.SFT)
    save(store, tmp_path, 5)
    store.remove(StageName.SFT)
    folders = {item.name.split("/")[0] for item in (place / "checkpoints").list()}
    assert folders == {"preference-step-000005"}
