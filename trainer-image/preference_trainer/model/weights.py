"""The header of a safetensors file: names and shapes of its tensors, read without the weights.

Format: eight bytes with the header's length, little endian, then the header as JSON
(https://huggingface.co/docs/safetensors, "Format").
"""

import json
import math
from dataclasses import dataclass
from typing import BinaryIO

LONGEST_HEADER = 100_000_000


@dataclass(frozen=True, slots=True)
class Tensor:
    """Name, shape and number format (F32, BF16, ...) of a tensor."""

    name: str
    shape: tuple[int, ...]
    dtype: str

    @property
    def size(self) -> int:
        """Numbers that it holds."""
        return math.prod(self.shape)


def read_header(stream: BinaryIO) -> list[Tensor]:
    """The tensors of a safetensors file.

    Raises:
        ValueError: The stream does not begin with such a header.
    """
    length = int.from_bytes(stream.read(8), "little")
    if not 2 <= length <= LONGEST_HEADER:
        raise ValueError("no safetensors header")
    header = json.loads(stream.read(length))
    try:
        return [
            Tensor(name, tuple(entry["shape"]), entry["dtype"])
            for name, entry in header.items()
            if name != "__metadata__"
        ]
    except (AttributeError, KeyError, TypeError) as error:
        raise ValueError("no safetensors header") from error
