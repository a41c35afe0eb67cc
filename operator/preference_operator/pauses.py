"""How long a pass lets pass before it looks again at what waits."""

from preference_operator.bodies import moment
from preference_operator.draft import Draft
from preference_operator.observe import Child

_FIRST_SECONDS = 5.0


def pause(draft: Draft, child: Child, *, most: float) -> float:
    """Seconds until a Job without a pod is looked at again: as many as it has waited.

    Args:
        draft: Of this pass.
        child: The Job.
        most: At most so many.
    """
    since = moment(child.waiting_since)
    if since is None:
        return most
    return min(max(_FIRST_SECONDS, (draft.now - since).total_seconds()), most)
