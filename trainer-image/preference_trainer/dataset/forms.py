"""Which form the rows of a dataset have, told from their columns and the first of them."""

import difflib
from collections.abc import Sequence
from dataclasses import dataclass

from preference_api.v1alpha1.dataset import Columns, DatasetFormat
from preference_trainer.dataset.hh_rlhf import looks_like_dialogue
from preference_trainer.dataset.read import Row, kind_of
from preference_trainer.errors import DataError

_OTHER_NAMES = {
    "prompt": ("question", "instruction", "query", "input", "context"),
    "chosen": ("preferred", "accepted", "positive", "winner", "better", "response_chosen"),
    "rejected": ("dispreferred", "refused", "negative", "loser", "worse", "response_rejected"),
    "completion": ("answer", "response", "output", "target"),
    "messages": ("conversation", "conversations", "dialogue", "chat"),
}
_SCORES = (
    ("score_chosen", "score_rejected"),
    ("chosen_score", "rejected_score"),
    ("chosen_rating", "rejected_rating"),
)
_TEXTS = (DatasetFormat.PREFERENCE, DatasetFormat.HHRLHF)


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """How the rows of one dataset are read.

    Args:
        format: Form of the rows, never Auto.
        detected: True where the form was told from the rows.
        chosen: Column of the preferred answer; prompt, rejected and tools likewise.
        scores: Columns with scores of the chosen and the rejected answer, where there are some.
    """

    format: DatasetFormat
    detected: bool
    chosen: str
    rejected: str
    prompt: str | None = None
    tools: str | None = None
    scores: tuple[str, str] | None = None


def detect(
    head: Sequence[Row], *, wanted: DatasetFormat, columns: Columns, field: str = "spec.dataset"
) -> Form:
    """The form of a dataset.

    Args:
        head: Its first rows, at least one.
        wanted: The form that the spec names, or Auto.
        columns: Names of columns that the spec names.
        field: Path of the object in the spec that holds `format` and `columns`.

    Raises:
        DataError: Columns are missing, or their values do not suit the form.
    """
    finder = ColumnFinder(head, f"{field}.columns")
    names = {
        "chosen": finder.required("chosen", columns.chosen),
        "rejected": finder.required("rejected", columns.rejected),
    }
    prompt = finder.optional("prompt", columns.prompt)
    tools = finder.optional("tools", columns.tools)
    told = _told(head, names, prompt)
    if wanted not in (DatasetFormat.AUTO, told):
        told = _as_wanted(head[0], wanted, told, field)
    if told is DatasetFormat.PREFERENCE and prompt is None:
        raise finder.missing("prompt", _WITHOUT_PROMPT)
    scores = next((pair for pair in _SCORES if {*pair} <= finder.found.keys()), None)
    return Form(
        format=told,
        detected=wanted is DatasetFormat.AUTO,
        prompt=prompt,
        tools=tools,
        scores=scores,
        **names,
    )


_WITHOUT_PROMPT = (
    " Where both answers are whole dialogues of `\\n\\nHuman:` and `\\n\\nAssistant:` turns, set "
    "format: HHRLHF."
)


class ColumnFinder:
    """Finds columns in the first rows of a dataset.

    Args:
        head: The first rows, at least one.
        field: Path in the spec of the object that names columns.
    """

    def __init__(self, head: Sequence[Row], field: str) -> None:
        self.found = {name: None for row in head for name in row.values}
        self._source = head[0].source
        self._field = field

    def optional(self, role: str, name: str | None) -> str | None:
        """The column of a role; None where it has neither been named nor its usual name."""
        if name is None:
            return role if role in self.found else None
        return self.required(role, name)

    def required(self, role: str, name: str | None) -> str:
        """The column of a role.

        Raises:
            DataError: There is none of that name.
        """
        if (name or role) not in self.found:
            raise self.missing(role, name=name)
        return name or role

    def missing(self, role: str, hint: str = "", *, name: str | None = None) -> DataError:
        """The error for a column that is not there."""
        nearest = self._nearest(role, name or role)
        proposal = f" to the name of the column, perhaps {nearest}." if nearest else "."
        return DataError(
            f"{self._source}: no column {name or role}; the columns are {', '.join(self.found)}",
            remedy=f"Set {self._field}.{role}{proposal}{hint}",
            reason="MissingColumn",
        )

    def _nearest(self, role: str, name: str) -> str | None:
        close = difflib.get_close_matches(name, self.found, n=1, cutoff=0.6)
        usual = [other for other in _OTHER_NAMES.get(role, ()) if other in self.found]
        return next(iter([*close, *usual]), None)


def _told(head: Sequence[Row], names: dict[str, str], prompt: str | None) -> DatasetFormat:
    values = [row.values.get(name) for row in head for name in names.values()]
    prompts = [row.values.get(prompt) for row in head] if prompt else []
    if any(isinstance(value, list) for value in (*values, *prompts)):
        return DatasetFormat.CONVERSATIONAL
    texts = [value for value in values if value is not None]
    dialogues = sum(looks_like_dialogue(text) for text in texts)
    if prompt is None and 2 * dialogues > len(texts):
        return DatasetFormat.HHRLHF
    return DatasetFormat.PREFERENCE


def _as_wanted(row: Row, wanted: DatasetFormat, told: DatasetFormat, field: str) -> DatasetFormat:
    if wanted in _TEXTS and told in _TEXTS:
        return wanted
    kinds = ", ".join(f"{name} is {kind_of(value)}" for name, value in row.values.items())
    raise row.fault(
        f"{field}.format is {wanted}, but the values are not of that form ({kinds})",
        remedy=f"Set {field}.format to {told} or Auto.",
    )
