"""The same net in minigen.nn and torch.nn: keys, shapes, outputs, gradients, and the way back."""

from __future__ import annotations

import numpy as np
import pytest
from support import to_numpy, to_tensor

from minigen import nn, ops

torch = pytest.importorskip("torch")


def ours(device: str) -> nn.Sequential:
    return nn.Sequential(
        nn.Flatten(),
        nn.Linear(12, 7),
        nn.LeakyReLU(0.2),
        nn.Sequential(nn.Linear(7, 5, bias=False), nn.Tanh(), nn.Dropout(0.3)),
        nn.Linear(5, 4),
        nn.Sigmoid(),
    ).to(device, "float64")


def theirs():
    n = torch.nn
    return n.Sequential(
        n.Flatten(),
        n.Linear(12, 7),
        n.LeakyReLU(0.2),
        n.Sequential(n.Linear(7, 5, bias=False), n.Tanh(), n.Dropout(0.3)),
        n.Linear(5, 4),
        n.Sigmoid(),
    ).double()


def test_state_dict_goes_to_torch_and_back(device: str) -> None:
    model, twin = ours(device), theirs()
    state = {name: to_numpy(array) for name, array in model.state_dict().items()}
    assert [(k, v.shape) for k, v in state.items()] == [(k, tuple(v.shape)) for k, v in twin.state_dict().items()]
    twin.load_state_dict({name: torch.tensor(array) for name, array in state.items()})
    fresh = ours(device)
    fresh.load_state_dict({name: array.numpy() for name, array in twin.state_dict().items()})
    for name, array in fresh.state_dict().items():
        np.testing.assert_array_equal(to_numpy(array), state[name])


@pytest.mark.parametrize("layout", ["C", "batch-last"])
def test_same_outputs_and_gradients(layout: str, device: str) -> None:
    model, twin = ours(device), theirs()
    model.load_state_dict({name: array.numpy() for name, array in twin.state_dict().items()})
    model.eval()
    twin.eval()
    array = np.random.default_rng(0).standard_normal((6, 3, 2, 2))
    x, tx = to_tensor(array, device, layout), torch.tensor(array, requires_grad=True)
    y, ty = model(x), twin(tx)
    np.testing.assert_allclose(to_numpy(y), ty.detach().numpy(), rtol=1e-12)
    ops.mse_loss(y, y.detach() * 0.5, "sum").backward()
    torch.nn.functional.mse_loss(ty, ty.detach() * 0.5, reduction="sum").backward()
    np.testing.assert_allclose(to_numpy(x.grad), tx.grad.numpy(), rtol=1e-11, atol=1e-14)
    for (name, p), (tname, tp) in zip(model.named_parameters(), twin.named_parameters(), strict=True):
        assert name == tname
        np.testing.assert_allclose(to_numpy(p.grad), tp.grad.numpy(), rtol=1e-11, atol=1e-14, err_msg=name)
