"""Calls of the operator's to a real API server, with every right."""

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from typing import TypeVar

from control_plane import ControlPlane
from preference_operator.cluster import Cluster
from preference_operator.settings import Settings

Answer = TypeVar("Answer")


def asked(plane: ControlPlane, question: Callable[[Cluster], Awaitable[Answer]]) -> Answer:
    """What a coroutine gives back that is handed a connection with every right."""

    async def ask() -> Answer:
        async with Cluster.connect(Settings(kubeconfig=str(plane.kubeconfig))) as cluster:
            return await question(cluster)

    return asyncio.run(ask())


def new_namespace(plane: ControlPlane) -> str:
    """A namespace of its own for a test."""
    name = f"test-{uuid.uuid4().hex[:12]}"
    plane.ask("POST", "/api/v1/namespaces", {"metadata": {"name": name}})
    return name
