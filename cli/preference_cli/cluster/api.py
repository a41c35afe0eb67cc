"""The one module of the command line that talks to an API server."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from preference_api.wire import JOB_UID_LABEL
from preference_cli.cluster.kubeconfig import Connection
from preference_cli.cluster.refusals import refusal, unavailable
from preference_cli.cluster.request import (
    EVENTS,
    JOBS,
    NAMESPACES,
    PODS,
    PREFERENCE_JOBS,
    Request,
    Resource,
)

Wire = dict[str, Any]
"""An object as the API server sends it."""

_FIELD_MANAGER = "preference-cli"
"""Not kubectl's: GitOps tools take over the fields that were set under its name."""
_CONTAINER = "trainer"
_PAGE = "500"
_CONNECT_SECONDS = 10.0
_ANSWER_SECONDS = 30.0
_WATCH_SECONDS = 240
_STREAM_SECONDS = 300.0
"""Longest silence of a stream, after which it is taken for dead and opened again."""


class Cluster:
    """What the commands ask of an API server, each call with the user's own rights.

    Every method raises CommandError: Missing where the object is not there, Unavailable where
    there was no answer, and otherwise with the right or the installation that is missing.
    """

    def __init__(self, connection: Connection) -> None:
        self._client = connection.client
        self._no_answer = connection.no_answer
        self.context = connection.context
        self.namespace = connection.namespace

    def job(self, name: str) -> Wire:
        """A PreferenceJob."""
        return self._read(self._one("get", PREFERENCE_JOBS, name))

    def jobs(self, *, all_namespaces: bool = False) -> list[Wire]:
        """The PreferenceJobs of the namespace, or all."""
        return self._all(PREFERENCE_JOBS, None if all_namespaces else self.namespace)

    def patch_job(self, name: str, patch: Wire) -> Wire:
        """Change a PreferenceJob by a merge patch (RFC 7386)."""
        query = {"fieldManager": _FIELD_MANAGER}
        return self._read(self._one("patch", PREFERENCE_JOBS, name, query=query, body=patch))

    def changes(self, job: Wire) -> Iterator[Wire]:
        """The versions of a PreferenceJob after this one, for some minutes or until it is gone."""
        metadata = job["metadata"]
        query = {
            "watch": "true",
            "fieldSelector": f"metadata.name={metadata['name']}",
            "resourceVersion": metadata["resourceVersion"],
            "timeoutSeconds": str(_WATCH_SECONDS),
        }
        request = Request(
            verb="watch", resource=PREFERENCE_JOBS, namespace=metadata["namespace"], query=query
        )
        for line in self._lines(request):
            change = json.loads(line)
            if change["type"] not in ("ADDED", "MODIFIED"):
                return
            yield change["object"]

    def child_jobs(self, uid: str) -> list[Wire]:
        """The Jobs of a PreferenceJob."""
        return self._all(JOBS, self.namespace, labelSelector=f"{JOB_UID_LABEL}={uid}")

    def pods(self, uid: str) -> list[Wire]:
        """The pods of a PreferenceJob."""
        return self._all(PODS, self.namespace, labelSelector=f"{JOB_UID_LABEL}={uid}")

    def events(self) -> list[Wire]:
        """The events of the namespace."""
        return self._all(EVENTS, self.namespace)

    def namespaces(self) -> list[Wire]:
        """All namespaces."""
        return self._all(NAMESPACES, None)

    def log(self, pod: str, *, follow: bool, since: str = "") -> Iterator[str]:
        """The lines of a pod's log, each behind its time in RFC 3339 and a blank.

        Args:
            pod: Name of the pod.
            follow: Wait for more until the container ends.
            since: Leave out what is older than the second of this time.
        """
        query = {"container": _CONTAINER, "timestamps": "true", "follow": str(follow).lower()}
        if since:
            query["sinceTime"] = since
        for line in self._lines(self._one("get", PODS, pod, subresource="log", query=query)):
            yield line.decode(errors="replace").rstrip("\n")

    def _one(self, verb: str, resource: Resource, name: str, **more: Any) -> Request:
        return Request(verb=verb, resource=resource, namespace=self.namespace, name=name, **more)

    def _all(self, resource: Resource, namespace: str | None, **query: str) -> list[Wire]:
        """Every page of a list."""
        found: list[Wire] = []
        query = {**query, "limit": _PAGE}
        while True:
            request = Request(verb="list", resource=resource, namespace=namespace, query=query)
            page = self._read(request)
            found += page["items"]
            following = page["metadata"].get("continue")
            if not following:
                return found
            query = {**query, "continue": following}

    def _read(self, request: Request) -> Wire:
        with self._answer(request, read_seconds=_ANSWER_SECONDS) as answer:
            try:
                value: Wire = json.loads(answer.data)
            except ValueError as error:
                raise unavailable(self.context, "what came is not JSON") from error
        return value

    def _lines(self, request: Request) -> Iterator[bytes]:
        with self._answer(request, read_seconds=_STREAM_SECONDS) as answer:
            yield from answer

    @contextmanager
    def _answer(self, request: Request, *, read_seconds: float) -> Iterator[Any]:
        """The answer to a request, as `urllib3.HTTPResponse`, while it is read."""
        try:
            answer = self._send(request, read_seconds)
            try:
                if answer.status >= 400:
                    body = answer.data.decode(errors="replace")
                    raise refusal(request, status=answer.status, body=body, context=self.context)
                yield answer
            finally:
                answer.close()
        except self._no_answer as error:
            raise unavailable(self.context, str(error)) from error

    def _send(self, request: Request, read_seconds: float) -> Any:
        headers = {"Accept": "application/json"}
        if request.body is not None:
            headers["Content-Type"] = "application/merge-patch+json"
        call = self._client.param_serialize(
            request.method,
            request.path,
            query_params=list(request.query.items()),
            header_params=headers,
            body=request.body,
            auth_settings=["BearerToken"],
        )
        times = (_CONNECT_SECONDS, read_seconds)
        return self._client.call_api(*call, _request_timeout=times).response
