"""What a dataset's objects are called, how large they are and in which version: not what they hold.

Cheap enough to be asked every few minutes; where it changes, a check reads the pairs.
"""

from collections.abc import Callable, Iterator

from preference_api.identity import digest
from preference_api.v1alpha1 import PreferenceJobSpec
from preference_trainer.dataset.read import is_data
from preference_trainer.storage import Location, ObjectInfo


def listing_digest(spec: PreferenceJobSpec, opened: Callable[[str], Location]) -> str:
    """SHA-256, in hexadecimal, over every object that the pairs of a spec are read from.

    Args:
        spec: Names the datasets: pairs, held-out pairs and own demonstrations.
        opened: Opens a URI.

    Raises:
        StorageRefused, StorageUnavailable: As the storage answers.

    """
    found = {
        uri: sorted((info.name, info.size, info.etag) for info in _objects(opened(uri)))
        for uri in _locations(spec)
    }
    return digest(found)


def _locations(spec: PreferenceJobSpec) -> Iterator[str]:
    datasets = [spec.dataset, *(spec.dataset.mixture or ()), spec.dataset.evaluation]
    if spec.sft is not None and spec.sft.dataset is not None:
        datasets.append(spec.sft.dataset)
    yield from (one.uri for one in datasets if one.uri is not None)


def _objects(location: Location) -> list[ObjectInfo]:
    """The object at a location, or the files with rows below it; empty where there is nothing."""
    one = location.stat()
    return [one] if one is not None else [info for info in location.list() if is_data(info.name)]
