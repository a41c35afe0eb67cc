"""TRL's head and torch without the kernels that have to be compiled where they are launched."""

import re
from pathlib import Path

import pytest
import torch
import trl.kernels.chunked_logprob
import trl.trainer.dpo_trainer
import trl.trainer.utils
from torch._native.common_utils import check_native_jit_disabled
from trl.trainer.utils import add_fused_lm_head

import tiny
from preference_trainer.trainers.head import spare_needless_work

PATCHED = (
    (trl.trainer.utils, "_use_triton"),
    (trl.trainer.utils, "_CHUNKED_LOGPROB_CHUNK_SIZE"),
    (trl.kernels.chunked_logprob, "_use_triton"),
    (trl.trainer.dpo_trainer, "hash_module"),
)

DOCKERFILE = Path(__file__).parents[2] / "trainer-image/Dockerfile"


class NoCompiler:
    """A kernel whose launch fails as it does without a C compiler."""

    def __getitem__(self, _grid: object) -> None:
        raise RuntimeError("Failed to find C compiler")


@pytest.fixture(autouse=True)
def cuda_and_no_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let TRL take every device for one of CUDA, and undo the patch afterwards."""
    for module, name in PATCHED:
        monkeypatch.setattr(module, name, getattr(module, name))
    head = trl.kernels.chunked_logprob
    monkeypatch.setattr(head, "_use_triton", lambda _device: True)
    for kernel in ("_forward_kernel", "_backward_kernel"):
        monkeypatch.setattr(head, kernel, NoCompiler())


def test_the_head_launches_no_triton_on_cuda() -> None:
    spare_needless_work()
    assert not trl.kernels.chunked_logprob._use_triton(torch.device("cuda"))
    model, ids = tiny.llama(50), torch.tensor([[3, 4, 5, 6]])
    add_fused_lm_head(model)
    model(input_ids=ids, labels=ids, fused_lm_head=True).loss.backward()
    assert model.lm_head.weight.grad.abs().sum() > 0


@pytest.mark.parametrize(("module", "name"), PATCHED)
def test_a_patch_that_would_do_nothing_fails(
    monkeypatch: pytest.MonkeyPatch, module: object, name: str
) -> None:
    monkeypatch.delattr(module, name)
    with pytest.raises(AttributeError, match=f"has no {name} to replace"):
        spare_needless_work()


def test_the_image_keeps_torch_from_kernels_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    told = re.search(r"^ +(TORCH\w+)=(\w+) ", DOCKERFILE.read_text(), re.MULTILINE)
    assert told is not None
    monkeypatch.setenv(*told.groups())
    assert check_native_jit_disabled.__wrapped__()
