"""A training run from top to bottom."""

from contextlib import suppress
from pathlib import Path

from preference_api.v1alpha1.status import Stage
from preference_api.wire import RunDocument, TrainSummary
from preference_trainer.errors import TrainerError
from preference_trainer.inputs import fetch_inputs
from preference_trainer.log import log
from preference_trainer.metrics import Metrics
from preference_trainer.metrics.rows import count_rows
from preference_trainer.metrics.series import NONFINITE
from preference_trainer.progress import ProgressBoard
from preference_trainer.promotion import Candidate, promote
from preference_trainer.proof import examine, measure_base
from preference_trainer.publication import publish, versions
from preference_trainer.renewal import renewed
from preference_trainer.results import finished
from preference_trainer.stopping import StopRequest
from preference_trainer.training import train_stages
from preference_trainer.work import Run, Work, claim_run, open_run, prepare

_NOT_FINITE = ("LossNonFinite", "GradientNonFinite")


def train(
    document: RunDocument,
    *,
    folder: Path,
    board: ProgressBoard,
    metrics: Metrics,
    stop: StopRequest,
) -> TrainSummary:
    """Train, evaluate, publish and promote; whatever an earlier attempt finished is kept.

    Args:
        document: What to do, with the result of the check.
        folder: An empty local folder.
        board: Shows how far it is.
        metrics: Counts what is done.
        stop: Tells when to stop.

    Raises:
        TrainerError: With the exit code and the way out.

    """
    work = prepare(document, folder=folder, board=board, metrics=metrics, stop=stop)
    summary = finished(work.place) or _claimed(work)
    decision = promote(Candidate.of(document, metrics=metrics))
    board.enter(Stage.DONE)
    return summary.promoted_as(decision.passed, decision.message)


def _claimed(work: Work) -> TrainSummary:
    attempt = claim_run(work)
    with renewed(attempt):
        # Whoever held it before may have come to its end meanwhile.
        return finished(work.place) or _work_through(open_run(work, attempt))


def _work_through(run: Run) -> TrainSummary:
    """Every phase of a run, until its result stands in the bucket."""
    try:
        with run.tracking:
            return _phases(run)
    except TrainerError as error:
        if error.reason in _NOT_FINITE:
            run.work.metrics.add(NONFINITE)
        with suppress(TrainerError):
            error.checkpoint_uri, error.step = run.checkpoints.last() or (None, None)
        raise


def _phases(run: Run) -> TrainSummary:
    _record(run)
    inputs = fetch_inputs(run.work)
    count_rows(inputs.check_report["dataset"], run.work.metrics)
    baseline = measure_base(run.work, inputs)
    trained = train_stages(run, inputs)
    proof = examine(run.work, inputs, trained.policy, baseline)
    run.tracking.evaluated(proof.metrics, trained.history)
    summary = publish(run, inputs, trained, proof)
    run.tracking.published(summary.model_uri)
    return summary


def _record(run: Run) -> None:
    """Write down what is done here, with which versions, before it is done."""
    work, number = run.work, run.attempt.number
    log("RunBegins", runId=work.resolved.run_id, attempt=number, versions=versions())
    location = run.place / "run.json"
    if location.stat() is None:
        location.write(work.document.model_dump_json(by_alias=True, indent=1).encode())
