"""Calls to the API server as JSON; the one module that knows the Kubernetes client.

Bodies are plain dictionaries. The client reads kubeconfigs, holds certificates and tokens and sends
requests; its generated models and its general serialiser cost more than a call itself.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus
from importlib.metadata import version
from typing import Any, Self

import aiohttp
import yaml
from kubernetes.aio import config
from kubernetes.aio.client.api_client import ApiClient
from kubernetes.aio.client.configuration import Configuration
from kubernetes.aio.client.rest import RESTResponse
from kubernetes.aio.config import ConfigException

from preference_operator.cluster_errors import ClusterError, Conflict, Unavailable, error_of
from preference_operator.metrics import Metrics
from preference_operator.settings import KUBECONFIG_VARIABLE, Settings

Object = dict[str, Any]

CALL_SECONDS = 10.0
"""Most seconds that a call takes."""
USER_AGENT = f"preference-operator/{version('preference-operator')}"
JSON = "application/json"
MERGE = "application/merge-patch+json"
"""Body of a JSON merge patch (RFC 7396)."""
METADATA = f"{JSON};as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
"""Answer of a list without the contents of its objects."""

_TOKEN = "BearerToken"
_UNREADABLE = (ConfigException, OSError, ValueError, yaml.YAMLError)
# The client would take its own five minutes for None.
_NO_TIMEOUT = aiohttp.ClientTimeout()


def always() -> None:
    """The guard that lets every call pass."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A call to the API server.

    path: From the server's root on, with the query.
    seconds: How long the answer may take.
    guard: Called right before anything is sent; keeps it back by raising.
    """

    method: str
    path: str
    body: Object | None = None
    content_type: str = JSON
    accept: str = JSON
    seconds: float = CALL_SECONDS
    guard: Callable[[], None] = always

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


class Connection:
    """Sends calls with the operator's credentials, and reads those anew that were turned down."""

    def __init__(self, settings: Settings, metrics: Metrics) -> None:
        self._metrics = metrics
        self._kubeconfig = settings.kubeconfig
        # The environment's proxies and netrc are not asked: that costs a thread for each call.
        self._configuration = Configuration(client_session_kwargs={"trust_env": False})
        self._reading = asyncio.Lock()
        self._client: ApiClient

    @classmethod
    @asynccontextmanager
    async def open(cls, settings: Settings, metrics: Metrics | None = None) -> AsyncIterator[Self]:
        """A connection by the settings' kubeconfig, or by the pod's service account.

        Nothing is sent yet; what will be is counted in `metrics`.

        Raises:
            ClusterError: There is no usable way to the API server; the message says why.
        """
        connection = cls(settings, metrics or Metrics())
        try:
            await connection._read_credentials()
            connection._client = ApiClient(connection._configuration)
        except _UNREADABLE as error:
            raise ClusterError(connection._unusable(error)) from error
        async with connection._client:
            yield connection

    async def send(self, call: Call) -> Object:
        """The JSON of the answer.

        Raises:
            ClusterError: The answer is an error, or there is none.
        """
        try:
            async with asyncio.timeout(call.seconds):
                return await self._send(call)
        except TimeoutError as error:
            raise Unavailable(f"{call}: no answer in {call.seconds:g} seconds") from error
        except (aiohttp.ClientError, OSError) as error:
            raise Unavailable(f"{call}: {error or type(error).__name__}") from error

    async def _send(self, call: Call) -> Object:
        token = await self._token()
        answer, body = await self._exchange(call, token)
        if answer.status == HTTPStatus.UNAUTHORIZED:
            token = await self._new_token(token)
            answer, body = await self._exchange(call, token)
        if answer.status >= HTTPStatus.MULTIPLE_CHOICES:
            raise self._refused(answer, body)
        return _parsed(call, body)

    async def _exchange(self, call: Call, token: str | None) -> tuple[RESTResponse, bytes]:
        headers = {
            "Accept": call.accept,
            "Content-Type": call.content_type,
            "User-Agent": USER_AGENT,
            **({"Authorization": token} if token else {}),
        }
        call.guard()
        with self._metrics.asking(call.method, call.path) as answered:
            answer = await self._client.call_api(
                call.method,
                self._configuration.host + call.path,
                headers,
                call.body,
                _request_timeout=_NO_TIMEOUT,
            )
            body = await answer.read()
            answered.code = str(answer.status)
        return answer, body

    def _refused(self, answer: RESTResponse, body: bytes) -> ClusterError:
        error = error_of(answer.status, answer.headers, body)
        if isinstance(error, Conflict):
            self._metrics.came_too_late()
        return error

    async def _token(self) -> str | None:
        token: str | None = await self._configuration.get_api_key_with_prefix(_TOKEN)
        return token

    async def _new_token(self, refused: str | None) -> str | None:
        """The token in place of one that was turned down, read once for all calls that wait."""
        async with self._reading:
            if await self._token() == refused:
                try:
                    await self._read_credentials()
                except _UNREADABLE as error:
                    raise Unavailable(self._unusable(error)) from error
        return await self._token()

    async def _read_credentials(self) -> None:
        if self._kubeconfig is None:
            config.load_incluster_config(client_configuration=self._configuration)
            return
        await config.load_kube_config(
            config_file=self._kubeconfig,
            client_configuration=self._configuration,
            persist_config=False,
        )

    def _unusable(self, error: Exception) -> str:
        if self._kubeconfig is None:
            return (
                f"no way to the API server: {error} "
                f"Outside a pod, set {KUBECONFIG_VARIABLE} to a kubeconfig file."
            )
        return f"{KUBECONFIG_VARIABLE}={self._kubeconfig}: {error}"


def _parsed(call: Call, body: bytes) -> Object:
    try:
        answer: Object = json.loads(body)
    except ValueError as error:
        raise Unavailable(f"{call}: the answer is not JSON") from error
    return answer
