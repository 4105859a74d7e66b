"""What holds of every model: the inputs it takes and refuses, what each objective trains, and that it can be copied."""

from __future__ import annotations

import copy
import pickle
from contextlib import nullcontext
from typing import Any

import numpy as np
import pytest
from msgspec import structs

from minigen import Tensor, no_grad, rng
from minigen.data import Batch, Reading, Split, names
from minigen.models import MODELS, Config, ConfigError, Model
from minigen.models.config import options as config_options
from minigen.models.config import require_used
from minigen.models.model import Classifies, Encodes, Prepares, Reconstructs, Restores, Samples

OPTIONS: dict[str, list[dict[str, Any]]] = {
    "sae": [{"mode": "pretrain"}, {"mode": "joint"}],
    "conv-ae": [{"pooling": "strided"}, {"pooling": "max"}],
    "deconv": [{"scale": 4}, {"scale": 2}, {"task": "denoise"}, {"task": "deblur"}],
    **{name: [{"likelihood": "bernoulli"}, {"likelihood": "gaussian"}] for name in ("vae", "conv-vae")},
    **{name: [{"filters": 3}] for name in ("dcgan", "wgan-gp")},
}
KINDS = [(name, options) for name in MODELS for options in OPTIONS.get(name, [{}])]
SHAPES = [(1, 28, 28), (3, 32, 32), (3, 64, 64), (2, 8, 12), (3, 36, 52)]
INPUTS: list[tuple[str, dict[str, Any], tuple[int, ...]]] = [
    *((name, options, shape) for name, options in KINDS for shape in SHAPES),
    *(("conv-ae", options, (1, 6, 10)) for options in OPTIONS["conv-ae"]),
    *((name, options, (3, 37, 53)) for name, options in KINDS if name in ("ae", "sae", "ddnet", "vae", "gan")),
    *(("deconv", {"task": task}, (3, 37, 53)) for task in ("denoise", "deblur")),
    ("ddnet", {}, (1, 9, 22)),
]


def make(name: str, shape: tuple[int, ...], config: Any = None, **options: Any) -> Model:
    rng.manual_seed(3)
    model = MODELS[name](config or MODELS[name].config_type(**options), shape, 3)
    if isinstance(model, Prepares):
        model.prepare(Split(np.full((3, *shape), 255, np.uint8), np.arange(3)))
    return model


def batch_of(count: int, shape: tuple[int, ...]) -> Batch:
    x = np.random.default_rng(4).random((count, *shape), dtype=np.float32)
    return Batch(x, np.arange(count) % 3, None, np.arange(count))


def require_images(images: Tensor, shape: tuple[int, ...]) -> None:
    assert (images.shape, str(images.dtype)) == (shape, "float32")
    assert 0 <= images.data.min() <= images.data.max() <= 1


