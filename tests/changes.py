"""Objects with one thing changed."""

import copy
from typing import Any

Body = dict[str, Any]


def changed(body: Body, path: str, value: Any) -> Body:
    """A copy with the value at a path such as `spec.containers.0.image`; None removes it.

    What lies on the way is made where it is missing; `+` is a new entry of a list.
    """
    found = copy.deepcopy(body)
    *way, last = path.split(".")
    place: Any = found
    for step in way:
        place = place[int(step)] if isinstance(place, list) else place.setdefault(step, {})
    if last == "+":
        place.append(value)
    elif value is None:
        del place[last]
    else:
        place[int(last) if isinstance(place, list) else last] = value
    return found
