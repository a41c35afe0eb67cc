from collections.abc import Iterator

import pytest

import control_plane
from control_plane import ControlPlane
from preference_api.crd import NAME, rendered


@pytest.fixture(scope="session")
def api_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """A real API server that knows the kind."""
    with control_plane.running(tmp_path_factory.mktemp("control-plane")) as plane:
        plane.kubectl("apply", "--server-side", "-f", "-", stdin=rendered())
        plane.kubectl("wait", "--for=condition=Established", f"crd/{NAME}", "--timeout=30s")
        yield plane
