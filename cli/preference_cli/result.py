"""The finished run: what it published and what the gate made of it."""

from pathlib import Path

from pydantic import Field, ValidationError

from preference_api.v1alpha1.base import ApiModel
from preference_api.v1alpha1.status import Metrics
from preference_api.wire import RunDocument, TrainSummary
from preference_cli.locations import local_path


class RunResult(ApiModel):
    """What a run left, whether this call trained it or found it."""

    run_id: str = Field(description="Identity of the run.")
    model_uri: str = Field(description="The published model.")
    report_uri: str = Field(description="The report.")
    reused: bool = Field(False, description="True where the run was found finished.")
    headline: str = Field("", description="How much better the model is, in a sentence.")
    promoted: bool | None = Field(None, description="False where the gate kept the model back.")
    gate_message: str = Field("", description="Why the gate decided so.")
    metrics: Metrics | None = Field(None, description="Figures of the evaluation.")


def trained(summary: TrainSummary) -> RunResult:
    """The result of a training of this call."""
    return RunResult.model_validate(summary.model_dump())


def reused(document: RunDocument, run_id: str) -> RunResult:
    """The result that an earlier run of the same content left under `spec.output.uri`.

    What it showed is known where the output lies on this machine.
    """
    run = f"{document.spec.output.uri.rstrip('/')}/runs/{run_id}"
    path = local_path(f"{run}/result.json")
    summary = _read(path) if path else None
    if summary:
        return trained(summary).model_copy(update={"reused": True})
    return RunResult(
        run_id=run_id, model_uri=f"{run}/model", report_uri=f"{run}/report.html", reused=True
    )


def _read(path: Path) -> TrainSummary | None:
    try:
        return TrainSummary.model_validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return None
