"""A model is the one that was checked from its first byte to its last."""

from pathlib import Path

import pytest

import tiny
from pairs import location
from preference_trainer.errors import ConfigurationError
from preference_trainer.model.config import model_digest, model_files
from preference_trainer.model.fetch import fetch_model
from preference_trainer.stopping import StopRequest
from preference_trainer.storage import Location, ObjectInfo

FIELD = "spec.model.uri"


def fetch(source: Path, folder: Path, *, replaced_after: int | None) -> Path:
    """Fetch a model that is replaced after so many listings."""
    place, listings = location(source), []

    def select(where: Location) -> list[ObjectInfo]:
        files = model_files(where)
        listings.append(files)
        if len(listings) == replaced_after:
            tiny.save(source, hidden=64)
        return files

    expected = model_digest(place)
    stop = StopRequest()
    return fetch_model(place, folder, expected=expected, field=FIELD, stop=stop, select=select)


def test_a_model_that_stays_is_fetched(tmp_path: Path) -> None:
    source = tiny.save(tmp_path / "base")
    folder = fetch(source, tmp_path / "fetched", replaced_after=None)
    assert (folder / "config.json").read_bytes() == (source / "config.json").read_bytes()


def test_a_model_that_is_replaced_while_it_arrives_is_refused(tmp_path: Path) -> None:
    source = tiny.save(tmp_path / "base")
    with pytest.raises(ConfigurationError, match=r"spec\.model\.uri: .* changed") as caught:
        fetch(source, tmp_path / "fetched", replaced_after=1)
    assert caught.value.reason == "ModelChanged"
