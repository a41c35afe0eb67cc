"""Names a release's images in the chart: `python release/pin_chart.py KEY=REPOSITORY@DIGEST...`.

A key is where values.yaml holds an image: `image` or `trainer.image`. Only those words of the file
change; its comments stay. `helm package` sets the versions.
"""

import json
import re
import sys
from collections.abc import Mapping
from pathlib import Path

import yaml

VALUES = Path(__file__).resolve().parents[1] / "charts" / "preference-operator" / "values.yaml"
REFERENCE = re.compile(r"([^@\s]+)@(sha256:[0-9a-f]{64})")


def pinned(values: str, images: Mapping[str, str]) -> str:
    """The text of values.yaml with images named by their digest.

    Args:
        values: The text as it is.
        images: References with a digest, by the path of the image's values.

    Raises:
        KeyError: The values have no image at such a path.
        ValueError: A reference names no digest.
    """
    for path, reference in images.items():
        match = REFERENCE.fullmatch(reference)
        if match is None:
            raise ValueError(f"{path}: {reference!r} is not REPOSITORY@sha256:DIGEST")
        for key, value in zip(("repository", "digest"), match.groups(), strict=True):
            node = _scalar(yaml.compose(values), [*path.split("."), key])
            begin, end = node.start_mark.index, node.end_mark.index
            values = values[:begin] + json.dumps(value) + values[end:]
    return values


def _scalar(node: yaml.Node | None, path: list[str]) -> yaml.ScalarNode:
    for key in path:
        entries = node.value if isinstance(node, yaml.MappingNode) else []
        node = next((value for name, value in entries if name.value == key), None)
    if not isinstance(node, yaml.ScalarNode):
        raise KeyError(f"values.yaml has no {'.'.join(path)}")
    return node


if __name__ == "__main__":
    given = dict(argument.split("=", 1) for argument in sys.argv[1:])
    VALUES.write_text(pinned(VALUES.read_text(encoding="utf-8"), given), encoding="utf-8")
