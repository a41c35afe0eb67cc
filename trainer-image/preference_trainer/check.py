"""`check`: everything that can be known about a run before a device is taken."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pydantic import Field

from preference_api.identity import run_id
from preference_api.v1alpha1 import PreferenceJobSpec
from preference_api.v1alpha1.base import ApiModel
from preference_api.v1alpha1.status import Resolved, Stage
from preference_api.wire import CheckSummary, RunDocument
from preference_trainer.dataset.cache import cache_place, publish
from preference_trainer.dataset.demonstrations import (
    DemonstrationsReport,
    PreparedDemonstrations,
    prepare_demonstrations,
)
from preference_trainer.dataset.gather import Reading
from preference_trainer.dataset.lengths import Limit
from preference_trainer.dataset.prepare import Prepared, prepare
from preference_trainer.dataset.report import DatasetReport
from preference_trainer.estimate import MemoryEstimate, estimate_memory, training_flops
from preference_trainer.findings import warnings_of
from preference_trainer.log import log
from preference_trainer.metrics import Metrics
from preference_trainer.metrics.rows import count_rows
from preference_trainer.model.look import Look, look_at
from preference_trainer.model.tokenizer import Tokenizer, has_chat_template, load_tokenizer
from preference_trainer.progress import ProgressBoard
from preference_trainer.refusals import (
    require_one_device,
    require_room,
    require_same_vocabulary,
    require_targets,
)
from preference_trainer.standing import Standing
from preference_trainer.stopping import StopRequest
from preference_trainer.storage import Location, open_location

Open = Callable[[str], Location]
_MODEL, _REFERENCE = "spec.model.uri", "spec.dpo.referenceModel.uri"


class ModelReport(ApiModel):
    """The model that is trained."""

    uri: str = Field(description="Where it lies; of the hub with its commit.")
    digest: str = Field(description="Digest of its files.")
    architecture: str = Field(description="Its class in transformers.")
    parameters: int = Field(ge=0, description="Numbers in its weights.")
    positions: int | None = Field(None, description="Positions that it knows.")
    vocabulary: int = Field(ge=0, description="Rows of its embedding.")
    chat_template: bool = Field(description="True where conversations can be written out.")


class CheckReport(ApiModel):
    """Everything that a check found; the summary is its verdict."""

    summary: CheckSummary = Field(description="Identity, counts and the gravest findings.")
    model: ModelReport = Field(description="The model.")
    dataset: DatasetReport = Field(description="The pairs.")
    demonstrations: DemonstrationsReport | None = Field(
        None, description="Own demonstrations of the SFT stage."
    )
    memory: MemoryEstimate = Field(description="Device memory of the preference stage.")
    epoch_flops: float = Field(ge=0, description="Arithmetic of one epoch of the preference stage.")


@dataclass(frozen=True, slots=True)
class _Found:
    """What was looked at."""

    source: Location
    look: Look
    reference: Look | None
    tokenizer: Tokenizer
    prepared: Prepared
    demonstrations: PreparedDemonstrations | None


def run_check(
    document: RunDocument,
    *,
    workdir: Path,
    board: ProgressBoard,
    metrics: Metrics,
    stop: StopRequest,
) -> CheckSummary:
    """Look at model and pairs, and put the cleaned pairs and a report into the bucket.

    torch is never imported, except by transformers for a GGUF model.

    Args:
        document: What is to be trained.
        workdir: An empty local folder.
        board: Shows how far it is.
        metrics: Counts what is done.
        stop: Tells when to stop.

    Raises:
        TrainerError: With the exit code and the way out.
    """
    board.enter(Stage.CHECK)
    spec = document.spec
    require_one_device(spec.resources)

    def opened(uri: str) -> Location:
        return open_location(uri, spec.storage, local=document.local, metrics=metrics)

    found = _look(spec, opened, workdir, board, stop)
    resolved = _resolved(spec, found)
    output = opened(spec.output.uri)
    standing = Standing.of(document, output / f"runs/{resolved.run_id}", stop)
    place = report_place(output, resolved)
    report = _report(spec, found, resolved, report_uri=place.uri, standing=standing)
    count_rows(report.dataset.model_dump(mode="json"), metrics)
    _publish(found, output)
    place.write(report.model_dump_json(by_alias=True, indent=1).encode())
    log("Checked", runId=resolved.run_id, pairs=report.dataset.pairs, reused=standing.reused)
    return report.summary


def report_place(output: Location, resolved: Resolved) -> Location:
    """Where the report of a check lies; it is written last."""
    return cache_place(output, resolved.dataset_digest) / f"check-{resolved.run_id}.json"


def _look(
    spec: PreferenceJobSpec, opened: Open, workdir: Path, board: ProgressBoard, stop: StopRequest
) -> _Found:
    source = opened(spec.model.uri)
    look = look_at(source, workdir / "model", field=_MODEL)
    require_targets(spec.model.lora, look.shape)
    tokenizer = load_tokenizer(look.folder, chat_template=spec.model.chat_template)
    reference = _look_at_reference(spec, opened, workdir / "reference", tokenizer)
    reading = Reading(
        open=opened,
        prompt=spec.dataset.prompt,
        chat=has_chat_template(tokenizer),
        workdir=workdir,
        board=board,
        stop=stop,
    )
    prepared = prepare(spec.dataset, tokenizer, reading)
    demonstrations = None
    if spec.sft is not None and spec.sft.dataset is not None:
        limit = Limit(max_length=spec.dataset.max_length, overlong=spec.dataset.overlong)
        demonstrations = prepare_demonstrations(
            spec.sft.dataset, tokenizer, reading, limit, prepared.held_out_prompts
        )
    found = _Found(source, look, reference, tokenizer, prepared, demonstrations)
    _require_room(spec, found)
    return found


def _look_at_reference(
    spec: PreferenceJobSpec, opened: Open, folder: Path, tokenizer: Tokenizer
) -> Look | None:
    """A look at the spec's own reference model; None where it has none."""
    if spec.dpo is None or spec.dpo.reference_model is None:
        return None
    location = opened(spec.dpo.reference_model.uri)
    look = look_at(location, folder, field=_REFERENCE)
    own = load_tokenizer(look.folder, field=_REFERENCE)
    require_same_vocabulary(own, tokenizer, field=_REFERENCE, uri=location.uri)
    return look


