"""Where a training can be followed beside the bucket: MLflow and Weights & Biases."""

from typing import Annotated

from pydantic import Field

from preference_api.v1alpha1.base import ApiModel
from preference_api.v1alpha1.storage import SecretReference

_HOST = r"^https?://[^\s/?#@\\]+"
_Entity = Annotated[str, Field(max_length=128, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]


class MLflow(ApiModel):
    """An MLflow tracking server (https://mlflow.org/docs/latest/ml/tracking/)."""

    uri: Annotated[str, Field(max_length=512, pattern=_HOST + r"(/[A-Za-z0-9._~-]+)*/?$")] = Field(
        description="URL of the tracking server."
    )
    experiment: (
        Annotated[str, Field(max_length=256, pattern=r"^[A-Za-z0-9/][A-Za-z0-9 ._/@-]*$")] | None
    ) = Field(None, description="Experiment, made where there is none; MLflow's own where absent.")


class WeightsAndBiases(ApiModel):
    """A project of Weights & Biases (https://docs.wandb.ai)."""

    project: Annotated[str, Field(max_length=128, pattern=r"^[A-Za-z0-9][A-Za-z0-9 ._-]*$")] = (
        Field(description="Project, made where there is none.")
    )
    entity: _Entity | None = Field(
        None, description="Team or user; the one of the API key where absent."
    )
    endpoint: Annotated[str, Field(max_length=512, pattern=_HOST + r"/?$")] | None = Field(
        None, description="URL of a server of one's own; https://api.wandb.ai where absent."
    )


class Tracking(ApiModel):
    """Trackers that follow the training; none of them can stop it or change its result."""

    mlflow: MLflow | None = Field(None, description="An MLflow server.")
    wandb: WeightsAndBiases | None = Field(None, description="A Weights & Biases project.")
    credentials_secret: SecretReference | None = Field(
        None,
        description="Secret with MLFLOW_TRACKING_TOKEN, or MLFLOW_TRACKING_USERNAME and "
        "MLFLOW_TRACKING_PASSWORD, and WANDB_API_KEY; each only where it is needed.",
    )
