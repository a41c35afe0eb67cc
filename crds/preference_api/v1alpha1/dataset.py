"""The pairs of answers: where they lie and how they are read."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from preference_api.v1alpha1.base import ApiModel, Column, Uri, cel, cel_rules


class DatasetFormat(StrEnum):
    """Form of the rows.

    Auto: told from the first rows.
    Preference: prompt, chosen and rejected as text.
    Conversational: prompt, chosen and rejected as lists of messages, or chosen and rejected as
        whole conversations that share their beginning.
    HHRLHF: chosen and rejected as whole dialogues in one string, as Anthropic published them.
    """

    AUTO = "Auto"
    PREFERENCE = "Preference"
    CONVERSATIONAL = "Conversational"
    HHRLHF = "HHRLHF"


class Overlong(StrEnum):
    """What becomes of pairs over maxLength.

    Drop: left out and counted.
    Cut: answers are cut at the end and counted; a prompt that leaves no room is dropped.
    Fail: the job is refused, naming the rows.
    """

    DROP = "Drop"
    CUT = "Cut"
    FAIL = "Fail"


class Columns(ApiModel):
    """Names of the columns; the usual names where absent."""

    prompt: Column | None = Field(None, description="Column with the prompt.")
    chosen: Column | None = Field(None, description="Column with the preferred answer.")
    rejected: Column | None = Field(None, description="Column with the other answer.")
    tools: Column | None = Field(None, description="Column with the tools of a conversation.")


class DatasetPart(ApiModel):
    """One dataset of a mixture."""

    uri: Uri = Field(description="JSONL (plain, gzip or zstd) or Parquet, an object or a prefix.")
    format: DatasetFormat = Field(DatasetFormat.AUTO, description="Form of the rows.")
    columns: Columns = Field(
        default_factory=Columns, description="Names of the columns, where they are unusual."
    )
    weight: float = Field(
        1.0,
        gt=0,
        le=100,
        description="How often a pair of this dataset counts in an epoch: 0.5 takes half of its "
        "pairs, 2 takes each twice.",
    )


class EvaluationSplit(ApiModel):
    """Held-out pairs, which are never trained on."""

    model_config = cel_rules(
        cel("!has(self.uri) || !has(self.fraction)", "set either uri or fraction, not both")
    )
    uri: Uri | None = Field(None, description="An own dataset of held-out pairs.")
    fraction: float | None = Field(
        None,
        gt=0,
        lt=1,
        description="Share of the prompts to hold out, chosen by a hash of the prompt so that a "
        "prompt is never on both sides; 0.1 where uri is absent too.",
    )


class PromptTemplate(ApiModel):
    """How a plain-text prompt is written out for the model."""

    model_config = cel_rules(
        cel(
            "!has(self.template) || self.template.contains('{prompt}')",
            "template needs the placeholder {prompt}",
        )
    )
    template: Annotated[str, Field(max_length=8192)] | None = Field(
        None, description="Text around a plain-text prompt, with the placeholder {prompt}."
    )
    system: Annotated[str, Field(max_length=8192)] | None = Field(
        None, description="System message for conversations that have none."
    )


class Dataset(ApiModel):
    """The pairs: one dataset by uri, or several as a mixture."""

    model_config = cel_rules(
        cel("has(self.uri) != has(self.mixture)", "set either uri or mixture"),
    )
    uri: Uri | None = Field(
        None, description="JSONL (plain, gzip or zstd) or Parquet, an object or a prefix."
    )
    format: DatasetFormat = Field(DatasetFormat.AUTO, description="Form of the rows.")
    columns: Columns = Field(
        default_factory=Columns, description="Names of the columns, where they are unusual."
    )
    mixture: Annotated[list[DatasetPart], Field(min_length=1, max_length=32)] | None = Field(
        None, description="Several datasets with weights, in place of uri."
    )
    evaluation: EvaluationSplit = Field(
        default_factory=EvaluationSplit, description="Held-out pairs."
    )
    max_pairs: int | None = Field(
        None,
        ge=2,
        description="Use at most so many training pairs, chosen by a hash of the pair.",
    )
    max_length: int = Field(
        1024, ge=8, le=1048576, description="Most tokens of a prompt and an answer together."
    )
    overlong: Overlong = Field(Overlong.DROP, description="What becomes of pairs over maxLength.")
    prompt: PromptTemplate = Field(
        default_factory=PromptTemplate, description="How prompts are written out."
    )
