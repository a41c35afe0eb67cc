"""The report of a PreferenceJob in a cluster: where it is, and how its bucket is reached."""

from typing import Any

from preference_api.wire import (
    COMMIT_ANNOTATION,
    REPOSITORY_ANNOTATION,
    ExitCode,
    Origin,
    RunDocument,
)
from preference_cli.cluster.api import Cluster
from preference_cli.cluster.job import read_job
from preference_cli.cluster.page import standing
from preference_cli.ending import Ending
from preference_cli.errors import CommandError
from preference_cli.find_report import Report
from preference_cli.source import parse_job

_FIELDS = ("apiVersion", "kind", "metadata", "spec")
_STORAGE_FAULTS = (ExitCode.STORAGE_REFUSED, ExitCode.STORAGE_UNAVAILABLE)


def find_job_report(cluster: Cluster, name: str) -> Report:
    """The report that status.result names, with the job's storage settings.

    Raises:
        CommandError: There is no such job, it has no report, or its spec cannot be read.
    """
    wire = cluster.job(name)
    job = read_job(wire)
    if job.status.result is None or not job.status.result.report_uri:
        raise CommandError(
            f"{job.namespace}/{job.name} has no report yet; {standing(job)}",
            remedy=f"preference watch {job.name} waits for the end",
            reason="NoReport",
        )
    return Report(job.status.result.report_uri, job_document(wire, context=cluster.context))


def job_document(wire: dict[str, Any], *, context: str) -> RunDocument:
    """What a trainer process is told about a PreferenceJob of a cluster.

    Args:
        wire: The object.
        context: Where it lies, for a fault.

    Raises:
        CommandError: Its spec cannot be read.
    """
    manifest = {field: wire[field] for field in _FIELDS}
    name, namespace = wire["metadata"]["name"], wire["metadata"]["namespace"]
    parsed = parse_job(manifest, f"{namespace}/{name} of context {context}")
    return RunDocument(
        name=name, namespace=namespace, spec=parsed.spec, origin=_origin(wire["metadata"])
    )


def _origin(metadata: dict[str, Any]) -> Origin:
    """Commit and repository that the annotations name."""
    notes = metadata.get("annotations") or {}
    commit, repository = (notes.get(name) for name in (COMMIT_ANNOTATION, REPOSITORY_ANNOTATION))
    return Origin(commit=commit and commit[:128], repository=repository and repository[:512])


def reaching(uri: str, document: RunDocument, ending: Ending) -> str:
    """How a cluster's bucket may be reached that could not be; empty where that is not the case."""
    if document.local or ending.exit_code not in _STORAGE_FAULTS:
        return ""
    endpoint = document.spec.storage.endpoint
    where = f"Where only the cluster reaches {endpoint}" if endpoint else "Behind another endpoint"
    return (
        f"{uri} is asked for from this machine, with your own credentials (AWS_PROFILE, or "
        f"AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY) and not with the cluster's. {where}, "
        "kubectl port-forward to the storage and add --set storage.endpoint=http://127.0.0.1:PORT."
    )
