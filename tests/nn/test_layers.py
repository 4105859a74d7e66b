"""Linear, Sequential, Dropout, activations, Flatten, Reshape."""

from __future__ import annotations

import numpy as np
import pytest
from support import to_numpy, to_tensor

import minigen
from minigen import nn, ops


def test_linear_names_the_sizes_that_do_not_fit() -> None:
    with pytest.raises(ValueError, match=r"^linear: x has shape \(1, 2\), weight \(2, 3\) expects \(…, 3\)$"):
        nn.Linear(3, 2)(minigen.tensor([[1.0, 2.0]]))


def test_sequential_applies_in_order_and_is_a_sequence() -> None:
    layers = [nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1)]
    model = nn.Sequential(*layers)
    x = minigen.tensor([[1.0, -1.0]])
    np.testing.assert_array_equal(to_numpy(model(x)), to_numpy(layers[2](layers[1](layers[0](x)))))
    assert list(model) == layers
    assert len(model) == 3
    assert model[0] is layers[0]
    assert model[-1] is layers[-1]


def test_an_empty_sequential_is_the_identity() -> None:
    x = minigen.tensor([1.0])
    assert nn.Sequential()(x) is x


@pytest.mark.parametrize(
    ("module", "op"),
    [
        (nn.ReLU(), ops.relu),
        (nn.LeakyReLU(), ops.leaky_relu),
        (nn.LeakyReLU(0.2), lambda x: ops.leaky_relu(x, 0.2)),
        (nn.Sigmoid(), ops.sigmoid),
        (nn.Tanh(), ops.tanh),
    ],
)
def test_activations_are_their_ops(module, op, device: str) -> None:
    x = to_tensor(np.linspace(-2, 2, 9), device)
    np.testing.assert_array_equal(to_numpy(module(x)), to_numpy(op(x)))
    assert list(module.parameters()) == []


def test_dropout_drops_in_training_only(device: str) -> None:
    minigen.manual_seed(0)
    layer = nn.Dropout(0.25)
    x = to_tensor(np.ones((100, 100), "float32"), device)
    dropped = to_numpy(layer(x))
    assert (dropped == 0).mean() == pytest.approx(0.25, abs=0.03)
    assert layer.eval()(x) is x


def test_flatten_and_reshape_are_each_others_inverse(device: str) -> None:
    x = to_tensor(np.arange(24.0).reshape(2, 3, 2, 2), device)
    flat = nn.Flatten()(x)
    assert flat.shape == (2, 12)
    np.testing.assert_array_equal(to_numpy(nn.Reshape(3, 2, 2)(flat)), to_numpy(x))
