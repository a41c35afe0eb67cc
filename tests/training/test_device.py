"""Where a model computes, and in which number formats."""

import importlib.util
from pathlib import Path

import pytest
import torch

import specs
from preference_api.v1alpha1.model import Model
from preference_trainer.errors import UNEXPECTED, ConfigurationError, DeviceUnavailable
from preference_trainer.model import device
from preference_trainer.model.device import (
    choose_device,
    processor_has_bfloat16,
    require_bitsandbytes,
)

LORA = {"lora": {"rank": 4}}
FORMATS = [
    # spec, native bfloat16 -> weights, autocast
    ({}, False, torch.float32, False),
    ({}, True, torch.float32, True),
    (LORA, False, torch.float32, False),
    (LORA, True, torch.bfloat16, False),
    ({"dtype": "Float32"}, True, torch.float32, False),
    ({"dtype": "BFloat16"}, False, torch.bfloat16, False),
    ({"dtype": "Float16"}, True, torch.float16, False),
]


@pytest.mark.parametrize(("fields", "native", "weights", "autocast"), FORMATS)
def test_formats(
    monkeypatch: pytest.MonkeyPatch,
    fields: dict[str, object],
    native: bool,
    weights: torch.dtype,
    autocast: bool,
) -> None:
    monkeypatch.setattr(device, "processor_has_bfloat16", lambda: native)
    chosen = choose_device(Model.model_validate({"uri": "s3://bucket/base", **fields}), gpus=0)
    assert (chosen.kind, chosen.weights, chosen.autocast_bfloat16) == ("cpu", weights, autocast)


ONE_GPU = Model.model_validate({"uri": "s3://bucket/base"})


def test_a_torch_without_cuda_will_never_find_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.version, "cuda", None)
    with pytest.raises(ConfigurationError, match="built without CUDA") as caught:
        choose_device(ONE_GPU, gpus=1)
    assert caught.value.reason == "NoGPU"


def test_a_gpu_that_does_not_answer_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.version, "cuda", "13.0")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(DeviceUnavailable, match="shows no CUDA device") as caught:
        choose_device(ONE_GPU, gpus=1)
    assert (caught.value.reason, caught.value.exit_code) == ("NoGPU", UNEXPECTED)


def test_what_cuda_itself_says_is_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    def init() -> None:
        raise RuntimeError("The NVIDIA driver on your system is too old (found version 12080).")

    monkeypatch.setattr(torch.version, "cuda", "13.0")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.cuda, "init", init)
    with pytest.raises(DeviceUnavailable, match=r"found version 12080") as caught:
        choose_device(ONE_GPU, gpus=1)
    assert "CUDA 13.0" in caught.value.remedy


PROCESSORS = [
    ("flags : fpu sse2 avx512_bf16 avx2", True),
    ("flags : fpu amx_bf16", True),
    ("Features : fp asimd bf16", True),
    ("flags : fpu sse2 avx512f avx2", False),
]


@pytest.mark.parametrize(("text", "native"), PROCESSORS)
def test_native_bfloat16_is_read_from_the_processor(
    tmp_path: Path, text: str, native: bool
) -> None:
    (tmp_path / "cpuinfo").write_text(text)
    assert processor_has_bfloat16(tmp_path / "cpuinfo") is native
    assert not processor_has_bfloat16(tmp_path / "nothing")


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"training": {"optimizer": "AdamW8Bit"}}, "spec.training.optimizer"),
        (
            {"model": {"uri": "s3://b-1/m", "quantization": "NF4", **LORA}},
            "spec.model.quantization",
        ),
    ],
)
def test_missing_package_is_named_with_the_field(
    monkeypatch: pytest.MonkeyPatch, fields: dict[str, object], field: str
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    require_bitsandbytes(specs.spec())
    with pytest.raises(ConfigurationError, match=field):
        require_bitsandbytes(specs.spec(**fields))
