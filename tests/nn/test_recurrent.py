"""LSTM and LSTMCell as layers."""

from __future__ import annotations

import numpy as np
import pytest
from support import to_numpy, to_tensor

import minigen
from minigen import nn, ops


def same_weights(cell: nn.LSTMCell, layer: nn.LSTM) -> None:
    cell.load_state_dict({name.removesuffix("_l0"): array for name, array in layer.state_dict().items()})


def draw(shape: tuple[int, ...], device: str, requires_grad: bool = False, dtype: str = "float64") -> minigen.Tensor:
    return to_tensor(np.random.default_rng(1).standard_normal(shape).astype(dtype), device, requires_grad=requires_grad)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_the_layer_is_the_cell_at_each_step(bias, activation, device):
    layer = nn.LSTM(3, 5, bias, activation).to(device, "float64")
    cell = nn.LSTMCell(3, 5, bias, activation).to(device, "float64")
    same_weights(cell, layer)
    x = draw((4, 7, 3), device)
    outputs, (h, c) = layer(x)
    state, steps = None, []
    for t in range(7):
        state = cell(x[:, t], state)
        steps.append(state[0])
    assert abs(to_numpy(outputs - ops.stack(steps, 1))).max() < 1e-12
    assert abs(to_numpy(h - state[0])).max() < 1e-12
    assert abs(to_numpy(c - state[1])).max() < 1e-12

    (outputs.sum() + (c * c).sum()).backward()
    (ops.stack(steps, 1).sum() + (state[1] * state[1]).sum()).backward()
    for (name, ours), (_, theirs) in zip(layer.named_parameters(), cell.named_parameters(), strict=True):
        assert abs(to_numpy(ours.grad - theirs.grad)).max() < 1e-12, name


def test_names_shapes_and_range_of_the_parameters():
    minigen.manual_seed(0)
    shapes = {"weight_ih": (64, 3), "weight_hh": (64, 16), "bias_ih": (64,), "bias_hh": (64,)}
    layer, cell = nn.LSTM(3, 16).state_dict(), nn.LSTMCell(3, 16).state_dict()
    assert {name: array.shape for name, array in layer.items()} == {f"{n}_l0": s for n, s in shapes.items()}
    assert {name: array.shape for name, array in cell.items()} == shapes
    for array in (*layer.values(), *cell.values()):
        assert array.dtype == "float32"
        assert 0.2 < abs(array).max() <= 0.25  # 1/√16
    assert set(nn.LSTM(3, 16, bias=False).state_dict()) == {"weight_ih_l0", "weight_hh_l0"}
    assert set(nn.LSTMCell(3, 16, bias=False).state_dict()) == {"weight_ih", "weight_hh"}


def test_the_cell_to_the_second_order(device):
    cell = nn.LSTMCell(2, 3).to(device, "float64")
    inputs = [draw(shape, device, requires_grad=True) for shape in ((2, 2), (2, 3), (2, 3))]
    minigen.gradcheck(lambda x, h, c, *_: cell(x, (h, c)), [*inputs, *cell.parameters()], order=2)


def test_the_layer_refuses_the_second_order_by_name(device):
    layer = nn.LSTM(2, 3).to(device, "float64")
    x = draw((2, 4, 2), device, requires_grad=True)
    with pytest.raises(NotImplementedError, match=r"nn\.LSTMCell"):
        minigen.gradcheck(lambda x: layer(x)[0], [x], order=2)


def test_an_unknown_activation(device):
    x = draw((2, 4, 3), device, dtype="float32")
    with pytest.raises(ValueError, match="activation is 'gelu', must be 'tanh' or 'relu'"):
        nn.LSTM(3, 5, activation="gelu").to(device)(x)