def _require_room(spec: PreferenceJobSpec, found: _Found) -> None:
    pairs, shown = found.prepared.report, found.demonstrations
    for field, look in ((_MODEL, found.look), (_REFERENCE, found.reference)):
        if look is not None:
            require_room(look.shape, pairs.tokens, spec, field=field)
            require_room(look.shape, pairs.evaluation_tokens, spec, field=field)
    if shown is not None:
        require_room(found.look.shape, shown.report.tokens, spec, field=_MODEL)


def _resolved(spec: PreferenceJobSpec, found: _Found) -> Resolved:
    resolved = Resolved(
        run_id="",
        dataset_digest=found.prepared.report.digest,
        model_digest=found.look.digest,
        reference_digest=found.reference.digest if found.reference else None,
        sft_digest=found.demonstrations.report.digest if found.demonstrations else None,
    )
    return resolved.model_copy(update={"run_id": run_id(spec, resolved)})


def _report(
    spec: PreferenceJobSpec,
    found: _Found,
    resolved: Resolved,
    *,
    report_uri: str,
    standing: Standing,
) -> CheckReport:
    pairs, shape = found.prepared.report, found.look.shape
    memory = estimate_memory(
        spec,
        shape,
        micro_batch=spec.training.micro_batch_size or 1,
        sequence_length=pairs.tokens.longest_kept,
    )
    summary = CheckSummary(
        resolved=resolved,
        reused=standing.reused,
        elsewhere=standing.elsewhere,
        pairs=pairs.pairs,
        evaluation_pairs=pairs.evaluation_pairs,
        dropped=pairs.dropped,
        warnings=warnings_of(spec, pairs),
        report_uri=report_uri,
        memory_bytes=memory.total,
        tokens=pairs.epoch_tokens,
    )
    return CheckReport(
        summary=summary,
        model=_model_report(found),
        dataset=pairs,
        demonstrations=found.demonstrations.report if found.demonstrations else None,
        memory=memory,
        epoch_flops=training_flops(spec, shape, epoch_tokens=pairs.epoch_tokens),
    )


def _model_report(found: _Found) -> ModelReport:
    shape = found.look.shape
    return ModelReport(
        uri=found.source.uri,
        digest=found.look.digest,
        architecture=shape.architecture,
        parameters=shape.parameters,
        positions=shape.positions,
        vocabulary=shape.vocabulary,
        chat_template=has_chat_template(found.tokenizer),
    )


def _publish(found: _Found, output: Location) -> None:
    pairs, shown = found.prepared, found.demonstrations
    counts = {"pairs": pairs.report.pairs, "evaluationPairs": pairs.report.evaluation_pairs}
    publish(pairs.folder, cache_place(output, pairs.report.digest), about=counts)
    if shown is not None:
        about = {"demonstrations": shown.report.demonstrations}
        publish(shown.folder, cache_place(output, shown.report.digest), about=about)
