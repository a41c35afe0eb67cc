"""Objects on a control plane without kubelets."""

from typing import Any

from awaiting import until
from control_plane import ControlPlane
from pod_states import Body


def make(plane: ControlPlane, path: str, name: str, **body: Any) -> None:
    """Create an object."""
    plane.ask("POST", path, {"metadata": {"name": name}, **body})


def make_namespace(plane: ControlPlane, name: str) -> str:
    """A namespace in which pods can be made; its path."""
    make(plane, "/api/v1/namespaces", name)
    path = f"/api/v1/namespaces/{name}"
    until(lambda: plane.request("GET", f"{path}/serviceaccounts/default")[0] == 200)
    return path


def pod_spec(*, limits: dict[str, str] | None = None, **spec: Any) -> Body:
    """A pod like a training's."""
    container = {"name": "trainer", "image": "trainer", "resources": {"limits": limits or {}}}
    return {"restartPolicy": "Never", "containers": [container], **spec}
