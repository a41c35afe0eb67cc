"""The project's images, built by podman on a base that debootstrap makes.

An image's tag is a hash of what it is made from: what is there already is not made again. They lie
in a storage of their own in the cache folder. What the project's images run on has no shell.
"""

import ast
import fcntl
import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import machine

ROOT = Path(__file__).resolve().parents[1]
RELEASE = "bookworm"
PACKAGES = ("ca-certificates", "python3", "python3-venv")
SLEEP = ("/bin/sleep", "infinity")
SHELLS = tuple(f"/usr/bin/{name}" for name in ("sh", "dash", "bash", "rbash"))
RELEASED = {
    "VERSION": "1.2.3",
    "REVISION": "0123456789abcdef0123456789abcdef01234567",
    "CREATED": "2026-01-02T03:04:05Z",
    "SOURCE": "https://example.com/preference-operator",
}
"""Build arguments that a release sets."""
RUN_FOLDER = "/run/preference-operator-images"
"""podman takes no long path for it."""
LIMITS = ("--ulimit=nofile=20000:20000", "--ulimit=nproc=4096:4096")


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """What an image is made from, all of it below a root such as that of the repository."""

    name: str
    dockerfile: str
    sources: tuple[str, ...]
    root: Path = ROOT

    def digest(self) -> str:
        """A hash over everything that goes into the image."""
        named = [".dockerignore", "LICENSE", "README.md", "constraints.txt", "pyproject.toml"]
        named += [f"release/{name}.py" for name in ("requirements", "sbom", "tidy")]
        paths = [self.root / name for name in [*named, self.dockerfile]]
        for folder in self.sources:
            found = (self.root / folder).rglob("*")
            paths += sorted(p for p in found if p.is_file() and "__pycache__" not in p.parts)
        lines = [f"{path.relative_to(self.root)} {_sha256(path.read_bytes())}" for path in paths]
        return _sha256("\n".join([_runtime_digest(), json.dumps(RELEASED), *lines]).encode())


OPERATOR = Recipe(
    name="preference-operator",
    dockerfile="operator/Dockerfile",
    sources=("crds/preference_api", "operator/preference_operator"),
)
TRAINER = Recipe(
    name="preference-trainer",
    dockerfile="trainer-image/Dockerfile",
    sources=("crds/preference_api", "trainer-image/preference_trainer"),
)


def base() -> str:
    """Debian with its Python, on which the others are built; a container of it sleeps."""
    return _at_hand("preference-base", _base_digest(), _make_base)


def runtime() -> str:
    """The base without its shells, on which the project's images run."""
    ground = base()
    return _at_hand("preference-runtime", _runtime_digest(), lambda name: _bare(name, ground))


def built(recipe: Recipe, *options: str) -> str:
    """The name of an image of the project, as a pod names it.

    Args:
        recipe: What it is made from.
        options: More options of the build.
    """
    grounds = {"BASE": base(), "RUNTIME": runtime()}
    return _at_hand(
        recipe.name, recipe.digest(), lambda name: _build(recipe, name, grounds, options)
    )


def inspected(image: str) -> dict[str, Any]:
    """What podman tells about an image."""
    told: dict[str, Any] = json.loads(_podman("image", "inspect", image))[0]
    return told


def history(image: str) -> list[dict[str, Any]]:
    """The steps that an image was built by, last first, with the size that each added."""
    steps: list[dict[str, Any]] = json.loads(_podman("history", "--format=json", image))
    return steps


def in_a_container(image: str, *command: str) -> subprocess.CompletedProcess[str]:
    """Run a command as a cluster would: read-only root, no rights, /tmp to write to; no network."""
    options = ("--rm", "--read-only", "--cap-drop=all", "--security-opt=no-new-privileges")
    words = _podman_command("run", *options, *LIMITS, "--network=none", "--entrypoint=", image)
    return subprocess.run([*words, *command], capture_output=True, text=True, check=False)


def saving(image: str) -> tuple[str, ...]:
    """The command that writes an image as an archive to its standard output."""
    return _podman_command("save", image)


