"""Gradients of PyTorch's tensors scaled by the GPU's kernel, simulated: the tensors are the CPU's."""

import pytest

torch = pytest.importorskip("torch", reason="needs PyTorch")

from fastdiv.torch import _device  # noqa: E402


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.float16, torch.bfloat16])
@pytest.mark.parametrize(
    ("shape", "axes", "factors"),
    [
        ((3, 5), (1,), (3, 1)),
        ((2, 3, 4), (1, 2), (2, 1, 1)),
        ((4, 3), (0,), (1, 3)),
        ((7,), (0,), ()),
    ],
)
def test_gradients_scaled_in_place(
    dtype: "torch.dtype", shape: tuple[int, ...], axes: tuple[int, ...], factors: tuple[int, ...]
) -> None:
    random = torch.Generator().manual_seed(1)
    gradient = torch.randn(shape, generator=random).to(dtype)
    wide = torch.float64 if dtype == torch.float64 else torch.float32
    factor = torch.randint(0, 3, factors, generator=random).to(wide)
    expected = (gradient.to(wide) * factor).to(dtype)
    if factors:
        gradient.masked_fill_(factor == 0, torch.nan)
    kept = gradient
    found = _device.scale_(gradient, factor, axes)
    assert found.data_ptr() == kept.data_ptr()
    assert torch.equal(found, expected)
