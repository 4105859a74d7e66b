"""Module: names, state, modes, conversion, freezing."""

from __future__ import annotations

import numpy as np
import pytest
from support import to_numpy, to_tensor

import minigen
from minigen import nn, ops
from minigen.nn import Module, Parameter


class Block(Module):
    """Two linear layers of which the second borrows the weight of the first, a buffer, and a bare parameter."""

    def __init__(self) -> None:
        self.first = nn.Linear(3, 3)
        self.second = nn.Linear(3, 3, bias=False)
        self.second.weight = self.first.weight
        self.scale = Parameter(np.ones(1, "float32"))
        self.register_buffer("mean", np.zeros(3, "float32"))
        self.register_buffer("count", np.zeros(1, "int64"))
        self.note = "not a part"

    def forward(self, x):
        return self.second(self.first(x)) * self.scale


def net(device: str = "cpu") -> nn.Sequential:
    return nn.Sequential(Block(), nn.ReLU(), nn.Sequential(nn.Linear(3, 2), nn.Dropout(0.5))).to(device)


def test_state_dict_has_every_place_by_its_path() -> None:
    state = net().state_dict()
    assert sorted(state) == [
        "0.count",
        "0.first.bias",
        "0.first.weight",
        "0.mean",
        "0.scale",
        "0.second.weight",
        "2.0.bias",
        "2.0.weight",
    ]


def test_state_dict_holds_the_arrays_themselves() -> None:
    model = net()
    state = model.state_dict()
    assert state["0.scale"] is model[0].scale.data
    assert state["0.mean"] is model[0].mean
    assert state["0.second.weight"] is state["0.first.weight"]


def test_a_shared_parameter_is_trained_once() -> None:
    model = net()
    names = [name for name, _ in model.named_parameters()]
    assert names == ["0.scale", "0.first.weight", "0.first.bias", "2.0.weight", "2.0.bias"]
    assert len(list(model.parameters())) == len({id(p) for p in model.parameters()}) == 5


def test_load_state_dict_copies_into_the_same_arrays(device: str) -> None:
    source, target = net(device), net(device)
    arrays = dict(target.state_dict())
    source[0].mean[...] = 7
    source[0].count[...] = 3
    target.load_state_dict({name: to_numpy(array) for name, array in source.state_dict().items()})
    for name, array in target.state_dict().items():
        assert array is arrays[name]
        np.testing.assert_array_equal(to_numpy(array), to_numpy(source.state_dict()[name]))
    x = to_tensor(np.ones((2, 3), "float32"), device)
    np.testing.assert_array_equal(to_numpy(target[0](x)), to_numpy(source[0](x)))


def test_load_state_dict_keeps_the_models_dtype() -> None:
    model = nn.Linear(2, 1)
    model.load_state_dict({"weight": np.full((1, 2), 0.1), "bias": np.zeros(1)})
    assert model.weight.dtype == "float32"
    assert model.weight.data.tolist() == [[np.float32(0.1)] * 2]


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (lambda s: s.pop("bias"), KeyError, "load_state_dict: missing ['bias'], unknown nothing"),
        (lambda s: s.update(extra=np.zeros(1)), KeyError, "load_state_dict: missing nothing, unknown ['extra']"),
        (
            lambda s: s.update(weight=np.zeros((3, 2))),
            ValueError,
            "load_state_dict: weight has shape (3, 2), must be (2, 3)",
        ),
        (lambda s: s.update(bias=np.zeros(())), ValueError, "load_state_dict: bias has shape (), must be (2,)"),
    ],
)
def test_load_state_dict_changes_nothing_unless_everything_fits(change, error, message: str) -> None:
    model = nn.Linear(3, 2)
    before = {name: array.copy() for name, array in model.state_dict().items()}
    state = {name: array + 1 for name, array in before.items()}
    change(state)
    with pytest.raises(error) as raised:
        model.load_state_dict(state)
    assert raised.value.args[0] == message
    for name, array in model.state_dict().items():
        np.testing.assert_array_equal(array, before[name])


