"""Conv2d, ConvTranspose2d, batch norm: initial weights (also Linear's), buffers, refusals."""

from __future__ import annotations

import numpy as np
import pytest
from support import to_numpy, to_tensor

from minigen import manual_seed, nn


@pytest.mark.parametrize(
    ("layer", "shape", "fan_in"),
    [
        (lambda: nn.Linear(60, 6), (6, 60), 60),
        (lambda: nn.Conv2d(8, 6, (3, 5), groups=2), (6, 4, 3, 5), 60),
        (lambda: nn.ConvTranspose2d(8, 6, 4, groups=2), (8, 3, 4, 4), 48),
    ],
)
def test_weights_and_biases_are_uniform_within_the_root_of_fan_in(layer, shape, fan_in: int) -> None:
    manual_seed(0)
    made = layer()
    bound = fan_in**-0.5
    assert made.weight.shape == shape
    assert made.bias.shape == (6,)
    assert 0.97 * bound < np.abs(made.weight.data).max() <= bound
    assert np.abs(made.bias.data).max() <= bound
    assert abs(made.weight.data.mean()) < 0.1 * bound


@pytest.mark.parametrize("layer", [nn.Conv2d, nn.ConvTranspose2d])
def test_groups_and_kernel_sizes_that_do_not_fit(layer) -> None:
    with pytest.raises(
        ValueError, match=rf"^{layer.__name__}: groups is 2, must divide in_channels 3 and out_channels 4"
    ):
        layer(3, 4, 3, groups=2)
    with pytest.raises(
        ValueError, match=rf"^{layer.__name__}: groups is 2, must divide in_channels 4 and out_channels 3"
    ):
        layer(4, 3, 3, groups=2)
    with pytest.raises(ValueError, match=rf"^{layer.__name__}: kernel_size is 0, must be an integer of at least 1"):
        layer(4, 3, 0)


def test_batch_norm_counts_and_learns_only_in_training(device: str) -> None:
    layer = nn.BatchNorm2d(2).to(device)
    x = to_tensor(np.random.default_rng(0).standard_normal((4, 2, 3, 3)).astype("float32"), device)
    layer(x)
    with pytest.raises(ValueError, match="two elements per channel"):
        layer(x[:1, :, :1, :1])
    layer.eval()
    before = {name: to_numpy(value).copy() for name, value in layer.state_dict().items()}
    layer(x)
    assert before["num_batches_tracked"] == 1
    for name, value in layer.state_dict().items():
        np.testing.assert_array_equal(to_numpy(value), before[name])


@pytest.mark.parametrize(
    ("layer", "shape", "expected"),
    [
        (nn.BatchNorm2d, (4, 2), r"\(N, C, H, W\)"),
        (nn.BatchNorm1d, (4, 2, 3, 3), r"\(N, C\) or \(N, C, L\)"),
    ],
)
def test_batch_norm_of_another_shape(layer, shape, expected: str, device: str) -> None:
    with pytest.raises(ValueError, match=rf"^{layer.__name__}: x has shape .*, must be {expected}$"):
        layer(2).to(device)(to_tensor(np.zeros(shape, "float32"), device))


@pytest.mark.parametrize("layer", [nn.MaxPool2d, nn.AvgPool2d])
def test_ceil_mode_is_refused_with_what_to_write_instead(layer) -> None:
    with pytest.raises(ValueError, match=rf"^{layer.__name__}: ceil_mode is True, must be False.*ops.pad"):
        layer(2, ceil_mode=True)
