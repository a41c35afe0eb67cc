"""Requests to the Kubernetes API, as values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any
from urllib.parse import quote

from preference_api.v1alpha1 import API_VERSION

_METHODS = {"get": "GET", "list": "GET", "watch": "GET", "patch": "PATCH"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """One kind of object, as the API's paths name it."""

    api_version: str
    plural: str
    kind: str

    @property
    def qualified(self) -> str:
        """As RBAC and kubectl name it: preferencejobs.preference.dev, jobs.batch, pods."""
        group, _, _version = self.api_version.rpartition("/")
        return f"{self.plural}.{group}" if group else self.plural


PREFERENCE_JOBS = Resource(api_version=API_VERSION, plural="preferencejobs", kind="PreferenceJob")
JOBS = Resource(api_version="batch/v1", plural="jobs", kind="Job")
PODS = Resource(api_version="v1", plural="pods", kind="Pod")
EVENTS = Resource(api_version="events.k8s.io/v1", plural="events", kind="Event")
NAMESPACES = Resource(api_version="v1", plural="namespaces", kind="Namespace")


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request.

    Args:
        verb: As RBAC counts it: get, list, watch or patch.
        resource: What is asked for.
        namespace: Where; None for every namespace, or for what lies in none.
        name: Which one; empty for all.
        subresource: A part of it, such as `log`.
        query: What stands behind the question mark.
        body: A merge patch.

    Source: https://kubernetes.io/docs/reference/using-api/api-concepts/
    """

    verb: str
    resource: Resource
    namespace: str | None = None
    name: str = ""
    subresource: str = ""
    query: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    body: Any = None

    @property
    def method(self) -> str:
        """The HTTP method."""
        return _METHODS[self.verb]

    @property
    def path(self) -> str:
        """The path of the URL."""
        version = self.resource.api_version
        root = f"apis/{version}" if "/" in version else f"api/{version}"
        place = ("namespaces", self.namespace) if self.namespace else ()
        parts = (*place, self.resource.plural, self.name, self.subresource)
        return "/".join(["", root, *(quote(part, safe="") for part in parts if part)])

    @property
    def right(self) -> str:
        """The resource that RBAC has to allow."""
        return "/".join(filter(None, (self.resource.qualified, self.subresource)))
