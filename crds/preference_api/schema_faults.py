"""What pydantic finds wrong with a manifest, in words that say where and what to do."""

import difflib
import json
import re
from collections.abc import Callable, Sequence
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from preference_api.crd import object_schema
from preference_api.fault import Fault, shown
from preference_api.kube_yaml import NotYaml, load_documents
from preference_api.v1alpha1 import PreferenceJob
from preference_api.walk import Loc, dotted, fields, schema_at

_KINDS = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "list_type": "a list",
    "dict_type": "a mapping",
    "model_type": "a mapping",
}
_BOUNDS = {
    "greater_than": ("gt", "above"),
    "greater_than_equal": ("ge", "of at least"),
    "less_than": ("lt", "below"),
    "less_than_equal": ("le", "of at most"),
}
_SIZES = {
    "string_too_short": ("min_length", "characters", "at least"),
    "string_too_long": ("max_length", "characters", "at most"),
    "too_short": ("min_length", "entries", "at least"),
    "too_long": ("max_length", "entries", "at most"),
}


def read_strictly(document: Any) -> PreferenceJob:
    """The PreferenceJob of a document; wire names only, and no value changes its type.

    Raises:
        ValidationError: Pydantic's, with every fault.
    """
    return PreferenceJob.model_validate_json(
        json.dumps(document), strict=True, by_alias=True, by_name=False
    )


def schema_faults(document: Any) -> list[Fault]:
    """Every fault against the schema: unknown fields, types, ranges, forms, choices."""
    try:
        read_strictly(document)
    except ValidationError as error:
        return [_fault(found) for found in error.errors(include_url=False)]
    return []


def nearest(word: str, choices: Sequence[str]) -> str | None:
    """The choice that a misspelt word most likely means; case and underscores do not count."""
    plain = {_plain(choice): choice for choice in choices}
    close = difflib.get_close_matches(_plain(word), plain, n=1, cutoff=0.6)
    return plain[close[0]] if close else None


def _fault(found: ErrorDetails) -> Fault:
    # Pydantic puts "[key]" behind a mapping's key that is at fault.
    loc = tuple(step for step in found["loc"] if step != "[key]")
    message, remedy = _wording(found["type"])(found, loc)
    return Fault(loc, message, remedy)


_Words = tuple[str, str]


def _wording(kind: str) -> Callable[[ErrorDetails, Loc], _Words]:
    if kind in _KINDS:
        return _wrong_type
    if kind in _BOUNDS:
        return _out_of_range
    if kind in _SIZES:
        return _wrong_size
    return _WORDINGS.get(kind, _other)


def _unknown_field(found: ErrorDetails, loc: Loc) -> _Words:
    return "unknown field", _offer(str(loc[-1]), loc[:-1])


def _missing(found: ErrorDetails, loc: Loc) -> _Words:
    about = schema_at(loc, object_schema()).get("description", "").partition("\n")[0]
    return "missing", f"add {loc[-1]}: {about}" if about else f"add {loc[-1]}"


def _wrong_type(found: ErrorDetails, loc: Loc) -> _Words:
    value, wanted = found["input"], _KINDS[found["type"]]
    message = f"{shown(value)} is not {wanted}"
    if wanted == "text" and isinstance(value, bool):
        return message, "put it in quotes: YAML takes y, n, yes, no, on and off for true or false"
    if wanted == "text" and not isinstance(value, dict | list):
        return message, "put it in quotes"
    unquoted = _unquoted(value)
    return message, "remove the quotes" if unquoted is not None else f"write {wanted}"


def _unquoted(value: Any) -> int | float | bool | None:
    """The number or boolean that a text would be without its quotes."""
    try:
        (document,) = load_documents(value) if isinstance(value, str) else (None,)
    except (NotYaml, ValueError):
        return None
    return document if isinstance(document, int | float) else None


def _out_of_range(found: ErrorDetails, loc: Loc) -> _Words:
    bound, words = _BOUNDS[found["type"]]
    return f"{found['input']} is out of range", f"use a number {words} {found['ctx'][bound]:.15g}"


def _wrong_size(found: ErrorDetails, loc: Loc) -> _Words:
    bound, unit, words = _SIZES[found["type"]]
    return f"has {len(found['input'])} {unit}", f"use {words} {found['ctx'][bound]}"


def _wrong_form(found: ErrorDetails, loc: Loc) -> _Words:
    return (
        f"{shown(found['input'])} has the wrong form",
        f"it has to match {found['ctx']['pattern']}",
    )


def _no_choice(found: ErrorDetails, loc: Loc) -> _Words:
    choices = re.findall(r"'([^']*)'", found["ctx"]["expected"])
    guess = nearest(str(found["input"]), choices)
    message = f"{shown(found['input'])} is not one of {', '.join(choices)}"
    return message, f"did you mean {guess}?" if guess else "choose one of them"


def _other(found: ErrorDetails, loc: Loc) -> _Words:
    return found["msg"], ""


_WORDINGS: dict[str, Callable[[ErrorDetails, Loc], _Words]] = {
    "extra_forbidden": _unknown_field,
    "missing": _missing,
    "string_pattern_mismatch": _wrong_form,
    "enum": _no_choice,
    "literal_error": _no_choice,
}


def _offer(name: str, parent: Loc) -> str:
    """The field that a misspelt or misplaced one was meant to be."""
    part = parent[:1] or ("spec",)  # nobody means a field of the status
    siblings = list(schema_at(parent, object_schema()).get("properties", ()))
    same = [field for field in siblings if _plain(field) == _plain(name)]
    known = (loc for loc, _ in fields(object_schema()) if loc[: len(part)] == part)
    elsewhere = [dotted(loc) for loc in known if loc[-1] == name]
    close = nearest(name, siblings)
    guesses = [*same, *elsewhere, *([close] if close else [])]
    return f"did you mean {guesses[0]}?" if guesses else f"the fields are {', '.join(siblings)}"


def _plain(name: str) -> str:
    return name.replace("_", "").replace("-", "").casefold()
