"""The tokenizer of a model, loaded without torch."""

from pathlib import Path
from typing import Any

from preference_trainer.errors import ConfigurationError

Tokenizer = Any
"""transformers.PreTrainedTokenizerFast."""


def load_tokenizer(
    folder: Path, *, chat_template: str | None = None, field: str = "spec.model.uri"
) -> Tokenizer:
    """The tokenizer in a folder, as its `tokenizer.json` describes it.

    AutoTokenizer would import torch and rebuild some tokenizers by their class in place of reading
    the file. From a GGUF file transformers imports torch all the same. Where the tokenizer names
    no padding token, its end token fills up batches, as in TRL.

    Args:
        folder: Folder with the tokenizer's files, or with a GGUF file that holds it.
        chat_template: Jinja template in place of the tokenizer's own.
        field: Field of the spec that names the model, for the error.

    Raises:
        ConfigurationError: The files are no tokenizer, or it knows no end of a sequence.
    """
    from transformers import PreTrainedTokenizerFast

    gguf = next(folder.glob("*.gguf"), None)
    source = {"gguf_file": gguf.name} if gguf is not None else {}
    try:
        tokenizer = PreTrainedTokenizerFast.from_pretrained(str(folder), **source)
    except Exception as error:  # transformers and tokenizers raise every kind, even bare Exception
        raise ConfigurationError(
            f"{field}: the tokenizer cannot be loaded: {error}",
            remedy="Save the tokenizer again with transformers' save_pretrained.",
            reason="BadTokenizer",
        ) from error
    if tokenizer.eos_token is None:
        raise ConfigurationError(
            f"{field}: the tokenizer names no eos_token, so that answers would have no end",
            remedy="Set eos_token in tokenizer_config.json.",
            reason="BadTokenizer",
        )
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    if chat_template is not None:
        tokenizer.chat_template = chat_template
    return tokenizer


def has_chat_template(tokenizer: Tokenizer) -> bool:
    """True where conversations can be written out."""
    return bool(tokenizer.chat_template)
