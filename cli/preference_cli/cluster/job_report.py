"""The report of a PreferenceJob in a cluster: where it is, and how its bucket is reached."""

from preference_api.wire import ExitCode, RunDocument
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
    manifest = {field: wire[field] for field in _FIELDS}
    parsed = parse_job(manifest, f"{job.namespace}/{job.name} of context {cluster.context}")
    document = RunDocument(name=job.name, namespace=job.namespace, spec=parsed.spec)
    return Report(job.status.result.report_uri, document)


def reaching(report: Report, ending: Ending) -> str:
    """How a cluster's bucket may be read that could not be; empty where that is not the case."""
    document = report.document
    if document is None or document.local or ending.exit_code not in _STORAGE_FAULTS:
        return ""
    endpoint = document.spec.storage.endpoint
    where = f"Where only the cluster reaches {endpoint}" if endpoint else "Behind another endpoint"
    return (
        f"{report.uri} is read from this machine, with your own credentials (AWS_PROFILE, or "
        f"AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY) and not with the cluster's. {where}, "
        "kubectl port-forward to the storage and add --set storage.endpoint=http://127.0.0.1:PORT."
    )
