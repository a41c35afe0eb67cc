"""Log-probabilities that are computed once and kept in the bucket, by what they depend on."""

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from transformers import PreTrainedModel

from preference_api.identity import digest
from preference_trainer.log import log
from preference_trainer.scoring import Row, Scores, attach_scoring_head, score
from preference_trainer.storage import (
    Damaged,
    Location,
    PreconditionFailed,
    fetch_tree,
    publish_tree,
    read_manifest,
)
from preference_trainer.work import Work


@dataclass(frozen=True, slots=True)
class ScoreCache:
    """Scores under `cache/reference/<key>/` of the output, shared by every run that needs them.

    A key is the digest of the model, of the rows as token ids (which hold dataset, template,
    length and policy for long pairs) and of the number format.
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
        """Fetch the scores of rows under a model, or compute and keep them.

        Args:
            rows: Pairs as token ids.
            model_digest: Identity of the model's weights.
            load: Loads the model; called only where the scores are not there yet.

        """
        key = digest([model_digest, rows_digest(rows), number_formats(self.work)])[:32]
        location = self.work.output / f"cache/reference/{key}"
        found = _fetch(location, len(rows))
        if found is not None:
            log("ReferenceReused", uri=location.uri, pairs=len(rows))
            return found
        return self._compute(rows, load(), location)

    def _compute(self, rows: Sequence[Row], model: PreTrainedModel, place: Location) -> Scores:
        def on_rows(count: int) -> None:
            self.work.board.advance(count)
            self.work.stop.check("scoring answers under the reference model")

        attach_scoring_head(model)
        scores = score(
            model,
            rows,
            pad_token_id=self.pad_token_id,
            device=self.work.device,
            on_rows=on_rows,
        )
        return _keep(scores, place)


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
