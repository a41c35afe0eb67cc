"""What a pod takes from the Secret of its trackers."""

import pytest

from operator_builders import CHECK, RESOLVED, SETTINGS, TRAIN, preference_job
from preference_api.children import ChildStage
from preference_operator.bodies import Body
from preference_operator.objects import read_job
from preference_operator.trainer_pod import Order, trainer_pod

MLFLOW_KEYS = ["MLFLOW_TRACKING_TOKEN", "MLFLOW_TRACKING_USERNAME", "MLFLOW_TRACKING_PASSWORD"]
MLFLOW = {"mlflow": {"uri": "https://mlflow.example"}}
WANDB = {"wandb": {"project": "p"}}
KEYS = {"credentialsSecret": {"name": "trackers"}}


def taken(tracking: Body, stage: ChildStage) -> Body:
    """Variables that come from a Secret."""
    job = read_job(preference_job(spec={"tracking": tracking}))
    assert job.spec is not None, job.fault
    resolved = None if stage is CHECK else RESOLVED
    order = Order(job=job, spec=job.spec, stage=stage, run_hash=job.spec_hash, resolved=resolved)
    (container,) = trainer_pod(order, SETTINGS)["containers"]
    found = [one for one in container["env"] if "valueFrom" in one]
    return {one["name"]: one["valueFrom"]["secretKeyRef"] for one in found}


@pytest.mark.parametrize(
    ("tracking", "stage", "names"),
    [
        pytest.param({**MLFLOW, **KEYS}, TRAIN, MLFLOW_KEYS, id="MLflow"),
        pytest.param({**WANDB, **KEYS}, TRAIN, ["WANDB_API_KEY"], id="W&B"),
        pytest.param({**MLFLOW, **WANDB, **KEYS}, TRAIN, [*MLFLOW_KEYS, "WANDB_API_KEY"], id="two"),
        pytest.param({**MLFLOW, **WANDB, **KEYS}, CHECK, [], id="never the check"),
        pytest.param(MLFLOW, TRAIN, [], id="no Secret"),
        pytest.param(KEYS, TRAIN, [], id="no tracker"),
    ],
)
def test_a_training_takes_what_its_trackers_need_and_nothing_that_stops_it(
    tracking: Body, stage: ChildStage, names: list[str]
) -> None:
    expected = {name: {"name": "trackers", "key": name, "optional": True} for name in names}
    assert taken(tracking, stage) == expected
