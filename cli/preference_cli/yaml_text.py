"""YAML as kubectl reads it, with faults that name file and line."""

from typing import Any

from preference_api import kube_yaml
from preference_cli.errors import CommandError


def load_documents(text: str, source: str) -> list[Any]:
    """The documents of a YAML text as JSON values, empty ones left out.

    Raises:
        CommandError: The text is not YAML; the message names source and line.
    """
    try:
        return kube_yaml.load_documents(text)
    except kube_yaml.NotYaml as error:
        raise CommandError(
            f"{source}: this is not YAML: {error}",
            remedy="mend that line, or put the value in quotes",
            reason="BadYAML",
        ) from error


def load_value(text: str, source: str) -> Any:
    """One YAML value; nothing is None.

    Raises:
        CommandError: The text is not YAML.
    """
    return next(iter(load_documents(text, source)), None)
