"""Log-probabilities that are computed once and kept in the bucket, by what they depend on."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from transformers import PreTrainedModel

from preference_api.identity import digest
from preference_trainer.log import log
from preference_trainer.scoring import Row, Scores, attach_scoring_head, score
from preference_trainer.storage import Damaged, Location, fetch_tree, publish_tree, read_manifest
from preference_trainer.work import Work

_FILE = "scores.npz"


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
        device = self.work.device
        formats = [str(device.weights), device.autocast_bfloat16, device.kind]
        key = digest([model_digest, rows_digest(rows), formats])[:32]
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
        scores = score(model, rows, pad_token_id=self.pad_token_id, on_rows=on_rows)
        with TemporaryDirectory(dir=self.work.folder) as name:
            np.savez(Path(name) / _FILE, chosen=scores.chosen, rejected=scores.rejected)
            publish_tree(Path(name), place, about={"pairs": len(rows)})
        return scores


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
        with np.load(Path(name) / _FILE, allow_pickle=False) as arrays:
            scores = Scores(chosen=arrays["chosen"], rejected=arrays["rejected"])
    return scores if len(scores.chosen) == pairs else None
