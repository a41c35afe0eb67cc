"""Requests to the API server with the token of a service account, as a thief of it makes them."""

import json
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import urllib3

from control_plane import ControlPlane


@dataclass(frozen=True)
class Account:
    """A service account.

    Args:
        plane: Where it is.
        namespace: Its namespace.
        name: Its name.
    """

    plane: ControlPlane
    namespace: str
    name: str

    def request(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """Status and JSON of a request."""
        answer = self._connections.request(
            method,
            self.plane.url + path,
            body=None if body is None else json.dumps(body),
            headers={"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"},
        )
        return answer.status, answer.json()

    @cached_property
    def _token(self) -> str:
        path = f"/api/v1/namespaces/{self.namespace}/serviceaccounts/{self.name}/token"
        return str(self.plane.ask("POST", path, {"spec": {}})["status"]["token"])

    @cached_property
    def _connections(self) -> urllib3.PoolManager:
        return urllib3.PoolManager(ca_certs=str(self.plane.certificate), timeout=30, retries=False)
