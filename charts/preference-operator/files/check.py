"""What `helm test` runs with the operator's settings and account: whether it may work, and does."""

import asyncio
import os
import sys
from datetime import UTC, datetime

from preference_operator.cluster import Cluster
from preference_operator.cluster_errors import ClusterError
from preference_operator.connection import Object
from preference_operator.settings import Settings, read_settings

KINDS = ("preferencejobs", "jobs", "pods")


async def ask(settings: Settings) -> Object:
    """List what the operator watches, and read its Lease."""
    async with Cluster.connect(settings) as cluster:
        for namespace in settings.namespaces or (None,):
            for kind in KINDS:
                await cluster.list_metadata(kind, namespace, "preference.dev/job-uid")
        return await cluster.read_lease(settings.lease_namespace, settings.lease_name, seconds=10)


def verdict(lease: Object, settings: Settings) -> str | None:
    """What is wrong with the election; None where a replica leads."""
    spec = lease.get("spec") or {}
    if not spec.get("holderIdentity"):
        return "no replica leads"
    age = datetime.now(UTC) - datetime.fromisoformat(spec["renewTime"])
    if age.total_seconds() > 2 * settings.lease_seconds:
        return f"no replica leads: the Lease was last renewed {age.total_seconds():.0f} seconds ago"
    return None


if __name__ == "__main__":
    own = read_settings(os.environ)
    try:
        sys.exit(verdict(asyncio.run(ask(own)), own))
    except ClusterError as error:
        sys.exit(str(error))
