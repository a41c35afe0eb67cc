"""Values of the storage layer: an object as listed, a file as recorded, a manifest of files."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Self

from pydantic import AfterValidator, Field, JsonValue, model_validator

from preference_api.v1alpha1.base import ApiModel

MANIFEST_NAME = "manifest.json"
"""Written last: a tree of objects without it does not exist."""

OnBytes = Callable[[int], object]
"""Told the bytes moved since the last call, from the threads that move them; negative where a part
is sent again. What it raises ends the transfer and comes out of it."""


@dataclass(frozen=True, slots=True)
class ObjectInfo:
    """An object as a store lists it.

    The etag changes whenever the content does: the entity tag in S3, the SHA-256 or the git blob
    id on the hub, the SHA-256 in a folder.
    """

    name: str
    size: int
    etag: str


def is_plain(name: str) -> bool:
    """Whether a relative name stays below the folder that it is joined to."""
    steps = name.split("/")
    return not any(step in ("", ".", "..") for step in steps) and "\\" not in name


def _plain(name: str) -> str:
    if not is_plain(name):
        raise ValueError("leads out of its folder")
    return name


class FileRecord(ApiModel):
    """A file and what its content has to be."""

    name: Annotated[str, AfterValidator(_plain)] = Field(description="Path below the tree.")
    size: int = Field(ge=0, description="Bytes.")
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$", description="SHA-256 in hexadecimal.")


class Manifest(ApiModel):
    """Every file of a tree, sorted by name, and what its writer says about it."""

    files: tuple[FileRecord, ...] = Field(description="The files, sorted by name.")
    about: dict[str, JsonValue] = Field(default_factory=dict, description="The writer's words.")

    @model_validator(mode="after")
    def _names_once(self) -> Self:
        names = [record.name for record in self.files]
        if len(names) != len(set(names)):
            raise ValueError("names a file twice")
        return self
