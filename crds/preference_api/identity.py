"""Identity by content: which part of a spec decides the result, and its hashes."""

import hashlib
import json
from typing import Any

from preference_api.v1alpha1 import PreferenceJobSpec
from preference_api.v1alpha1.dataset import EvaluationSplit
from preference_api.v1alpha1.methods import DPO, ORPO
from preference_api.v1alpha1.status import Resolved, Run

_DECIDING = ("method", "dpo", "orpo", "sft", "model", "dataset", "training", "image")


def digest(value: Any) -> str:
    """SHA-256, in hexadecimal, of a value's canonical JSON (sorted keys, no white space)."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def deciding_part(spec: PreferenceJobSpec) -> dict[str, Any]:
    """The part of a spec that decides the result, without fields at their default."""
    whole = _plainest(spec).model_dump(mode="json", by_alias=True, exclude_defaults=True)
    part = {field: whole[field] for field in _DECIDING if field in whole}
    if spec.retrain.nonce is not None:
        part["nonce"] = spec.retrain.nonce
    return part


def _plainest(spec: PreferenceJobSpec) -> PreferenceJobSpec:
    """The spec with what is described as the meaning of absence left out."""
    changes: dict[str, Any] = {}
    if spec.training.epochs == 1:
        changes["training"] = spec.training.model_copy(update={"epochs": None})
    if spec.sft is not None and spec.sft.epochs == 1:
        changes["sft"] = spec.sft.model_copy(update={"epochs": None})
    if spec.dpo is not None:
        changes["dpo"] = _plainest_dpo(spec.dpo)
    if spec.orpo == ORPO():
        changes["orpo"] = None
    if spec.dataset.evaluation == EvaluationSplit(fraction=0.1):
        changes["dataset"] = spec.dataset.model_copy(update={"evaluation": EvaluationSplit()})
    return spec.model_copy(update=changes)


def _plainest_dpo(dpo: DPO) -> DPO | None:
    if dpo.loss_weights is not None and set(dpo.loss_weights) == {1}:
        dpo = dpo.model_copy(update={"loss_weights": None})
    return None if dpo == DPO() else dpo


def spec_hash(spec: PreferenceJobSpec) -> str:
    """Ten hexadecimal digits that change exactly when the deciding part does."""
    return digest(deciding_part(spec))[:10]


def run_hash(run: Run) -> str:
    """Ten hexadecimal digits that tell the runs of one object apart, in the names of its Jobs.

    The spec's own, unless the run began since the dataset changed under the same spec.
    """
    if run.dataset_changed_time is None:
        return run.spec_hash
    return digest([run.spec_hash, run.dataset_changed_time.isoformat()])[:10]


def run_id(spec: PreferenceJobSpec, resolved: Resolved) -> str:
    """Sixteen hexadecimal digits: the deciding part with digests in place of locations.

    The same content under another URI is the same run.
    """
    part = deciding_part(spec)
    part["model"] = {**part["model"], "uri": resolved.model_digest}
    dataset = {key: part["dataset"][key] for key in ("maxLength",) if key in part["dataset"]}
    part["dataset"] = {**dataset, "digest": resolved.dataset_digest}
    if "referenceModel" in part.get("dpo", {}):
        part["dpo"] = {**part["dpo"], "referenceModel": resolved.reference_digest}
    if "dataset" in part.get("sft", {}):
        part["sft"] = {**part["sft"], "dataset": resolved.sft_digest}
    return digest(part)[:16]
