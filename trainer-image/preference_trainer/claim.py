"""Who works on a run: `attempt.json` at its place, written under conditions only."""

from dataclasses import dataclass
from typing import Self

from pydantic import ConfigDict, Field, ValidationError

from preference_api.v1alpha1.base import ApiModel
from preference_trainer.storage import Damaged, Location

CLAIM_NAME = "attempt.json"


class Claim(ApiModel):
    """What an attempt says of itself."""

    number: int = Field(ge=1, description="Counts the attempts at the run from 1.")
    holder: str = Field(description="Of this attempt alone.")
    owner: str = Field("", description="Uid of the PreferenceJob; empty without a cluster.")
    renewals: int = Field(0, ge=0, description="How often it was shown to be alive.")
    active: bool = Field(True, description="False once it has ended, or was found dead.")

    # A later version may say more.
    model_config = ConfigDict(extra="ignore")

    def held_by_other(self, owner: str) -> bool:
        """Whether an attempt for another owner holds the run."""
        return self.active and self.owner != owner

    def renewed(self) -> Self:
        """The same, shown once more to be alive."""
        return self.model_copy(update={"renewals": self.renewals + 1})

    def released(self) -> Self:
        """The same at its end."""
        return self.model_copy(update={"active": False})

    def write(self, place: Location, *, if_match: str | None) -> str:
        """Write it at a run's place and return its etag.

        Args:
            place: Of the run.
            if_match: Etag of what is replaced; None where nothing may be there.

        Raises:
            PreconditionFailed: Something else is there.
        """
        body = self.model_dump_json(by_alias=True).encode()
        return (place / CLAIM_NAME).write(body, if_absent=if_match is None, if_match=if_match)


@dataclass(frozen=True, slots=True)
class SeenClaim:
    """A claim, and the etag that it had."""

    claim: Claim
    etag: str


def read_claim(place: Location) -> SeenClaim | None:
    """The newest claim on the run at a place; None where there is none.

    Raises:
        Damaged: It cannot be read.
    """
    location = place / CLAIM_NAME
    seen = location.stat()
    if seen is None:
        return None
    try:
        return SeenClaim(Claim.model_validate_json(location.read_newest()), seen.etag)
    except ValidationError as error:
        raise Damaged(
            f"{location.uri} does not say who works on the run",
            remedy="Make sure that nothing works on it, and delete this object.",
        ) from error
