"""Which GPUs a worker may use, by what nvidia-smi lists and CUDA_VISIBLE_DEVICES says."""

import pytest

from backend.jobs.hardware import cpus, usable

LISTED = """0, GPU-aa11, NVIDIA H200, 143771 MiB
1, GPU-bb22, NVIDIA H200, 143771 MiB
2, GPU-bb33, NVIDIA L4, 23034 MiB
"""
H200, L4 = "NVIDIA H200, 143771 MiB", "NVIDIA L4, 23034 MiB"


@pytest.mark.parametrize(
    ("visible", "texts"),
    [
        (None, [H200, H200, L4]),
        ("2,0", [L4, H200]),
        ("GPU-bb33", [L4]),
        ("", []),
        ("-1", []),
        ("0,-1,2", [H200]),  # CUDA stops at the first name that is none
        ("0, 2", [H200, L4]),
    ],
)
def test_only_what_cuda_would_use_is_named(visible: str | None, texts: list[str]) -> None:
    assert usable(LISTED, visible) == texts


def test_a_line_that_is_none_is_left_out() -> None:
    assert usable("No devices were found\n", None) == []
    assert cpus() >= 1
