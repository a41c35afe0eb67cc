"""MLflow, by its client alone: no source, user, environment or machine is recorded."""

from collections.abc import Mapping

from mlflow.entities import Metric, Param, Run, RunTag
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient

from preference_trainer.tracking.about import RUN_TAG
from preference_trainer.tracking.messages import About, Ending, Entry, Series, State

STATE_TAG = "preference.state"
_MOST_METRICS, _MOST_PARAMETERS, _MOST_CHARACTERS = 1000, 100, 500
_STATUS = {State.FINISHED: "FINISHED", State.FAILED: "FAILED"}


class MLflowSink:
    """A run of an experiment, found again by its tag (MlflowClient, tracking API 2.0)."""

    def __init__(self) -> None:
        self._client: MlflowClient
        self._run_id: str

    def begin(self, about: About) -> Mapping[Series, int]:
        """Find or make the run, and have it running again."""
        assert about.tracking.mlflow is not None
        self._client = MlflowClient(tracking_uri=about.tracking.mlflow.uri)
        experiment = _experiment(self._client, about.tracking.mlflow.experiment or "Default")
        found = _found(self._client, experiment, about.run_id)
        run = found or _made(self._client, experiment, about)
        self._run_id = run.info.run_id
        self._client.update_run(self._run_id, status="RUNNING")
        self._client.set_tag(self._run_id, STATE_TAG, "training")
        return self._sent() if found else {}

    def write(self, series: Series, entries: tuple[Entry, ...]) -> None:
        """Send entries, as many in a request as the server takes."""
        metrics = [
            Metric(f"{series.prefix}{name}", value, round(entry.time * 1000), entry.step)
            for entry in entries
            for name, value in entry.figures.items()
        ]
        for start in range(0, len(metrics), _MOST_METRICS):
            self._client.log_batch(self._run_id, metrics=metrics[start : start + _MOST_METRICS])

    def end(self, ending: Ending) -> None:
        """Set tags, then the status; a run that will be resumed stays running."""
        tags = {STATE_TAG: ending.state.value, "preference.reason": ending.reason}
        if ending.model_uri:
            tags["preference.modelURI"] = ending.model_uri
        shown = [RunTag(name, value) for name, value in tags.items()]
        self._client.log_batch(self._run_id, tags=shown)
        if ending.state in _STATUS:
            self._client.set_terminated(self._run_id, status=_STATUS[ending.state])

    def _sent(self) -> Mapping[Series, int]:
        histories = {
            series: self._client.get_metric_history(self._run_id, f"{series.prefix}{series.key}")
            for series in Series
        }
        return {
            series: max(metric.step for metric in history)
            for series, history in histories.items()
            if history
        }


def make() -> MLflowSink:
    """The sink of this module."""
    return MLflowSink()


def _experiment(client: MlflowClient, name: str) -> str:
    found = client.get_experiment_by_name(name)
    if found is not None:
        return str(found.experiment_id)
    try:
        return str(client.create_experiment(name))
    except MlflowException:
        # Another job may have made it in between.
        found = client.get_experiment_by_name(name)
        if found is None:
            raise
        return str(found.experiment_id)


def _found(client: MlflowClient, experiment: str, run_id: str) -> Run | None:
    runs = client.search_runs(
        [experiment], filter_string=f"tags.`{RUN_TAG}` = '{run_id}'", max_results=1
    )
    return runs[0] if runs else None


def _made(client: MlflowClient, experiment: str, about: About) -> Run:
    """A run with its parameters, which are never written again: MLflow lets none change."""
    run = client.create_run(experiment, tags=about.tags, run_name=about.name)
    parameters = [Param(name, value[:_MOST_CHARACTERS]) for name, value in about.parameters.items()]
    for start in range(0, len(parameters), _MOST_PARAMETERS):
        some = parameters[start : start + _MOST_PARAMETERS]
        client.log_batch(run.info.run_id, params=some)
    return run
