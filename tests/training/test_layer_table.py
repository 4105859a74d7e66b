from __future__ import annotations

from minigen import Tensor, nn, ops, tensor
from minigen.data import Batch, Dataset, Loader
from minigen.models.config import Config
from minigen.models.model import Loss, Model, Objective
from minigen.models.vae import VAE, VAEConfig
from minigen.optim import SGD
from minigen.training.layer_table import layer_table


def test_the_table_of_a_vae_has_shapes_and_parameters(digits: Dataset) -> None:
    model = VAE(VAEConfig(hidden=400, latent=20), digits.input_shape, 10)
    assert layer_table(model, Loader(digits.train, 2, 0).first(2)) == [
        "  encoder.0  Flatten         (N, 784)        0",
        "  encoder.1  Linear          (N, 400)  314,000",
        "  encoder.2  ReLU            (N, 400)        0",
        "  mean       Linear          (N, 20)     8,020",
        "  log_var    Linear          (N, 20)     8,020",
        "  decoder.0  Linear          (N, 400)    8,400",
        "  decoder.1  ReLU            (N, 400)        0",
        "  pixel      Linear          (N, 784)  314,384",
        "             all parameters            652,824",
    ]


class Rows(Model):
    """Reads an image row by row."""

    config_type = Config

    def __init__(self) -> None:
        self.lstm = nn.LSTM(28, 5)
        self.head = nn.Linear(5, 1)
        self.unused = nn.Linear(1000, 1000)

    def objectives(self) -> list[Objective]:
        return [Objective("rows", SGD(self.parameters()), self.evaluate)]

    def evaluate(self, batch: Batch) -> Loss:
        outputs, _ = self.lstm(Tensor(batch.inputs).reshape(-1, 28, 28))
        return Loss("loss", ops.mse_loss(self.head(outputs), self.head(outputs).detach()))


def test_a_layer_that_gives_several_things_is_shown_once_with_the_first(digits: Dataset) -> None:
    lines = layer_table(Rows(), Loader(digits.train, 2, 0).first(2))
    assert [line.split()[:2] for line in lines] == [["lstm", "LSTM"], ["head", "Linear"], ["all", "parameters"]]
    assert "(N, 28, 5)" in lines[0]
    lstm, head, unused = 4 * 5 * (28 + 5) + 2 * 4 * 5, 5 + 1, 1000 * 1000 + 1000
    assert lines[-1].endswith(f" {lstm + head + unused:,}")


def test_looking_leaves_no_hook_behind(digits: Dataset) -> None:
    model, batch = VAE(VAEConfig(hidden=4), digits.input_shape, 10), Loader(digits.train, 2, 0).first(2)
    assert layer_table(model, batch) == layer_table(model, batch)
    assert not any(module._forward_hooks for _, module in model.named_modules())


def test_a_hook_sees_each_call_until_it_is_removed() -> None:
    layer, seen = nn.ReLU(), []
    handle = layer.register_forward_hook(lambda *call: seen.append(call))
    x = tensor([1.0, -1.0])
    y = layer(x)
    assert seen == [(layer, (x,), y)]
    for _ in range(2):
        handle.remove()
    layer(x)
    assert len(seen) == 1
