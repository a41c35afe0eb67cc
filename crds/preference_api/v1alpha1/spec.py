"""The spec of a PreferenceJob."""

from typing import Annotated

from pydantic import Field

from preference_api.v1alpha1.base import ApiModel, cel, cel_rules
from preference_api.v1alpha1.dataset import Dataset
from preference_api.v1alpha1.methods import DPO, ORPO, SFT, Method
from preference_api.v1alpha1.model import Model
from preference_api.v1alpha1.placement import Resources, Restarts, Retrain
from preference_api.v1alpha1.results import Checkpoints, Evaluation, Output
from preference_api.v1alpha1.storage import Storage
from preference_api.v1alpha1.tracking import Tracking
from preference_api.v1alpha1.training import Training


class PreferenceJobSpec(ApiModel):
    """What is wanted: a model aligned to pairs of answers.

    Numbers are JSON numbers (`beta: 0.1`) on purpose: they are what alignment engineers write
    everywhere else, and no controller does arithmetic on them.
    """

    model_config = cel_rules(
        cel("self.method == 'DPO' || !has(self.dpo)", "dpo belongs to method DPO; remove it"),
        cel("self.method == 'ORPO' || !has(self.orpo)", "orpo belongs to method ORPO; remove it"),
        cel(
            "!self.output.uri.startsWith('hf://') && !self.output.uri.startsWith('pvc://')",
            "output.uri has to be a bucket: s3://bucket/prefix",
        ),
        cel(
            "!has(self.model.quantization) || self.resources.gpus > 0",
            "model.quantization needs a CUDA device; resources.gpus is 0",
        ),
        cel(
            "!self.training.optimizer.endsWith('8Bit') || self.resources.gpus > 0",
            "training.optimizer needs a CUDA device; resources.gpus is 0",
        ),
    )
    method: Method = Field(description="The preference objective.")
    dpo: DPO | None = Field(None, description="Settings of DPO; its defaults where absent.")
    orpo: ORPO | None = Field(None, description="Settings of ORPO; its defaults where absent.")
    sft: SFT | None = Field(None, description="A supervised stage before the preference stage.")
    model: Model = Field(description="The model that is trained.")
    dataset: Dataset = Field(description="The pairs of answers.")
    training: Training = Field(default_factory=Training, description="How the weights are changed.")
    checkpoints: Checkpoints = Field(
        default_factory=Checkpoints, description="When training state is saved."
    )
    output: Output = Field(description="Where runs, checkpoints and models go.")
    evaluation: Evaluation = Field(
        default_factory=Evaluation, description="What is measured after training."
    )
    storage: Storage = Field(default_factory=Storage, description="How the bucket is reached.")
    tracking: Tracking | None = Field(
        None, description="Where the training can be followed beside the bucket."
    )
    resources: Resources = Field(
        default_factory=Resources, description="What a training pod asks for."
    )
    retrain: Retrain = Field(
        default_factory=Retrain, description="When a finished job trains again."
    )
    restarts: Restarts = Field(
        default_factory=Restarts, description="How often a run is tried again."
    )
    suspend: bool = Field(False, description="True stops the pods after a checkpoint.")
    active_deadline_seconds: int | None = Field(
        None,
        ge=1,
        le=2_147_483_647,
        description="Most seconds each Job of a run may be active; read when the Job is made.",
    )
    ttl_seconds_after_finished: int | None = Field(
        None,
        ge=0,
        description=(
            "Seconds after the end at which the object is deleted; not for objects that a GitOps "
            "tool makes again."
        ),
    )
    image: Annotated[str, Field(min_length=1, max_length=512)] | None = Field(
        None, description="Trainer image, within the operator's allow-list."
    )
