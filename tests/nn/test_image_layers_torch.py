"""A convolutional net in minigen.nn and torch.nn: keys, outputs, gradients, running statistics, evaluation."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from support import to_numpy, to_tensor

from minigen import nn, ops

torch = pytest.importorskip("torch")


def net(n: Any) -> Any:
    """The same net of either library."""
    return n.Sequential(
        n.Conv2d(3, 4, (3, 5), stride=2, padding=(1, 2), bias=False),
        n.BatchNorm2d(4, momentum=0.3),
        n.ReLU(),
        n.Conv2d(4, 8, 3, 1, 1, 1, 2),
        n.MaxPool2d(2),
        n.ConvTranspose2d(8, 6, 4, 2, 1, 0, 2),
        n.ConvTranspose2d(6, 4, 3, stride=2, padding=1, output_padding=1, bias=False),
        n.BatchNorm2d(4, eps=0.01, momentum=None),
        n.AvgPool2d(3, 2, 1),
        n.Upsample(scale_factor=2),
        n.Conv2d(4, 2, 3, dilation=2, padding="same"),
        n.Flatten(),
        n.BatchNorm1d(2 * 8 * 8, affine=False),
    )


@pytest.fixture
def both(device: str):
    ours, theirs = net(nn), net(torch.nn).double()
    ours.to(device, "float64").load_state_dict({k: v.numpy() for k, v in theirs.state_dict().items()})
    return ours, theirs


def test_keys_shapes_and_dtypes(both) -> None:
    ours, theirs = both
    described = [(k, v.shape, str(v.dtype)) for k, v in ours.state_dict().items()]
    assert described == [(k, tuple(v.shape), str(v.dtype)[6:]) for k, v in theirs.state_dict().items()]


@pytest.mark.parametrize("layout", ["C", "batch-last"])
def test_three_steps_of_training_then_evaluation(both, layout: str, device: str) -> None:
    ours, theirs = both
    generator = np.random.default_rng(0)
    for _ in range(3):
        array = generator.standard_normal((5, 3, 8, 8))
        x, tx = to_tensor(array, device, layout), torch.tensor(array, requires_grad=True)
        ours.zero_grad()
        theirs.zero_grad()
        y, ty = ours(x), theirs(tx)
        np.testing.assert_allclose(to_numpy(y), ty.detach().numpy(), rtol=1e-9, atol=1e-9)
        ops.mse_loss(y, y.detach() ** 2, "sum").backward()
        torch.nn.functional.mse_loss(ty, ty.detach() ** 2, reduction="sum").backward()
        np.testing.assert_allclose(to_numpy(x.grad), tx.grad.numpy(), rtol=1e-7, atol=1e-7)
        for (name, p), q in zip(ours.named_parameters(), theirs.parameters(), strict=True):
            np.testing.assert_allclose(to_numpy(p.grad), q.grad.numpy(), rtol=1e-7, atol=1e-7, err_msg=name)
    for (name, a), b in zip(ours.state_dict().items(), theirs.state_dict().values(), strict=True):
        np.testing.assert_allclose(to_numpy(a), b.numpy(), rtol=1e-10, atol=1e-12, err_msg=name)
    ours.eval()
    theirs.eval()
    np.testing.assert_allclose(to_numpy(ours(x)), theirs(tx).detach().numpy(), rtol=1e-9, atol=1e-9)


def test_indices_go_through_the_layers(device: str) -> None:
    array = np.random.default_rng(0).standard_normal((2, 3, 7, 6))
    pooled, indices = nn.MaxPool2d(3, 2, 1, return_indices=True)(to_tensor(array, device))
    tpooled, tindices = torch.nn.MaxPool2d(3, 2, 1, return_indices=True)(torch.tensor(array))
    np.testing.assert_array_equal(to_numpy(pooled), tpooled.numpy())
    np.testing.assert_array_equal(to_numpy(indices), tindices.numpy())
    pooled, indices = nn.MaxPool2d(2, return_indices=True)(to_tensor(array, device))
    tback = torch.nn.MaxUnpool2d(2)(
        *torch.nn.MaxPool2d(2, return_indices=True)(torch.tensor(array)), output_size=(7, 6)
    )
    np.testing.assert_array_equal(to_numpy(nn.MaxUnpool2d(2)(pooled, indices, (7, 6))), tback.numpy())
