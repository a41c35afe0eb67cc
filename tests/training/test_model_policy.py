"""What ends the loading of a model: the model itself, or the machine that loads it."""

import errno
import os
from pathlib import Path

import pytest
import torch
from transformers import AutoModelForCausalLM

from preference_trainer.errors import ConfigurationError
from preference_trainer.model.device import Device
from preference_trainer.model.policy import load_whole

CPU = Device(kind="cpu", weights=torch.float32, autocast_bfloat16=False)
OF_THE_MACHINE = [
    torch.AcceleratorError("CUDA error: uncorrectable ECC error encountered"),
    torch.OutOfMemoryError("CUDA out of memory"),
    *[OSError(number, os.strerror(number)) for number in (errno.EIO, errno.ENOMEM, errno.ENOSPC)],
]
OF_THE_MODEL = [RuntimeError("size mismatch"), OSError("no file named model.safetensors")]


def load(monkeypatch: pytest.MonkeyPatch, failure: Exception) -> None:
    def fail(*_args: object, **_kwargs: object) -> None:
        raise failure

    monkeypatch.setattr(AutoModelForCausalLM, "from_pretrained", fail)
    load_whole(Path("base"), device=CPU)


@pytest.mark.parametrize("failure", OF_THE_MACHINE, ids=str)
def test_a_fault_of_the_machine_is_not_laid_to_the_model(
    monkeypatch: pytest.MonkeyPatch, failure: Exception
) -> None:
    with pytest.raises(type(failure)) as caught:
        load(monkeypatch, failure)
    assert caught.value is failure


@pytest.mark.parametrize("failure", OF_THE_MODEL, ids=str)
def test_a_broken_model_is_named(monkeypatch: pytest.MonkeyPatch, failure: Exception) -> None:
    with pytest.raises(ConfigurationError, match=r"spec\.model\.uri") as caught:
        load(monkeypatch, failure)
    assert caught.value.reason == "ModelNotLoadable"
