"""The Jobs that do the work, as manifests.

Every retry is the Job controller's (KEP-3329 pod failure policy, KEP-3850 back-off per index): an
attempt that was preempted does not count, the user's faults end the Job, all else counts.
"""

from collections.abc import Mapping

from pydantic import ValidationError

from preference_api.children import ChildStage, child_name
from preference_api.identity import digest
from preference_api.v1alpha1 import API_VERSION, KIND, PreferenceJobSpec
from preference_api.v1alpha1.status import Attempts
from preference_api.wire import JOB_UID_LABEL, RUN_LABEL, STAGE_LABEL, ExitCode
from preference_operator.objects import Job
from preference_operator.settings import Settings
from preference_operator.trainer_pod import (
    CONTAINER,
    Manifest,
    Order,
    account_of,
    image_of,
    trainer_pod,
)

ATTEMPTS_ANNOTATION = "preference.dev/attempts"
"""Annotation of a child Job: attempts that earlier Jobs of the same run had used up, as JSON."""
WANTED_ANNOTATION = "preference.dev/wanted"
"""Annotation of a child Job: a hash of the spec that it was made from."""
SETTINGS_ANNOTATION = "preference.dev/settings"
"""Annotation of a child Job: a hash of the operator's settings that it was made from."""
QUEUE_LABEL = "kueue.x-k8s.io/queue-name"
"""Label that has Kueue decide when a Job may begin."""
QUEUE_LABELS = (QUEUE_LABEL, "kueue.x-k8s.io/priority-class")
"""The labels that a training Job takes over from its PreferenceJob; no others are."""

_NOT_TAKEN_OVER = {"suspend", "ttl_seconds_after_finished", "retrain"}
# Whatever keeps a listing longer, the next one may be spared it.
_LISTING_SECONDS = 600
# More than a spec allows, and less than what a status could not hold.
_MOST_ATTEMPTS = 10**9
_REFUSED = (
    ExitCode.BAD_CONFIGURATION,
    ExitCode.BAD_DATA,
    ExitCode.STORAGE_REFUSED,
    ExitCode.DIVERGED,
)


def child_job(order: Order, settings: Settings) -> Manifest:
    """The child Job of an order; equal orders give equal manifests."""
    namespace, name = order.job.key
    labels, queue = _labels(order), queue_labels(order.job, order.stage)
    template = {"metadata": {"labels": labels}, "spec": trainer_pod(order, settings)}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": child_name(name, order.run_hash, order.stage),
            "namespace": namespace,
            "labels": {**labels, **queue},
            "annotations": {
                ATTEMPTS_ANNOTATION: order.attempts.model_dump_json(by_alias=True),
                WANTED_ANNOTATION: wanted_hash(order.spec, queue),
                SETTINGS_ANNOTATION: settings_hash(order.spec, order.stage, settings),
            },
            "ownerReferences": [_owner(order.job)],
        },
        "spec": {**_retries(order), **_held_back(queue), "template": template},
    }


def wanted_hash(spec: PreferenceJobSpec, queue: Mapping[str, str]) -> str:
    """Changes with every part of a spec that a child Job takes over, and with its queue.

    Defaults are left out, so that another version of the operator asks for nothing new.
    """
    part = spec.model_dump(mode="json", exclude_defaults=True, exclude=_NOT_TAKEN_OVER)
    return digest({**part, **queue})[:10]


def settings_hash(spec: PreferenceJobSpec, stage: ChildStage, settings: Settings) -> str:
    """Changes with every setting of the operator that can keep a child's pod from starting."""
    checks = stage is ChildStage.CHECK
    part = [
        image_of(spec, settings),
        settings.image_pull_policy,
        account_of(spec, settings),
        [settings.check_cpu, settings.check_memory] if checks else [],
    ]
    return digest(part)[:10]


def queue_labels(job: Job, stage: ChildStage) -> dict[str, str]:
    """The labels by which a child stands in a queue: a check, which needs no device, has none."""
    if stage is not ChildStage.TRAIN:
        return {}
    return {label: job.labels[label] for label in QUEUE_LABELS if label in job.labels}


def attempts_before(annotations: Mapping[str, str] | None) -> Attempts:
    """What a child Job's annotation says; nothing where it says nothing that can be."""
    try:
        attempts = Attempts.model_validate_json((annotations or {})[ATTEMPTS_ANNOTATION])
    except (KeyError, ValidationError):
        return Attempts()
    known = max(attempts.failures, attempts.preemptions) <= _MOST_ATTEMPTS
    return attempts if known else Attempts()


def _labels(order: Order) -> dict[str, str]:
    return {
        JOB_UID_LABEL: order.job.uid,
        STAGE_LABEL: order.stage,
        RUN_LABEL: order.run_hash,
    }


def _held_back(queue: Mapping[str, str]) -> Manifest:
    """Begun suspended, so that no pod is made before Kueue has seen the Job, webhook or not.

    From then on the field is Kueue's.
    """
    return {"suspend": True} if QUEUE_LABEL in queue else {}


def _owner(job: Job) -> Manifest:
    # Without blockOwnerDeletion: setting it takes a right on finalizers that nothing else needs.
    return {
        "apiVersion": API_VERSION,
        "kind": KIND,
        "name": job.key[1],
        "uid": job.uid,
        "controller": True,
    }


def _retries(order: Order) -> Manifest:
    left = max(0, order.spec.restarts.failures - order.attempts.failures)
    spec: Manifest = {
        "completionMode": "Indexed",
        "completions": 1,
        "parallelism": 1,
        "backoffLimitPerIndex": left,
        "podReplacementPolicy": "Failed",
        "podFailurePolicy": {"rules": _failure_rules()},
    }
    deadline = _deadline(order)
    return spec if deadline is None else {**spec, "activeDeadlineSeconds": deadline}


def _deadline(order: Order) -> int | None:
    if order.stage is ChildStage.LIST:
        return _LISTING_SECONDS
    return order.spec.active_deadline_seconds


def _failure_rules() -> list[Manifest]:
    disrupted = [{"type": "DisruptionTarget", "status": "True"}]
    return [
        {"action": "Ignore", "onPodConditions": disrupted},
        {"action": "Ignore", "onExitCodes": _exits(ExitCode.STOPPED_EARLY)},
        {"action": "FailJob", "onExitCodes": _exits(*_REFUSED)},
    ]


def _exits(*codes: ExitCode) -> Manifest:
    return {"containerName": CONTAINER, "operator": "In", "values": [int(code) for code in codes]}
