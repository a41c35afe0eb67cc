"""Hypothesis strategies: PreferenceJobs drawn from the structural schema itself."""

from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

from preference_api.structural import Schema

Strategy = st.SearchStrategy[Any]

_LONG = 40
_FEW = 2  # more would nearly always break a rule
_MISFITS: Strategy = st.sampled_from(["text", "", -1, 0, 0.5, 1e30, True, None, [], {}])
_OTHER_BLOCK = {"DPO": "orpo", "ORPO": "dpo"}
_LABELS = st.from_regex(r"[a-z]{1,8}(/[a-z]{1,8})?", fullmatch=True)


def values(schema: Schema) -> Strategy:
    """Values that the schema allows; CEL rules may still refuse them."""
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    return _BY_TYPE[schema["type"]](schema)


def plausible_specs(schema: Schema) -> Strategy:
    """Specs that the schema allows and whose parts mostly go together."""
    return values(schema).map(_reconciled)


def _reconciled(spec: Any) -> Any:
    """The spec without the clashes that nearly every draw would hold."""
    dataset = {name: field for name, field in spec["dataset"].items() if name != "uri"}
    if "mixture" not in dataset:
        dataset["uri"] = "s3://bucket/pairs.jsonl"
    kept = {name: block for name, block in spec.items() if name != _OTHER_BLOCK[spec["method"]]}
    return {**kept, "dataset": dataset, "output": {"uri": "s3://bucket/output"}}


def nearly_valid(schema: Schema) -> Strategy:
    """Values that the schema allows but for one place, which may hold anything."""
    return st.builds(_spoilt, values(schema), st.integers(0, 2**16), _MISFITS)


def _spoilt(value: Any, seed: int, misfit: Any) -> Any:
    if isinstance(value, dict) and value and seed % 7:
        name = sorted(value)[seed % len(value)]
        return {**value, name: _spoilt(value[name], seed // 7, misfit)}
    if isinstance(value, list) and value and seed % 7:
        return [_spoilt(value[0], seed // 7, misfit), *value[1:]]
    return misfit


def _objects(schema: Schema) -> Strategy:
    if "properties" not in schema:
        entries = values(schema["additionalProperties"])
        return st.dictionaries(_LABELS, entries, max_size=3)
    fields = {name: values(field) for name, field in schema["properties"].items()}
    required = schema.get("required", [])
    optional = st.sets(st.sampled_from(sorted(fields)), max_size=_FEW)
    return optional.flatmap(
        lambda names: st.fixed_dictionaries({name: fields[name] for name in {*required, *names}})
    )


def _lists(schema: Schema) -> Strategy:
    least = schema.get("minItems", 0)
    most = min(schema["maxItems"], least + 2)
    return st.lists(values(schema["items"]), min_size=least, max_size=most)


def _texts(schema: Schema) -> Strategy:
    most = schema["maxLength"]
    if "pattern" in schema:
        drawn = st.from_regex(schema["pattern"], fullmatch=True, alphabet=_printable())
        return drawn.filter(lambda text: schema.get("minLength", 0) <= len(text) <= most)
    return st.text(_printable(), min_size=schema.get("minLength", 0), max_size=min(most, _LONG))


def _printable() -> st.SearchStrategy[str]:
    return st.characters(min_codepoint=32, max_codepoint=126)


def _numbers(schema: Schema) -> Strategy:
    return st.floats(
        schema.get("minimum"),
        schema.get("maximum", 1e6),
        exclude_min=schema.get("exclusiveMinimum", False),
        exclude_max=schema.get("exclusiveMaximum", False),
        allow_nan=False,
        allow_subnormal=False,
    )


def _integers(schema: Schema) -> Strategy:
    return st.integers(schema.get("minimum"), schema.get("maximum", 2**31))


_BY_TYPE: dict[str, Callable[[Schema], Strategy]] = {
    "object": _objects,
    "array": _lists,
    "string": _texts,
    "number": _numbers,
    "integer": _integers,
    "boolean": lambda schema: st.booleans(),
}