def _at_hand(name: str, digest: str, make: Callable[[str], None]) -> str:
    """An image, made now if it is not there; skips the test where it cannot be made."""
    machine.needs("podman", "runc", "debootstrap")
    image = f"localhost/{name}:{digest[:12]}"
    with _locked():
        had = _podman("images", "--format={{.Repository}}:{{.Tag}}", f"localhost/{name}").split()
        if image not in had:
            make(image)
            if had:
                _podman("rmi", *had)
    return image


def _build(recipe: Recipe, name: str, grounds: Mapping[str, str], options: tuple[str, ...]) -> None:
    arguments = [f"--build-arg={key}={value}" for key, value in {**grounds, **RELEASED}.items()]
    with tempfile.TemporaryDirectory() as folder:
        _podman(
            "build",
            *("--network=host", *LIMITS, *_package_index(Path(folder) / "pip.conf"), *options),
            *(*arguments, f"--file={recipe.root / recipe.dockerfile}", f"--tag={name}"),
            str(recipe.root),
        )


def _bare(name: str, ground: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        recipe = Path(folder, "Dockerfile")
        recipe.write_text(f"FROM {ground}\nRUN {json.dumps(['/bin/rm', *SHELLS])}\n")
        _podman("build", *LIMITS, f"--file={recipe}", f"--tag={name}", folder)


def _make_base(name: str) -> None:
    with tempfile.TemporaryDirectory(dir=machine.cache("images")) as folder:
        system, archive = Path(folder) / "system", Path(folder) / "system.tar"
        packages = f"--include={','.join(PACKAGES)}"
        _run("debootstrap", "--variant=minbase", packages, RELEASE, str(system))
        for left in ("var/cache/apt/archives", "var/lib/apt/lists", "var/log"):
            shutil.rmtree(system / left)
        _run("tar", "--numeric-owner", "-C", str(system), "-cf", str(archive), ".")
        _podman("import", f"--change=CMD {json.dumps(SLEEP)}", str(archive), name)


def _base_digest() -> str:
    return _sha256(json.dumps([RELEASE, PACKAGES, SLEEP]).encode())


def _runtime_digest() -> str:
    return _sha256(json.dumps([_base_digest(), SHELLS]).encode())


def _package_index(file: Path) -> list[str]:
    """Mounts that give a build this machine's package index: pip's settings, what they name.

    An index that is a folder may refer to files beside it, so that its parent is mounted.
    """
    settings = _pip_settings()
    file.write_text("\n".join(["[global]", *(f"{name} = {v}" for name, v in settings.items())]))
    mounts = {f"--volume={file}:/etc/pip.conf:ro"}
    for word in " ".join(settings.values()).split():
        url = urlsplit(word)
        path = Path(url.path).parent if url.scheme == "file" else Path(word)
        if path.is_absolute() and path.exists():
            mounts.add(f"--volume={path}:{path}:ro")
    return sorted(mounts)


def _pip_settings() -> dict[str, str]:
    """What `pip config list` says, settings of the environment above those of files."""
    lines = _run(sys.executable, "-m", "pip", "config", "list").splitlines()
    pairs = [line.partition("=")[::2] for line in lines]
    pairs.sort(key=lambda pair: pair[0].startswith(":env:"))
    return {name.rpartition(".")[2]: str(ast.literal_eval(value)) for name, value in pairs}


def _podman(*arguments: str) -> str:
    return _run(*_podman_command(*arguments))


def _podman_command(*arguments: str) -> tuple[str, ...]:
    storage = (f"--root={machine.cache('images')}", f"--runroot={RUN_FOLDER}")
    return ("podman", *storage, "--runtime=runc", *arguments)


def _run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    if done.returncode:
        raise RuntimeError(f"{command} failed: {done.stdout[-2000:]}{done.stderr[-4000:]}")
    return done.stdout


@contextmanager
def _locked() -> Iterator[None]:
    """One build at a time on a machine."""
    with (machine.cache("images") / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
