"""Evaluating a model on the held-out pairs of a run, without touching the run."""

from pathlib import Path

from preference_api.wire import RunDocument
from preference_trainer.evaluation import encode_examples, encode_samples, headline
from preference_trainer.inputs import fetch_inputs
from preference_trainer.metrics import Metrics
from preference_trainer.model.config import files_digest, published_files
from preference_trainer.model.fetch import fetch_model
from preference_trainer.model.policy import load_published
from preference_trainer.progress import ProgressBoard
from preference_trainer.proof import Proof, examine, measure_base
from preference_trainer.stopping import StopRequest
from preference_trainer.storage import Location
from preference_trainer.work import prepare


def reevaluate(
    document: RunDocument,
    model: str | None,
    *,
    folder: Path,
    board: ProgressBoard,
    metrics: Metrics,
    stop: StopRequest,
) -> str:
    """Hold a model against the base of the document, on its held-out pairs; the headline.

    Args:
        document: A checked run document.
        model: URI of the model, whole or an adapter of the base; the run's own where None.
        folder: An empty local folder.
        board: Shows how far it is.
        metrics: Counts what is done.
        stop: Tells when to stop.

    """
    work = prepare(document, folder=folder, board=board, metrics=metrics, stop=stop)
    source = work.location(model) if model else work.place / "model"
    digest = files_digest(published_files(source))
    inputs = fetch_inputs(work)
    baseline = measure_base(work, inputs)
    fetched = fetch_model(
        source,
        folder / "model",
        expected=digest,
        field="--model",
        stop=stop,
        select=published_files,
    )
    policy = load_published(fetched, base=inputs.base, model=work.spec.model, device=work.device)
    proof = examine(work, inputs, policy, baseline)
    _keep(proof, work.place / f"evaluations/{digest[:16]}")
    return headline(proof.metrics)


def _keep(proof: Proof, location: Location) -> None:
    (location / "examples.jsonl.gz").write(encode_examples(proof.examples))
    (location / "samples.jsonl").write(encode_samples(proof.samples))
    metrics = proof.metrics.model_dump_json(by_alias=True, indent=1)
    (location / "metrics.json").write(metrics.encode())
