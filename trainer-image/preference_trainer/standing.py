"""How a run stands before it is trained: done, in somebody else's hands, or free."""

from dataclasses import dataclass
from typing import Self

from preference_api.wire import RunDocument
from preference_trainer.holder import held_elsewhere
from preference_trainer.stopping import StopRequest
from preference_trainer.storage import Location


@dataclass(frozen=True, slots=True)
class Standing:
    """What the bucket says of a run.

    reused: It is done.
    elsewhere: An attempt for another PreferenceJob works on it.
    """

    reused: bool
    elsewhere: bool

    @classmethod
    def of(cls, document: RunDocument, place: Location, stop: StopRequest) -> Self:
        """How the run at a place stands for the job of a document.

        Raises:
            StoppedEarly: The process was told to stop while it looked.

        """
        if _done(place):
            return cls(reused=True, elsewhere=False)
        elsewhere = held_elsewhere(place, owner=document.uid, stop=stop)
        # What was looked at for a while may have come to its end.
        reused = _done(place)
        return cls(reused=reused, elsewhere=elsewhere and not reused)


def _done(place: Location) -> bool:
    return (place / "result.json").stat() is not None
