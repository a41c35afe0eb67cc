"""Log-probabilities that are computed once and kept in the bucket, by what they depend on."""

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from transformers import PreTrainedModel

from preference_api.identity import digest
from preference_trainer.log import log
from preference_trainer.scoring import Row, Scores, attach_scoring_head, longest_first, score
from preference_trainer.storage import (
    Damaged,
    Location,
    PreconditionFailed,
    fetch_tree,
    publish_tree,
    read_manifest,
)
from preference_trainer.work import Work

_CACHE = "cache/reference"
CHUNK_ROWS = 4096
"""Rows that are kept together: what is lost where a process ends in the midst of them."""


@dataclass(frozen=True, slots=True)
class _Chunk:
    """Rows that are kept together: their indices, where their scores lie, and these if found."""

    indices: list[int]
    place: Location
    scores: Scores | None


@dataclass(frozen=True, slots=True)
class ScoreCache:
    """Scores under `cache/reference/<key>/` of the output, shared by every run that needs them.

    Rows are scored and kept in chunks. A key is the digest of the model, of the chunk's rows as
    token ids (which hold dataset, template, length and policy for long pairs) and of the number
    format.
    """

    work: Work
    pad_token_id: int

    def scores(
        self,
        rows: Sequence[Row],
        *,
        model_digest: str,
        load: Callable[[], PreTrainedModel],
    ) -> Scores:
        """Fetch the scores of rows under a model, or compute and keep them chunk by chunk.

        Args:
            rows: Pairs as token ids.
            model_digest: Identity of the model's weights.
            load: Loads the model; called only where scores are not there yet.

        Raises:
            StoppedEarly: The process was told to stop; finished chunks are kept.

        """
        chunks = [self._found(rows, indices, model_digest) for indices in _split(rows)]
        missing = [chunk for chunk in chunks if chunk.scores is None]
        reused = len(rows) - sum(len(chunk.indices) for chunk in missing)
        if reused:
            log("ReferenceReused", uri=(self.work.output / _CACHE).uri, pairs=reused)
        if missing:
            self.work.board.advance(reused)
            model = load()
            chunks = [self._scored(chunk, rows, model) for chunk in chunks]
        return _joined(chunks, len(rows))

    def _found(self, rows: Sequence[Row], indices: list[int], model_digest: str) -> _Chunk:
        ids = rows_digest([rows[index] for index in indices])
        key = digest([model_digest, ids, number_formats(self.work)])[:32]
        place = self.work.output / f"{_CACHE}/{key}"
        return _Chunk(indices, place, _fetch(place, len(indices)))

    def _scored(self, chunk: _Chunk, rows: Sequence[Row], model: PreTrainedModel) -> _Chunk:
        if chunk.scores is not None:
            return chunk
        scores = self._compute([rows[index] for index in chunk.indices], model)
        return replace(chunk, scores=_keep(scores, chunk.place))

    def _compute(self, rows: Sequence[Row], model: PreTrainedModel) -> Scores:
        def on_rows(count: int) -> None:
            self.work.board.advance(count)
            self.work.stop.check("scoring answers under the reference model")

        attach_scoring_head(model)
        return score(
            model,
            rows,
            pad_token_id=self.pad_token_id,
            device=self.work.device,
            on_rows=on_rows,
        )


def _split(rows: Sequence[Row]) -> list[list[int]]:
    """Indices of rows in chunks, those of the longest rows first; within a chunk in their order.

    `score` begins with the longest rows too, so that memory runs out at once or never.
    """
    order = longest_first(rows)
    starts = range(0, len(order), CHUNK_ROWS)
    return [sorted(order[start : start + CHUNK_ROWS]) for start in starts]


def _joined(chunks: Sequence[_Chunk], count: int) -> Scores:
    chosen, rejected = np.zeros(count), np.zeros(count)
    for chunk in chunks:
        assert chunk.scores is not None
        chosen[chunk.indices] = chunk.scores.chosen
        rejected[chunk.indices] = chunk.scores.rejected
    return Scores(chosen=chosen, rejected=rejected)


def _keep(scores: Scores, place: Location) -> Scores:
    """Put scores into the cache; where another run was first, its scores are everybody's.

    Files carry names of their own, so that no writer touches the bytes of another.
    """
    with TemporaryDirectory() as name:
        file = f"scores-{uuid.uuid4().hex}.npz"
        np.savez(Path(name) / file, chosen=scores.chosen, rejected=scores.rejected)
        try:
            publish_tree(Path(name), place, about={"pairs": len(scores.chosen)})
        except PreconditionFailed:
            return _fetch(place, len(scores.chosen)) or scores
    return scores


def number_formats(work: Work) -> list[str]:
    """What else decides the output of a model: where and in which formats it computes."""
    device, quantization = work.device, work.spec.model.quantization
    return [
        str(value)
        for value in (device.kind, device.weights, device.autocast_bfloat16, quantization)
    ]


def rows_digest(rows: Sequence[Row]) -> str:
    """Digest of rows as token ids, in their order."""
    return digest([[row["prompt_ids"], row["chosen_ids"], row["rejected_ids"]] for row in rows])


def _fetch(location: Location, pairs: int) -> Scores | None:
    if read_manifest(location) is None:
        return None
    with TemporaryDirectory() as name:
        try:
            fetch_tree(location, Path(name))
        except Damaged as damage:
            log("ReferenceDamaged", level="warning", uri=location.uri, message=str(damage))
            location.delete_tree()
            return None
        with np.load(next(Path(name).glob("*.npz")), allow_pickle=False) as arrays:
            scores = Scores(chosen=arrays["chosen"], rejected=arrays["rejected"])
    return scores if len(scores.chosen) == pairs else None
