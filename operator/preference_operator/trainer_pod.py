"""The pod that a child Job runs: one container, no rights, a read-only root file system."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from preference_api.children import ChildStage
from preference_api.v1alpha1 import PreferenceJobSpec
from preference_api.v1alpha1.placement import Resources
from preference_api.v1alpha1.status import Attempts, Resolved
from preference_api.wire import (
    CLAIMS_FOLDER,
    COMMIT_ANNOTATION,
    PORT_VARIABLE,
    REPOSITORY_ANNOTATION,
    RUN_VARIABLE,
    Origin,
    RunDocument,
)
from preference_operator.objects import Job
from preference_operator.settings import Settings

Manifest = dict[str, Any]

CONTAINER = "trainer"
USER = 65532
"""User and group of the images; a number, so that the kubelet sees that it is not root."""

CREDENTIALS: Mapping[str, bool] = {
    "AWS_ACCESS_KEY_ID": False,
    "AWS_SECRET_ACCESS_KEY": False,
    "AWS_SESSION_TOKEN": True,
    "HF_TOKEN": True,
}
"""Keys of the Secret that become variables of the trainer, and whether they may be absent."""
MLFLOW_CREDENTIALS = (
    "MLFLOW_TRACKING_TOKEN",
    "MLFLOW_TRACKING_USERNAME",
    "MLFLOW_TRACKING_PASSWORD",
)
WANDB_CREDENTIALS = ("WANDB_API_KEY",)

_LISTING = {"cpu": "100m", "memory": "512Mi"}
_CLAIM = "pvc://"
_ORIGIN_CHARACTERS = 128


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What a child Job is made for.

    run_hash: Of the run, in the child's name; the spec's own for a listing.
    resolved: Digests of the check; None for what comes before it.
    attempts: Attempts that earlier Jobs of the same run and stage used up.
    left: Pods of the same run and stage that have not ended yet, of a Job that is not known.
    """

    job: Job
    spec: PreferenceJobSpec
    stage: ChildStage
    run_hash: str
    resolved: Resolved | None = None
    attempts: Attempts = field(default_factory=Attempts)
    left: Sequence[str] = ()


def image_of(spec: PreferenceJobSpec, settings: Settings) -> str:
    """The image of a spec's pods."""
    return spec.image or settings.trainer_image


def account_of(spec: PreferenceJobSpec, settings: Settings) -> str | None:
    """The service account of a spec's pods; None for the namespace's default."""
    return spec.resources.service_account_name or settings.trainer_account


def trainer_pod(order: Order, settings: Settings) -> Manifest:
    """The pod of a child Job, within Pod Security `restricted`."""
    pod: Manifest = {
        "restartPolicy": "Never",
        "terminationGracePeriodSeconds": settings.stop_seconds,
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": USER,
            "runAsGroup": USER,
            "fsGroup": USER,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [_container(order, settings)],
        "volumes": [volume for volume, _mount in _volumes(order)],
    }
    account = account_of(order.spec, settings)
    if account is not None:
        pod["serviceAccountName"] = account
    if order.stage is ChildStage.TRAIN:
        pod |= _placement(order.spec.resources)
    return pod


def _placement(resources: Resources) -> Manifest:
    """Where a training pod may run; the check runs wherever there is room."""
    wire = resources.model_dump(mode="json", by_alias=True, exclude_none=True)
    names = ("nodeSelector", "tolerations", "priorityClassName")
    return {name: wire[name] for name in names if name in wire}


def _container(order: Order, settings: Settings) -> Manifest:
    container: Manifest = {
        "name": CONTAINER,
        "image": image_of(order.spec, settings),
        "imagePullPolicy": settings.image_pull_policy,
        "args": [str(order.stage)],
        "env": _environment(order, settings),
        "ports": [{"name": "progress", "containerPort": settings.trainer_port}],
        "resources": _resources(order, settings),
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "terminationMessagePolicy": "File",
        "volumeMounts": [mount for _volume, mount in _volumes(order)],
    }
    return container


