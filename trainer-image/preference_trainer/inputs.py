"""What training starts from: the base model on this machine, and the pairs as token ids."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from transformers import PreTrainedTokenizerBase

from preference_trainer.check import report_place
from preference_trainer.dataset.cache import cache_place, read_demonstrations, read_pairs
from preference_trainer.dataset.pairs import Pair, chosen_demonstration
from preference_trainer.dataset.tokens import encode, encode_demonstrations
from preference_trainer.model.fetch import fetch_model
from preference_trainer.model.tokenizer import load_tokenizer
from preference_trainer.rechecking import ensure_checked
from preference_trainer.scoring import Row
from preference_trainer.work import Work

Demonstrations = Sequence[dict[str, list[int]]]


@dataclass(frozen=True, slots=True)
class Inputs:
    """The inputs of a run, on this machine.

    check_report: As JSON; read before anything is computed, since the report needs it.

    base: Folder of the base model.
    training, held_out: Pairs as token ids.
    held_out_pairs: The pairs behind `held_out`, in its order.
    """

    base: Path
    tokenizer: PreTrainedTokenizerBase
    training: Sequence[Row]
    held_out: Sequence[Row]
    held_out_pairs: Sequence[Pair]
    demonstrations: Demonstrations
    check_report: Mapping[str, Any]

    @property
    def pad_token_id(self) -> int:
        """Id that fills up batches; it is masked everywhere."""
        return int(self.tokenizer.pad_token_id)


def fetch_inputs(work: Work) -> Inputs:
    """Download the base model and the cleaned pairs, and turn the pairs into tokens."""
    ensure_checked(work)
    spec = work.spec
    base = fetch_model(
        work.location(spec.model.uri),
        work.folder / "base",
        expected=work.resolved.model_digest,
        field="spec.model.uri",
        stop=work.stop,
        board=work.board,
    )
    tokenizer = load_tokenizer(base, chat_template=spec.model.chat_template)
    training, held_out = read_pairs(work.dataset)
    length, overlong = spec.dataset.max_length, spec.dataset.overlong
    trained = encode(training, tokenizer, max_length=length, overlong=overlong)
    tested = encode(held_out, tokenizer, max_length=length, overlong=overlong)
    work.stop.check("reading the pairs")
    report = report_place(work.output, work.resolved)
    return Inputs(
        base=base,
        tokenizer=tokenizer,
        training=cast(Sequence[Row], trained.rows),
        held_out=cast(Sequence[Row], tested.rows),
        held_out_pairs=[held_out[index] for index in tested.kept],
        demonstrations=_demonstrations(work, training, tokenizer),
        check_report=json.loads(report.read()),
    )


def _demonstrations(
    work: Work, pairs: Sequence[Pair], tokenizer: PreTrainedTokenizerBase
) -> Demonstrations:
    """Token ids of the SFT stage: its own dataset, or the chosen answers."""
    sft = work.spec.sft
    if sft is None:
        return []
    if sft.dataset is None:
        shown = [chosen_demonstration(pair) for pair in pairs]
    else:
        shown = read_demonstrations(cache_place(work.output, str(work.resolved.sft_digest)))
    encoded = encode_demonstrations(
        shown,
        tokenizer,
        max_length=work.spec.dataset.max_length,
        overlong=work.spec.dataset.overlong,
    )
    return encoded.rows
