"""The result of a run, which stands in the bucket once everything else of it does."""

from pydantic import ValidationError

from preference_api.wire import TrainSummary
from preference_trainer.errors import ConfigurationError
from preference_trainer.storage import Location, NotFound


def finished(place: Location) -> TrainSummary | None:
    """The result of a run that is complete."""
    location = place / "result.json"
    try:
        return TrainSummary.model_validate_json(location.read())
    except NotFound:
        return None
    except ValidationError as error:
        raise ConfigurationError(
            f"{location.uri} cannot be read: {error.errors()[0]['msg']}",
            remedy="Use the version of the trainer that wrote it, or delete it.",
        ) from error
