"""What the trainers of a stage are told, for tests that make one by itself."""

from pathlib import Path

from transformers import PreTrainedTokenizerBase

from preference_api.v1alpha1 import PreferenceJobSpec
from preference_trainer.metrics import Metrics
from preference_trainer.model.device import Device
from preference_trainer.progress import ProgressBoard
from preference_trainer.stopping import StopRequest
from preference_trainer.trainers.arguments import batching
from preference_trainer.trainers.stages import StageContext


def stage_context(
    spec: PreferenceJobSpec,
    folder: Path,
    *,
    device: Device,
    tokenizer: PreTrainedTokenizerBase,
    suggestion: int,
) -> StageContext:
    """A context in which nothing is saved; `suggestion` is the micro batch that would fit."""
    return StageContext(
        spec=spec,
        device=device,
        batch=batching(spec.training, suggestion=suggestion),
        tokenizer=tokenizer,
        folder=folder,
        board=ProgressBoard(),
        metrics=Metrics(job="job"),
        stop=StopRequest(),
        save=lambda _folder, _step: None,
    )
