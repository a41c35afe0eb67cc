"""The parts of a dataset, and how often a pair of each counts."""

from dataclasses import dataclass

import numpy as np

from preference_api.v1alpha1.dataset import Columns, Dataset, DatasetFormat
from preference_trainer.dataset.draws import uniform
from preference_trainer.dataset.index import Keys, Numbers

_PURPOSE = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One dataset to read.

    Args:
        uri: Where it lies.
        uri_field: Path in the spec of the field with the URI.
        field: Path in the spec of the object with format and columns.
        weight: How often a pair counts in an epoch.
        held_out: True for an own evaluation dataset.
    """

    uri: str
    uri_field: str
    field: str
    format: DatasetFormat
    columns: Columns
    weight: float = 1.0
    held_out: bool = False


def parts_of(dataset: Dataset) -> list[Part]:
    """Every dataset that a spec names, an own evaluation dataset last."""
    training = [
        Part(
            uri=part.uri,
            uri_field=f"spec.dataset.mixture[{index}].uri",
            field=f"spec.dataset.mixture[{index}]",
            format=part.format,
            columns=part.columns,
            weight=part.weight,
        )
        for index, part in enumerate(dataset.mixture or [])
    ]
    single = [_part(dataset, dataset.uri, "spec.dataset.uri")] if dataset.uri else []
    held_out = [
        _part(dataset, uri, "spec.dataset.evaluation.uri", held_out=True)
        for uri in [dataset.evaluation.uri]
        if uri
    ]
    return training + single + held_out


def copies(pairs: Keys, weight: float) -> Numbers:
    """How often each pair is taken: 0.5 takes half of them, 2.5 takes each twice and half thrice.

    Args:
        pairs: Hashes of the pairs, which decide.
        weight: The weight of their part.
    """
    whole, rest = divmod(weight, 1.0)
    return int(whole) + (uniform(pairs, _PURPOSE) < rest).astype(np.int64)


def _part(dataset: Dataset, uri: str, uri_field: str, *, held_out: bool = False) -> Part:
    return Part(
        uri=uri,
        uri_field=uri_field,
        field="spec.dataset",
        format=dataset.format,
        columns=dataset.columns,
        held_out=held_out,
    )