def _environment(order: Order, settings: Settings) -> list[Manifest]:
    namespace, name = order.job.key
    document = RunDocument(
        name=name,
        namespace=namespace,
        uid=order.job.uid,
        spec=order.spec,
        resolved=order.resolved,
        origin=_origin(order.job.annotations),
    )
    values = {
        RUN_VARIABLE: document.model_dump_json(by_alias=True, exclude_defaults=True),
        PORT_VARIABLE: str(settings.trainer_port),
        "HOME": "/tmp",
        "TMPDIR": "/tmp",
    }
    # Kubernetes would read $(NAME) as a variable, and $$ as one character (core/v1 EnvVar).
    escaped = {name: value.replace("$", "$$") for name, value in values.items()}
    plain = [{"name": name, "value": value} for name, value in escaped.items()]
    tracking = _tracking_credentials(order.spec) if order.stage is ChildStage.TRAIN else []
    return [*plain, *_credentials(order.spec), *tracking]


def _credentials(spec: PreferenceJobSpec) -> list[Manifest]:
    """What the trainer takes from the Secret, by name: nothing else in it becomes a variable."""
    secret = spec.storage.credentials_secret
    if secret is None:
        return []
    return [_taken(secret.name, name, optional=optional) for name, optional in CREDENTIALS.items()]


def _tracking_credentials(spec: PreferenceJobSpec) -> list[Manifest]:
    """What the spec's trackers need; all of it may be absent, as a tracker never stops a pod."""
    tracking = spec.tracking
    if tracking is None or tracking.credentials_secret is None:
        return []
    wanted = (
        *(MLFLOW_CREDENTIALS if tracking.mlflow else ()),
        *(WANDB_CREDENTIALS if tracking.wandb else ()),
    )
    return [_taken(tracking.credentials_secret.name, name, optional=True) for name in wanted]


def _taken(secret: str, name: str, *, optional: bool) -> Manifest:
    """A variable whose value is the key of that name."""
    key = {"name": secret, "key": name, **({"optional": True} if optional else {})}
    return {"name": name, "valueFrom": {"secretKeyRef": key}}


def _origin(annotations: Mapping[str, str]) -> Origin:
    return Origin(
        commit=annotations.get(COMMIT_ANNOTATION, "")[:_ORIGIN_CHARACTERS] or None,
        repository=annotations.get(REPOSITORY_ANNOTATION, "")[:_ORIGIN_CHARACTERS] or None,
    )


def _resources(order: Order, settings: Settings) -> Manifest:
    if order.stage is not ChildStage.TRAIN:
        check = {"cpu": settings.check_cpu, "memory": settings.check_memory}
        amounts = check if order.stage is ChildStage.CHECK else _LISTING
        return {"requests": amounts, "limits": {"memory": amounts["memory"]}}
    wanted = order.spec.resources
    amounts = {
        name: amount
        for name, amount in (("cpu", wanted.cpu), ("memory", wanted.memory))
        if amount is not None
    }
    if wanted.gpus:
        amounts[wanted.gpu_resource] = str(wanted.gpus)
    return {"requests": amounts, "limits": amounts}


def _volumes(order: Order) -> Iterator[tuple[Manifest, Manifest]]:
    """Volumes and where they are mounted."""
    yield {"name": "tmp", "emptyDir": {}}, {"name": "tmp", "mountPath": "/tmp"}
    memory = order.spec.resources.shared_memory
    if memory is not None and order.stage is ChildStage.TRAIN:
        shared = {"medium": "Memory", "sizeLimit": memory}
        yield {"name": "shm", "emptyDir": shared}, {"name": "shm", "mountPath": "/dev/shm"}
    for number, claim in enumerate(_claims(order.spec)):
        name, source = f"claim-{number}", {"claimName": claim, "readOnly": True}
        mount = {"name": name, "mountPath": f"{CLAIMS_FOLDER}/{claim}", "readOnly": True}
        yield {"name": name, "persistentVolumeClaim": source}, mount


def _claims(spec: PreferenceJobSpec) -> list[str]:
    """Names of the persistent volume claims that a spec reads from."""
    found = {uri.removeprefix(_CLAIM).partition("/")[0] for uri in _texts(spec.model_dump())}
    return sorted(found - {""})


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str) and value.startswith(_CLAIM):
        yield value
    elif isinstance(value, Mapping):
        for part in value.values():
            yield from _texts(part)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from _texts(part)
