"""Scores of the reference, kept chunk by chunk so that a stop loses one chunk at most."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

import tiny
from jobs import StopAt
from pairs import location
from preference_api.identity import digest
from preference_api.v1alpha1.status import Stage
from preference_trainer import cached_scores
from preference_trainer.cached_scores import ScoreCache, number_formats, rows_digest
from preference_trainer.errors import StoppedEarly
from preference_trainer.model.device import Device
from preference_trainer.progress import ProgressBoard
from preference_trainer.scoring import Scores, attach_scoring_head, longest_first, score
from preference_trainer.stopping import StopRequest

CPU = Device(kind="cpu", weights=torch.float32, autocast_bfloat16=False)
ROWS = tiny.rows(24, vocabulary=64)


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cached_scores, "CHUNK_ROWS", 10)


def work(folder: Path, stop: StopRequest | None = None) -> Any:
    board = stop.board if isinstance(stop, StopAt) else ProgressBoard()
    board.enter(Stage.REFERENCE, steps=len(ROWS))
    return SimpleNamespace(
        output=location(folder),
        board=board,
        stop=stop or StopRequest(),
        device=CPU,
        spec=SimpleNamespace(model=SimpleNamespace(quantization=None)),
    )


def scores(on: Any) -> Scores:
    cache = ScoreCache(work=on, pad_token_id=0)
    return cache.scores(ROWS, model_digest="base", load=lambda: tiny.llama(64))


def whole() -> Scores:
    model = tiny.llama(64)
    attach_scoring_head(model)
    return score(model, ROWS, pad_token_id=0, device=CPU)


def kept(folder: Path) -> set[str]:
    return {path.parent.name for path in folder.glob("cache/reference/*/manifest.json")}


def key_of(on: Any, indices: list[int]) -> str:
    ids = rows_digest([ROWS[index] for index in indices])
    return digest(["base", ids, number_formats(on)])[:32]


def counted(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Rows of every call to `score` from now on."""
    calls: list[int] = []

    def counting(model: Any, rows: Any, **options: Any) -> Scores:
        calls.append(len(rows))
        return score(model, rows, **options)

    monkeypatch.setattr(cached_scores, "score", counting)
    return calls


@pytest.mark.usefixtures("small_chunks")
def test_chunks_give_the_scores_of_the_whole(tmp_path: Path) -> None:
    expected, found = whole(), scores(work(tmp_path))
    np.testing.assert_allclose(found.chosen, expected.chosen, rtol=1e-5)
    np.testing.assert_allclose(found.rejected, expected.rejected, rtol=1e-5)
    assert len(kept(tmp_path)) == 3


@pytest.mark.usefixtures("small_chunks")
def test_stopped_in_the_second_chunk_the_next_attempt_scores_what_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    straight = scores(work(tmp_path / "straight"))
    with pytest.raises(StoppedEarly):
        scores(work(tmp_path / "stopped", StopAt(Stage.REFERENCE, 11)))
    assert len(kept(tmp_path / "stopped")) == 1
    calls = counted(monkeypatch)
    again = work(tmp_path / "stopped")
    resumed = scores(again)
    assert calls == [10, 4]
    assert again.board.progress.step == len(ROWS)
    assert (resumed.chosen == straight.chosen).all()
    assert (resumed.rejected == straight.rejected).all()


@pytest.mark.usefixtures("small_chunks")
def test_the_longest_rows_come_first(tmp_path: Path) -> None:
    with pytest.raises(StoppedEarly):
        scores(work(tmp_path, StopAt(Stage.REFERENCE, 11)))
    assert kept(tmp_path) == {key_of(work(tmp_path), sorted(longest_first(ROWS)[:10]))}


def test_rows_of_one_chunk_are_kept_under_the_key_of_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = scores(work(tmp_path))
    assert kept(tmp_path) == {key_of(work(tmp_path), list(range(len(ROWS))))}
    calls = counted(monkeypatch)
    assert (scores(work(tmp_path)).chosen == first.chosen).all()
    assert calls == []
