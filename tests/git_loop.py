"""A Git repository of manifests, and what a GitOps tool does with it again and again."""

import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from control_plane import CommandFailed, ControlPlane

_AUTHOR = ("-c", "user.name=author", "-c", "user.email=author@example.com")
_APPLY = ("--server-side", "--force-conflicts")
"""As Argo CD with ServerSideApply=true, and as Flux."""


@dataclass(frozen=True, slots=True)
class GitLoop:
    """A repository with one manifest, kept in one namespace.

    Args:
        plane: Where the namespace is.
        namespace: Where the objects go.
        folder: Of the repository; an empty one.
    """

    plane: ControlPlane
    namespace: str
    folder: Path

    def begin(self) -> None:
        """Make the repository."""
        self._git("init", "--quiet")

    def commit(self, manifest: dict[str, Any], *, comment: str = "") -> None:
        """Commit a manifest, with a comment above it."""
        text = f"# {comment}\n{yaml.safe_dump(manifest)}"
        (self.folder / "job.yaml").write_text(text, encoding="utf-8")
        self._git("add", "job.yaml")
        self._git(*_AUTHOR, "commit", "--quiet", "--message", comment or "change")

    def revert(self) -> None:
        """Revert the newest commit."""
        self._git(*_AUTHOR, "revert", "--no-edit", "HEAD")

    def sync(self) -> None:
        """One pass of the loop."""
        self._kubectl("apply", *_APPLY)

    def in_sync(self) -> bool:
        """Whether the cluster holds what Git says."""
        try:
            return self._kubectl("diff", *_APPLY) == ""
        except CommandFailed:
            return False

    def _kubectl(self, verb: str, *options: str) -> str:
        place = ("--namespace", self.namespace, "-f", str(self.folder / "job.yaml"))
        return self.plane.kubectl(verb, *options, *place)

    def _git(self, *arguments: str) -> None:
        subprocess.run(["git", *arguments], cwd=self.folder, capture_output=True, check=True)