def test_train_and_eval_reach_every_part() -> None:
    model = net()
    assert all(module.training for _, module in model.named_modules())
    assert model.eval() is model
    assert not any(module.training for _, module in model.named_modules())
    model.train()
    assert all(module.training for _, module in model.named_modules())
    assert nn.Dropout().training


def test_to_dtype_converts_parameters_and_float_buffers_in_place(device: str) -> None:
    model = net(device)
    parameters = list(model.parameters())
    assert model.to(dtype="float64") is model
    assert all(a is b for a, b in zip(parameters, model.parameters(), strict=True))
    dtypes = {name: str(array.dtype) for name, array in model.state_dict().items()}
    assert dtypes.pop("0.count") == "int64"
    assert set(dtypes.values()) == {"float64"}
    assert model[0].second.weight is model[0].first.weight
    x = to_tensor(np.ones((2, 3)), device)
    assert model(x).dtype == "float64"


def test_to_device_and_back(second_device: str) -> None:
    model = net()
    before = {name: array.copy() for name, array in model.state_dict().items()}
    model.to(second_device)
    assert {p.device for p in model.parameters()} == {"gpu"}
    assert model(minigen.tensor(np.ones((2, 3), "float32"), device=second_device)).device == "gpu"
    model.to("cpu")
    for name, array in model.state_dict().items():
        np.testing.assert_array_equal(array, before[name])


def test_frozen_parameters_take_no_gradient_and_thawed_ones_do() -> None:
    model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 1))
    model[0].requires_grad_(False)
    model(minigen.tensor([[1.0, 2.0]])).sum().backward()
    assert [p.grad is None for p in model.parameters()] == [True, True, False, False]
    model[0].requires_grad_()
    model(minigen.tensor([[1.0, 2.0]])).sum().backward()
    assert all(p.grad is not None for p in model.parameters())


def test_a_module_without_forward_says_so() -> None:
    with pytest.raises(NotImplementedError, match=r"^Module has no forward$"):
        Module()(1)


def linear_with_gradients() -> nn.Linear:
    layer = nn.Linear(2, 1)
    layer(minigen.tensor([[1.0, 2.0]])).sum().backward()
    return layer


def test_gradients_are_converted_with_their_parameters() -> None:
    layer = linear_with_gradients().to(dtype="float64")
    assert {str(p.grad.dtype) for p in layer.parameters()} == {"float64"}
    layer(minigen.tensor([[1.0, 2.0]], dtype="float64")).sum().backward()
    assert layer.weight.grad.numpy().tolist() == [[2.0, 4.0]]


def test_gradients_move_with_their_parameters(second_device: str) -> None:
    assert {p.grad.device for p in linear_with_gradients().to(second_device).parameters()} == {"gpu"}


OVERWRITTEN = {
    "weight is a parameter, cannot become an array of float32; .weight.data": ("weight", np.zeros((1, 2), "float32")),
    "weight is a parameter, cannot become a Tensor": ("weight", minigen.tensor([[1.0, 2.0]])),
    "weight is a parameter, cannot become a Linear": ("weight", nn.Linear(2, 1)),
    "part is a module, cannot become a function": ("part", ops.relu),
    "mean is a buffer, cannot become a Tensor": ("mean", minigen.tensor([1.0])),
    "mean is a buffer, cannot become a float": ("mean", 0.0),
    "train is a method, cannot become a Linear": ("train", nn.Linear(2, 1)),
    "parameters is a method, cannot become a Parameter": ("parameters", Parameter(np.ones(1))),
    "blocks is a list with a Linear, which would not be trained": ("blocks", [1, nn.Linear(2, 1)]),
    "stages is a list with a Linear, which would": ("stages", [[nn.Linear(2, 1)]]),
    "heads is a set with a Linear, which would": ("heads", {nn.Linear(2, 1)}),
    "blocks is a tuple with a Linear": ("blocks", (nn.Linear(2, 1),)),
    "blocks is a dict with a Linear.*nn.ModuleDict": ("blocks", {"a": nn.Linear(2, 1)}),
    "scales is a list with a Parameter": ("scales", [Parameter(np.ones(1))]),
    r"scale is a tensor that requires a gradient.*nn.Parameter": ("scale", minigen.tensor([1.0], requires_grad=True)),
}


