"""What an image consists of: its layers, and the files in each."""

import json
import subprocess
import tarfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import images


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """A layer; the digest is that of its files, and the size theirs, in bytes."""

    digest: str
    size: int


def own_layers(image: str) -> list[Layer]:
    """The layers that an image adds to what it runs on, lowest first."""
    base = len(images.inspected(images.runtime())["RootFS"]["Layers"])
    digests = images.inspected(image)["RootFS"]["Layers"]
    sizes = [entry["size"] for entry in reversed(images.history(image)) if entry["size"]]
    layers = zip(digests, sizes, strict=True)
    return [Layer(digest=digest, size=size) for digest, size in layers][base:]


def own_files(image: str) -> Iterator[tarfile.TarInfo]:
    """Every file and folder in those layers."""
    wanted = {layer.digest.removeprefix("sha256:") for layer in own_layers(image)}
    with (
        subprocess.Popen(images.saving(image), stdout=subprocess.PIPE) as saving,
        tarfile.open(fileobj=saving.stdout, mode="r|") as archive,
    ):
        for member in archive:
            if member.isfile() and member.name.removesuffix(".tar") in wanted:
                layer = archive.extractfile(member)
                with tarfile.open(fileobj=layer, mode="r|") as files:
                    yield from files
    assert saving.returncode == 0


def told_by_python(image: str, code: str, *arguments: str) -> object:
    """What a line of Python in a container of the image prints as JSON."""
    done = images.in_a_container(image, "python", "-c", code, *arguments)
    assert done.returncode == 0, done.stderr
    told: object = json.loads(done.stdout)
    return told


def total(layers: Sequence[Layer]) -> int:
    """Their size in bytes."""
    return sum(layer.size for layer in layers)
