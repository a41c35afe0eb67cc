"""A command line or a recipe as settings by name."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from preference_api.kube_yaml import NotYaml, load_documents
from preference_api.v1alpha1.methods import Method
from preference_cli.convert import values
from preference_cli.convert.command_line import Command, is_command, parse_command
from preference_cli.convert.launchers import PRESETS, configured, guessed
from preference_cli.errors import CommandError

_METHOD = re.compile(r"(?<![a-z])(dpo|orpo)(?![a-z])")
_OTHER = re.compile(r"(?<![a-z])(sft|kto|grpo|rloo|reward|cpo|bco|ppo|gkd|distillation)(?![a-z])")
_NAME = re.compile(r"\w+")
_LAUNCHER_FILES = ("config_file", "accelerate_config")


@dataclass(frozen=True, slots=True)
class Source:
    """Settings as they were written, and what tells the method.

    unread: Configuration files of the launcher that were not at hand.
    """

    settings: Mapping[str, Any]
    launcher: Mapping[str, Any] = field(default_factory=dict)
    environment: tuple[str, ...] = ()
    method: Method | None = None
    unread: tuple[str, ...] = ()


def method_of(text: str) -> Method | None:
    """The method that a name or path tells: `run_orpo`, `recipes/zephyr/dpo/config.yaml`."""
    found = _METHOD.findall(text.lower())
    return Method(found[-1].upper()) if found else None


def files_of(text: str) -> tuple[str, ...]:
    """Paths of the files that a command line names, to be read by the caller.

    Raises:
        CommandError: The text is neither a command line nor a recipe.
    """
    recipe = _recipe_of(text)
    if recipe is not None:
        return _paths(recipe, {})
    command = parse_command(text)
    return (*_recipe_paths(command), *_paths(command.flags, command.launcher))


def read_source(text: str, files: Mapping[str, str]) -> Source:
    """Settings of a text.

    Args:
        text: A command line, or a recipe in YAML.
        files: Contents of the files that `files_of` names, as far as they are there.

    Raises:
        CommandError: The text is neither, names a file that is missing, or another method.
    """
    recipe = _recipe_of(text)
    if recipe is not None:
        return _with_launcher(recipe, {}, files)
    return _of_command(parse_command(text), files)


def _recipe_of(text: str) -> dict[str, Any] | None:
    """The settings of a recipe; None where the text is a command."""
    try:
        documents = load_documents(text)
    except NotYaml as fault:
        if is_command(text):
            return None
        raise CommandError(f"the recipe is not YAML: {fault}", remedy="mend that line") from fault
    if len(documents) != 1 or not isinstance(documents[0], dict):
        return None
    # A command with a colon in it is a mapping too, of one key that no setting could have.
    return documents[0] if all(map(_NAME.fullmatch, documents[0])) else None


def _recipe_paths(command: Command) -> tuple[str, ...]:
    return tuple(str(path) for path in (command.flags.get("config"), *command.files) if path)


def _paths(*flags: Mapping[str, Any]) -> tuple[str, ...]:
    """Configuration files of the launcher."""
    named = (found.get(name) for found in flags for name in _LAUNCHER_FILES)
    return tuple(str(path) for path in named if path)


def _of_command(command: Command, files: Mapping[str, str]) -> Source:
    other = _OTHER.search(command.script)
    if other and method_of(command.script) is None:
        raise CommandError(
            f"{command.script} trains by {other[1]}, which is not DPO or ORPO",
            remedy="a PreferenceJob has spec.sft for a supervised stage before; convert the DPO "
            "or ORPO command",
        )
    paths = _recipe_paths(command)
    recipe: dict[str, Any] = {}
    for path in paths:
        recipe |= _recipe(path, files)
    flags = {name: value for name, value in command.flags.items() if name != "config"}
    marked = [method for method in Method if flags.pop(method.value.lower(), False)]
    told = [*marked, *map(method_of, (command.script, *paths))]
    source = _with_launcher({**recipe, **flags}, command.launcher, files)
    return Source(
        settings=source.settings,
        launcher=source.launcher,
        environment=command.environment,
        method=next((method for method in told if method), None),
        unread=source.unread,
    )


def _recipe(path: str, files: Mapping[str, str]) -> dict[str, Any]:
    if path not in files:
        raise CommandError(
            f"the command names {path}, which is not there",
            remedy="convert in the folder that the command runs in",
        )
    return _mapping(path, files[path])


def _mapping(path: str, text: str) -> dict[str, Any]:
    try:
        (document,) = load_documents(text)
        return dict(values.mapping(document))
    except ValueError as fault:
        raise CommandError(
            f"{path} is not one YAML mapping of settings: {fault}", remedy="name another file"
        ) from fault


def _with_launcher(
    settings: Mapping[str, Any], launcher: Mapping[str, Any], files: Mapping[str, str]
) -> Source:
    """The launcher's flags over what its configuration file says."""
    paths = _paths(settings, launcher)
    below: dict[str, Any] = {}
    for path in paths:
        below |= _launcher_file(path, files)
    kept = {name: value for name, value in settings.items() if name != "accelerate_config"}
    unread = tuple(path for path in paths if path not in files and path not in PRESETS)
    return Source(kept, {**below, **launcher}, unread=unread)


def _launcher_file(path: str, files: Mapping[str, str]) -> Mapping[str, Any]:
    if path in files:
        return configured(_mapping(path, files[path]))
    return PRESETS.get(path) or guessed(path)
