"""What a process tells Prometheus, as Prometheus reads it."""

from prometheus_client.parser import text_string_to_metric_families

Series = tuple[str, frozenset[tuple[str, str]]]
"""The name of a sample, and its labels."""


def series(text: str) -> dict[Series, float]:
    """The value of every series; one that is told twice is a fault."""
    found: dict[Series, float] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            one = (sample.name, frozenset(sample.labels.items()))
            assert one not in found, one
            found[one] = sample.value
    return found
