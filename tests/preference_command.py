"""`kubectl preference`, run as a user of the tests' cluster runs it."""

import subprocess
import sys

from team_space import TeamSpace


def preference(team_space: TeamSpace, *arguments: str) -> str:
    """What the command line prints in the namespace."""
    kubeconfig = f"--kubeconfig={team_space.cluster.plane.kubeconfig}"
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "preference_cli",
            *arguments,
            "-n",
            team_space.namespace,
            kubeconfig,
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