@pytest.mark.parametrize("message", OVERWRITTEN)
def test_a_part_is_not_lost_by_an_assignment(message: str) -> None:
    layer = nn.Linear(2, 1)
    layer.part, layer.mean = nn.ReLU(), None
    layer.register_buffer("mean", np.zeros(1))
    with pytest.raises(TypeError, match=f"Linear: {message}"):
        setattr(layer, *OVERWRITTEN[message])
    assert len(list(layer.parameters())) == 2


def test_what_keeps_its_kind_may_be_replaced() -> None:
    layer = nn.Linear(2, 1)
    layer.weight = Parameter(np.zeros((1, 2), "float32"))
    layer.bias = None
    layer.part = nn.ReLU()
    layer.part = nn.Tanh()
    layer.parts = [layer.part, 3]
    assert [name for name, _ in layer.named_parameters()] == ["weight"]
    del layer.weight
    assert list(layer.state_dict()) == []


def test_a_list_that_grew_later_is_noticed() -> None:
    module = Module()
    module.layers = []
    module.layers.append(nn.Linear(2, 1))
    for use in (lambda: list(module.parameters()), module.state_dict, module.eval):
        with pytest.raises(TypeError, match="layers is a list with a Linear"):
            use()


def test_lists_and_dicts_of_modules() -> None:
    model = Module()
    model.list = nn.ModuleList([nn.Linear(2, 1, bias=False)]).append(nn.ReLU())
    model.dict = nn.ModuleDict({"first": nn.Linear(2, 1, bias=False)})
    assert [name for name, _ in model.named_parameters()] == ["list.0.weight", "dict.first.weight"]
    assert [type(part) for part in model.list] == [nn.Linear, nn.ReLU]
    assert list(model.dict) == ["first"]
    assert model.dict["first"] is dict(model.dict.items())["first"]
    for container in (lambda: nn.ModuleList([1]), lambda: nn.ModuleDict({"a": 1})):
        with pytest.raises(TypeError, match="is an int, must be a Module"):
            container()
    with pytest.raises(TypeError, match="items is a method, cannot become a Linear"):
        nn.ModuleDict({"items": nn.Linear(2, 1)})
    with pytest.raises(TypeError, match="eval is a method, cannot become an array"):
        model.register_buffer("eval", np.ones(1))


def test_a_slice_of_a_container_is_one_and_shares_its_parts() -> None:
    net = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1))
    assert isinstance(net[:2], nn.Sequential)
    assert isinstance(nn.ModuleList(net)[1:], nn.ModuleList)
    assert next(net[:2].parameters()) is net[0].weight
    x = minigen.tensor([[1.0, 2.0]])
    np.testing.assert_array_equal(net[2](net[:2](x)).numpy(), net(x).numpy())


def test_a_net_is_shown_as_torch_shows_it() -> None:
    net = nn.Sequential(nn.Linear(3, 4), nn.Sequential(nn.Conv2d(3, 4, 2, bias=False), nn.Tanh()))
    assert repr(net).splitlines() == [
        "Sequential(",
        "  (0): Linear(in_features=3, out_features=4)",
        "  (1): Sequential(",
        "    (0): Conv2d(in_channels=3, out_channels=4, kernel_size=2, bias=False)",
        "    (1): Tanh()",
        "  )",
        ")",
    ]
