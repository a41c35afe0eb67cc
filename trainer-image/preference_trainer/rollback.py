"""Making an earlier run the current model of its job again."""

from preference_api.wire import RunDocument
from preference_trainer.errors import ConfigurationError
from preference_trainer.pointer import ROLLED_BACK, Move, Pointer, Said
from preference_trainer.results import finished
from preference_trainer.storage import Location, missing_files

_ANOTHER = "Name another run by --to; `preference lineage` shows those that were current before."


def roll_back(document: RunDocument, run_id: str | None, *, by: str) -> str:
    """Point `current.json` to a finished run of the job's output; what was done, as a sentence.

    The run is chosen once: who moves the pointer meanwhile is not undone a second time.

    Args:
        document: Says which job, where its output lies and how it is reached.
        run_id: The run; where None, the one that was current before the present one.
        by: Who wants it, for the history.

    Raises:
        ConfigurationError: There is no such run, or it is not complete.
        StorageUnavailable: Others move the pointer again and again.

    """
    pointer = Pointer.of(document)
    present = pointer.read()
    target = run_id or _before(pointer, present)
    _require_complete(pointer.run(target))
    move = Move(run_id=target, reason=ROLLED_BACK, by=by)
    seen = pointer.move(lambda said: (said, move))
    return _sentence(f"{document.namespace}/{document.name}", target, _run(seen), _run(present))


def _before(pointer: Pointer, present: Said | None) -> str:
    """The run that was current before the present one."""
    for entry in (present or {}).get("history", ()):
        return str(entry["runId"])
    which = "names no run before the present one" if present else "is not there yet"
    raise ConfigurationError(
        f"{pointer.place.uri} {which}",
        remedy="Name a finished run of this output by --to.",
        reason="NoEarlierRun",
    )


def _require_complete(place: Location) -> None:
    """A consumer is led to nothing that is missing in part."""
    if finished(place) is None:
        raise ConfigurationError(
            f"{place.uri} holds no result.json: the run did not finish, or is not of this output",
            remedy=_ANOTHER,
            reason="NotFinished",
        )
    if missing := missing_files(place / "model"):
        raise ConfigurationError(
            f"{place.uri}/model is not whole: {', '.join(missing)} is missing or of another size",
            remedy=_ANOTHER,
            reason="NotComplete",
        )


def _run(said: Said | None) -> str | None:
    return said["runId"] if said else None


def _sentence(job: str, target: str, seen: str | None, present: str | None) -> str:
    if present == target:
        return f"run {target} is the current model of {job} already"
    before = present if seen == target else seen
    instead = f", in place of {before}" if before else ""
    return f"run {target} is the current model of {job}{instead}"
