"""What is remembered of each readable row between the two passes: hashes, lengths and its place."""

from array import array
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from preference_api.v1alpha1.dataset import PromptTemplate
from preference_trainer.dataset.pairs import Pair, text_length
from preference_trainer.dataset.questions import question
from preference_trainer.dataset.records import Record, key, prompt_text

Keys = NDArray[np.uint64]
Mask = NDArray[np.bool_]
Numbers = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Readable rows, in the order in which they were read; every array has one entry a row.

    Args:
        prompt: Hash of the prompt.
        question: Hash of the prompt without what the spec puts around it.
        pair: Hash of prompt, tools and both answers.
        answers: Hash of prompt, tools and both answers, whichever was chosen.
        part: Index of the part of the dataset.
        file: Index of the file in `files`.
        row: Row number in the file.
        chosen_length: Characters of the chosen answer.
        rejected_length: Characters of the rejected answer.
        files: URIs of the files.
    """

    prompt: Keys
    question: Keys
    pair: Keys
    answers: Keys
    part: Numbers
    file: Numbers
    row: Numbers
    chosen_length: Numbers
    rejected_length: Numbers
    files: tuple[str, ...]


class Index:
    """Collects rows; about 70 bytes each."""

    def __init__(self, prompt: PromptTemplate | None = None) -> None:
        self._prompt = prompt or PromptTemplate()
        self._keys = {name: array("Q") for name in ("prompt", "question", "pair", "answers")}
        names = ("part", "file", "row", "chosen_length", "rejected_length")
        self._numbers = {name: array("q") for name in names}
        self._files: dict[str, int] = {}

    def add(self, pair: Pair, record: Record, *, part: int) -> None:
        """Remember a row."""
        asked = (record.prompt, record.tools or "")
        chosen, rejected = record.chosen, record.rejected or ""
        self._keys["prompt"].append(key(prompt_text(record)))
        self._keys["question"].append(key(question(record, self._prompt)))
        self._keys["pair"].append(key(*asked, chosen, rejected))
        self._keys["answers"].append(key(*asked, *sorted((chosen, rejected))))
        self._numbers["part"].append(part)
        self._numbers["file"].append(self._files.setdefault(pair.source, len(self._files)))
        self._numbers["row"].append(pair.row)
        self._numbers["chosen_length"].append(text_length(pair.chosen))
        self._numbers["rejected_length"].append(text_length(pair.rejected))

    def table(self) -> Table:
        """The rows so far."""
        keys: dict[str, Any] = {
            name: np.frombuffer(values, np.uint64) for name, values in self._keys.items()
        }
        numbers: dict[str, Any] = {
            name: np.frombuffer(values, np.int64) for name, values in self._numbers.items()
        }
        return Table(**keys, **numbers, files=tuple(self._files))
