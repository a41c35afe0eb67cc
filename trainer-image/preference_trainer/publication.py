"""Putting a finished run into the bucket: evaluation, model, report, and the result last."""

import importlib.metadata
import platform
from pathlib import Path

from peft import PeftModel

from preference_api.v1alpha1.status import Stage
from preference_api.wire import TrainSummary
from preference_trainer.evaluation import (
    EvaluationMetrics,
    GateDecision,
    encode_examples,
    encode_samples,
    headline,
)
from preference_trainer.inputs import Inputs
from preference_trainer.model.policy import write_adapter, write_merged
from preference_trainer.promotion import Candidate, judge
from preference_trainer.proof import Proof
from preference_trainer.publish import ReportInputs, model_card, render_report
from preference_trainer.publish.locations import last_part
from preference_trainer.training import Trained
from preference_trainer.work import Run

_LIBRARIES = ("torch", "transformers", "trl", "peft", "accelerate", "datasets", "tokenizers")


def publish(run: Run, inputs: Inputs, trained: Trained, proof: Proof) -> TrainSummary:
    """Publish what a run leaves; once `result.json` is there, all of it is there."""
    board = run.work.board
    board.enter(Stage.PUBLISH, steps=3)
    decision = judge(Candidate.of(run.work.document, metrics=run.work.metrics), proof.examples)
    shown = report_inputs(run, inputs, trained, proof, decision)
    _publish_evaluation(run, proof)
    board.advance(1)
    _publish_model(run, inputs, trained, model_card(shown))
    board.advance(1)
    (run.place / "report.html").write(render_report(shown).encode())
    summary = _summary(run, proof.metrics, decision)
    run.attempt.hold()
    (run.place / "result.json").write(summary.model_dump_json(by_alias=True, indent=1).encode())
    board.advance(1)
    return summary


def report_inputs(
    run: Run, inputs: Inputs, trained: Trained, proof: Proof, decision: GateDecision
) -> ReportInputs:
    """What report and model card are written from."""
    work = run.work
    pairs = work.spec.training.batch_size * max(
        (entry["step"] for entry in trained.history if entry["stage"] == "preference"), default=0
    )
    return ReportInputs(
        document=work.document,
        resolved=work.resolved,
        check=inputs.check_report,
        history=trained.history,
        metrics=proof.metrics,
        examples=proof.examples,
        samples=proof.samples,
        headline=headline(proof.metrics),
        gate=decision,
        versions=versions(),
        attempts=run.attempt.number,
        seconds=trained.seconds,
        pairs_per_second=pairs / trained.seconds if trained.seconds else 0.0,
    )


def versions() -> dict[str, str]:
    """Versions of what computes: Python, the libraries and this project."""
    found = {name: importlib.metadata.version(name) for name in _LIBRARIES}
    own = importlib.metadata.version("preference-operator")
    return {"preference-operator": own, "python": platform.python_version(), **found}


def _publish_evaluation(run: Run, proof: Proof) -> None:
    folder = _folder(run, "evaluation")
    metrics = proof.metrics.model_dump_json(by_alias=True, indent=1)
    (folder / "metrics.json").write_text(metrics)
    (folder / "examples.jsonl.gz").write_bytes(encode_examples(proof.examples))
    (folder / "samples.jsonl").write_bytes(encode_samples(proof.samples))
    run.attempt.publish(folder, run.place / "evaluation", about={})


def _publish_model(run: Run, inputs: Inputs, trained: Trained, card: str) -> None:
    run.work.stop.check("publishing the model")
    folder = _folder(run, "model")
    if isinstance(trained.policy, PeftModel):
        write_adapter(trained.policy, folder, base_name=last_part(run.spec.model.uri))
    else:
        trained.policy.save_pretrained(folder)
    inputs.tokenizer.save_pretrained(folder)
    (folder / "README.md").write_text(card)
    run.attempt.publish(folder, run.place / "model", about={"runId": run.work.resolved.run_id})
    if run.spec.model.lora and run.spec.output.merge_adapter:
        merged = _folder(run, "merged")
        write_merged(folder, merged, base=inputs.base, device=run.work.device)
        inputs.tokenizer.save_pretrained(merged)
        run.attempt.publish(merged, run.place / "merged", about={})


def _folder(run: Run, name: str) -> Path:
    folder = run.work.folder / "publish" / name
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _summary(run: Run, metrics: EvaluationMetrics, decision: GateDecision) -> TrainSummary:
    return TrainSummary(
        run_id=run.work.resolved.run_id,
        model_uri=(run.place / "model").uri,
        report_uri=(run.place / "report.html").uri,
        metrics=metrics.summary(),
        headline=headline(metrics),
        promoted=decision.passed,
        gate_message=decision.message,
    )