@pytest.mark.parametrize(("name", "options", "shape"), INPUTS, ids=str)
def test_images_of_every_data_set_go_through(name: str, options: dict[str, Any], shape: tuple[int, ...]) -> None:
    shape = shape[1:] if name == "recurrent-ae" else shape
    model, batch = make(name, shape, **options), batch_of(2, shape)
    model.eval()
    x = Tensor(batch.inputs)
    with no_grad():
        assert all(np.isfinite(value.item()) for value in model.evaluate(batch).terms.values())
        if isinstance(model, Classifies):
            assert model.classify(x).shape == (2, 3)
        if isinstance(model, Encodes):
            code = model.encode(x)
            assert code.shape == (2, model.latent)
            require_images(model.decode(code), x.shape)
        if isinstance(model, Reconstructs):
            require_images(model.reconstruct(x), x.shape)
            if isinstance(model, Encodes) and options.get("pooling") != "max":
                np.testing.assert_array_equal(model.reconstruct(x).data, model.decode(code).data)
        if isinstance(model, Samples):
            require_images(model.sample(Tensor(np.ones((2, model.latent), np.float32))), x.shape)
        if isinstance(model, Restores):
            damaged, scale = model.damage(x), options.get("scale", 1)
            assert damaged.shape == (2, shape[0], shape[1] // scale, shape[2] // scale)
            for images in (model.restore(damaged), model.without_net(damaged)[1]):  # type: ignore[attr-defined]
                require_images(images, x.shape)


SEQUENCES = r"--data .* holds sequences \(T, D\) = \(28, 28\), {name} needs images"
MULTIPLES = "--data .* holds images of {size}, {name} needs multiples of {of}, as --size {fits} makes"
REFUSED: list[tuple[str, tuple[int, ...], dict[str, Any], str]] = [
    *((name, (28, 28), {}, SEQUENCES.format(name=name)) for name in ("cnn", "ddnet", "deconv", "dcgan", "wgan-gp")),
    *(
        (name, (1, 37, 53), {}, MULTIPLES.format(size="37 × 53", name=name, of=4, fits="36x52"))
        for name in ("cnn", "conv-vae", "deconv", "dcgan", "wgan-gp")
    ),
    ("conv-ae", (1, 7, 10), {}, MULTIPLES.format(size="7 × 10", name="conv-ae", of=2, fits="8x10")),
    ("ddnet", (1, 7, 9), {}, "holds images of 7 × 9, ddnet needs at least 8 × 8"),
    ("deconv", (1, 8, 8), {"scale": 3}, "--scale is 3, must be one of 2, 4"),
    ("deconv", (1, 8, 8), {"task": "denoise", "noise": 0.0}, "--noise is 0.0, must be above 0"),
    ("recurrent-ae", (1, 28, 28), {"data": "mnist"}, "--data mnist holds images"),
]


@pytest.mark.parametrize(("name", "shape", "options", "message"), REFUSED, ids=str)
def test_other_inputs_are_refused(name: str, shape: tuple[int, ...], options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        make(name, shape, **options)


@pytest.mark.parametrize(("name", "options"), KINDS, ids=str)
def test_an_objective_reaches_all_that_its_optimizer_moves_and_nothing_else(name: str, options: dict[str, Any]) -> None:
    """From a batch of one; a generator's gradient goes through the discriminator, which its optimizer does not move."""
    shape = (8, 8) if name == "recurrent-ae" else (1, 16, 16)
    model = make(name, shape, **options)
    moved: list[int] = []
    for objective in model.objectives():
        model.zero_grad()
        objective.loss(batch_of(1, shape)).value.backward()
        own = {id(parameter) for parameter in objective.optimizer.parameters}
        reached = {id(parameter) for parameter in model.parameters() if parameter.grad is not None}
        assert own <= reached if objective.name == "g" else own == reached
        moved += own
    assert len(moved) == len(set(moved))


class Watched:
    """A model's configuration that notices which hyper-parameters are read."""

    def __init__(self, config: Config) -> None:
        self.config, self.read = config, set[str]()

    def __getattr__(self, name: str) -> Any:
        self.read.add(name)
        return getattr(self.config, name)


@pytest.mark.parametrize(("name", "options"), KINDS, ids=str)
def test_a_hyper_parameter_is_used_or_refused(name: str, options: dict[str, Any]) -> None:
    """One that a step and an evaluation read may be given, one that they do not read may not."""
    shape, config = (8, 8) if name == "recurrent-ae" else (1, 16, 16), MODELS[name].config_type(**options)
    watched = Watched(config)
    model, batch = make(name, shape, watched), batch_of(2, shape)
    losses = [objective.loss(batch) for objective in model.objectives()]
    assert [*losses, model.evaluate(batch)]
    for option in config_options(type(config)):
        if option.name not in {
            *structs.asdict(Config()),
            "data_file",
            "labels",
            *Reading._fields,
        }:  # the data's, the study's
            with nullcontext() if option.name in watched.read else pytest.raises(ConfigError, match="is used only"):
                require_used(config, [option.name])


def good_result(name: str, **options: Any) -> str:
    return make(name, (8, 8) if name == "recurrent-ae" else (1, 16, 16), **options).good_result()


@pytest.mark.parametrize("name", MODELS)
def test_a_good_result_is_said_of_the_data_it_was_measured_on_and_of_no_other(name: str) -> None:
    goods = MODELS[name].good
    assert goods
    assert not isinstance(goods, str), "a text alone would speak of any data"
    for good in goods:
        assert good.data in names()
        assert good_result(name, data=good.data, **good.options) == good.text
        assert good_result(name, data="/home/me/photos", **good.options) == ""


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("ae", {"data": "mnist", "loss": "mse"}),
        ("vae", {"data": "mnist", "likelihood": "gaussian"}),
        ("deconv", {"task": "denoise"}),
        ("recurrent-ae", {"data": "waves", "data_file": "heartbeats.csv"}),
    ],
)
def test_a_good_result_is_silent_where_another_measure_or_file_is_used(name: str, options: dict[str, Any]) -> None:
    assert good_result(name, **options) == ""


@pytest.mark.parametrize("name", ["ae", "ddnet", "recurrent-ae", "wgan-gp"])
def test_a_model_is_copied_whole(name: str) -> None:
    model = make(name, (8, 2) if name == "recurrent-ae" else (1, 16, 16))
    for copied in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        state, own = copied.state_dict(), model.state_dict()
        assert state.keys() == own.keys()
        for key, array in own.items():
            assert state[key] is not array
            np.testing.assert_array_equal(state[key], array)
