"""A trained model in use: each method takes NumPy arrays and gives them back, wherever the model computes."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save

from minigen import backend, ops, rng
from minigen.autograd import Tensor, no_grad
from minigen.data import Description, Split
from minigen.data.own_sequences import in_units
from minigen.evaluation.batches import AT_ONCE, in_parts
from minigen.evaluation.studies.detection import FALSE_ALARMS, threshold_for
from minigen.evaluation.text import counted
from minigen.files import replace_file
from minigen.inference import arrays
from minigen.inference.arrays import Floats, UseError
from minigen.models import Config, Model, able
from minigen.models.model import Classifies, ClassifiesLater, Encodes, Reconstructs, Restores, Samples, TakesLengths

TILE = 128  # pixels of the side of a tile in which a large image is restored
MOST = 1_000_000  # images of one call, and the widest noise: float32 holds what a model makes of it
_VERBS = {
    Samples: ("sample", "interpolate_noise"),
    Encodes: ("encode", "decode", "interpolate"),
    Reconstructs: ("reconstruct", "score"),
    Classifies: ("classify",),
    Restores: ("damage", "restore"),
}
"""The methods that a model allows, by what it can do."""


@dataclass(frozen=True, eq=False, repr=False)
class Trained:
    """A trained model, as `minigen.load` returns it.

    Attributes:
        model: on its device, in evaluation mode.
        config: its hyper-parameters.
        data: a description of the data that it was trained on.
        epoch: the number of epochs that its weights were trained for.
        threshold: the score above which an input is anomalous; None for a run that has not ended.
        false_alarms: the share of normal inputs above it, measured on the validation split.

    Inputs are images (N, C, H, W) in [0, 1] or uint8, or sequences (N, T, D), of the shape trained on: arrays, lists,
    tensors of minigen or PyTorch, and PIL images. The axes N, C = 1 and D = 1 may be left out. Noisy images, for a
    model that was trained to remove noise, may leave [0, 1]. A run on the user's own sequences takes and returns them
    in their units. Seeds are integers from 0 to 2**64 - 1.
    Every method raises UseError if the model cannot do what is asked, or if an argument does not fit.
    """

    model: Model
    config: Config
    data: Description
    epoch: int
    threshold: float | None = None
    false_alarms: float = FALSE_ALARMS

    @property
    def parameters(self) -> int:
        """The number of the model's parameters."""
        return sum(parameter.size for parameter in self.model.parameters())

    def __repr__(self) -> str:
        trained = f"{counted(self.epoch, 'epoch')} on {self.data.name}"
        return f"Trained({self.model.name}: {self.parameters:,} parameters, {trained})"

    def _repr_html_(self) -> str:
        """For notebooks: what it is, what it was trained on, and what it can do."""
        rows = {
            "model": f"{self.model.name}: {(inspect.getdoc(self.model) or '').partition(chr(10))[0]}",
            "parameters": f"{self.parameters:,}",
            "trained": f"{counted(self.epoch, 'epoch')} on {self.data.name}",
            "can": ", ".join(verb for kind, verbs in _VERBS.items() if isinstance(self.model, kind) for verb in verbs),
        }
        table = "".join(f"<tr><th>{name}</th><td>{escape(text)}</td></tr>" for name, text in rows.items())
        return f"<table>{table}</table>"

    def sample(self, count: int, seed: int = 0, temperature: float = 1.0) -> Floats:
        """New images from noise of N(0, temperature²): (count, C, H, W) in [0, 1].

        A temperature below 1 gives images that are more alike and more typical. The same seed gives the same noise.
        """
        temperature = arrays.number("temperature", temperature, 0, MOST)
        model = self._able_to("sample", Samples)
        noise = self.noise(count, seed) * np.float32(temperature)
        return self._in_parts(model.sample, noise)

    def noise(self, count: int, seed: int = 0) -> Floats:
        """The noise that `sample` decodes: (count, latent) from N(0, 1)."""
        model = self._able_to("sample", Samples)
        arrays.integer("count", count, 1, MOST)
        arrays.integer("seed", seed, 0, 2**64 - 1)
        with rng.stream(seed):
            return np.asarray(rng.standard_normal((count, model.latent), "float32", "cpu"))

    def encode(self, inputs: Any, lengths: Any = None) -> Floats:
        """Inputs -> codes (N, latent). lengths: (N,), the number of steps of each sequence; None: all T."""
        model = self._able_to("encode", Encodes)
        x = self.scaled(inputs)
        return self._in_parts(model.encode, x, self._checked_lengths(lengths, x))

    def decode(self, codes: Any) -> Floats:
        """Codes (N, latent) -> images (N, C, H, W) in [0, 1], or sequences (N, T, D)."""
        model = self._able_to("decode", Encodes)
        return self._in_units(self._in_parts(model.decode, arrays.floats("codes", codes, (model.latent,))))

    def reconstruct(self, inputs: Any, lengths: Any = None) -> Floats:
        """decode(encode(inputs)): images in [0, 1], or sequences.

        lengths: as in `encode`; zeros follow the end of a shorter sequence.
        """
        model = self._able_to("reconstruct", Reconstructs)
        x = self.scaled(inputs)
        steps = self._checked_lengths(lengths, x)
        y = self._in_units(self._in_parts(model.reconstruct, x, steps))
        if steps is not None:
            y[np.arange(y.shape[1]) >= steps[:, None]] = 0
        return y

    def interpolate(self, start: Any, end: Any, steps: int = 10) -> Floats:
        """Points on the straight line from one input's code to another's, decoded: (steps, *input_shape)."""
        arrays.integer("steps", steps, 2, MOST)
        model = self._able_to("encode", Encodes)
        ends = []
        for name, value in (("start", start), ("end", end)):
            x = self.scaled(value, name)
            if len(x) != 1:
                raise UseError(f"{name} holds {len(x)} examples, must be one")
            ends.append(self._in_parts(model.encode, x)[0])
        share = np.linspace(0, 1, steps, dtype=np.float32)[:, None]
        return self.decode((1 - share) * ends[0] + share * ends[1])

    def interpolate_noise(self, start: int, end: int, steps: int = 10) -> Floats:
        """Points on the arc from the noise of one seed to that of another, decoded: (steps, C, H, W)."""
        from minigen.evaluation.studies.generation import on_the_sphere  # Matplotlib comes with it

        arrays.integer("steps", steps, 2, MOST)
        model = self._able_to("sample", Samples)
        return self._in_parts(model.sample, on_the_sphere(self.noise(1, start), self.noise(1, end), steps)[0])

    def classify(self, images: Any) -> Floats:
        """The probability of each class: (N, K), in the order of `data.classes`; `.argmax(1)` is what it names."""
        model = self._able_to("classify", Classifies)
        if isinstance(model, ClassifiesLater) and not model.knows_classes:
            data = f"minigen.data.load({self.data.name!r})"
            raise UseError(
                f"{self.model.name} was trained without labels: first call trained.model.fit_classifier({data})"
            )
        return self._in_parts(lambda x: ops.softmax(model.classify(x)), self.scaled(images))

    def damage(self, images: Any, seed: int = 0) -> Floats:
        """Images damaged as in training, smaller, noisy or blurred: (N, C, H, W) -> (N, C, h, w)."""
        model = self._able_to("restore", Restores)
        arrays.integer("seed", seed, 0, 2**64 - 1)
        with rng.stream(seed):
            return self._in_parts(model.damage, self.scaled(images))

    def restore(self, damaged: Any) -> Floats:
        """Damaged images (N, C, h, w) of any size -> (N, C, scale·h, scale·w) in [0, 1]; noise and blur: scale 1."""
        model = self._able_to("restore", Restores)
        images = arrays.images_of_any_size("damaged", damaged, self.data.input_shape[0])
        height, width = images.shape[2:]
        if max(height, width) > TILE and hasattr(model, "reach"):
            return np.stack([self._in_tiles(model.restore, image, model.reach) for image in images])
        return self._in_parts(model.restore, images, at_once=max(1, 2 * TILE**2 // (height * width)))

    def _in_tiles(self, function: Callable[..., Tensor], image: Floats, reach: int) -> Floats:
        """function(image), (C, h, w) -> (C, scale·h, scale·w), by tiles that see `reach` pixels around themselves."""
        height, width = image.shape[1:]
        rows = []
        for top in range(0, height, TILE):
            row = []
            for left in range(0, width, TILE):
                y, x = max(top - reach, 0), max(left - reach, 0)
                seen = image[None, :, y : top + TILE + reach, x : left + TILE + reach]
                made = self._in_parts(function, seen)[0]
                scale = made.shape[1] // seen.shape[2]
                made = made[:, (top - y) * scale :, (left - x) * scale :]
                row.append(made[:, : TILE * scale, : TILE * scale])
            rows.append(np.concatenate(row, axis=2))
        return np.concatenate(rows, axis=1)

    def score(self, inputs: Any, lengths: Any = None) -> Floats:
        """The mean squared error of each reconstruction, (N,): high for inputs that are unlike the training data.

        It is that of values in [0, 1], whatever the units of the inputs.
        lengths: as in `encode`; only the steps of each sequence count.
        """
        from minigen.evaluation.studies.anomalies import scores  # Matplotlib comes with it

        x = self.scaled(inputs)
        steps = self._checked_lengths(lengths, x)
        if isinstance(self.model, TakesLengths):
            return scores(self.model, Split(x, np.zeros(len(x), np.int64), steps))
        y = self._in_parts(self._able_to("reconstruct", Reconstructs).reconstruct, x)
        return ((y - x) ** 2).reshape(len(x), -1).mean(axis=1)

    def score_of(self, split: Split) -> Floats:
        """The scores of a split of the data set, as `score` gives them."""
        parts = split.parts()
        return np.concatenate([self.score(in_units(part.inputs, self.data.units), part.lengths) for part in parts])

    def threshold_of(self, validation: Split) -> float | None:
        """The score that a share FALSE_ALARMS of the validation split exceeds; None where nothing is scored."""
        if not len(validation) or not isinstance(self.model, Reconstructs):
            return None
        return threshold_for(self.score_of(validation), FALSE_ALARMS)

    def export(self, path: str | Path) -> Path:
        """Write the weights and buffers alone, under torch.nn's names and in its shapes, as a safetensors file.

        A PyTorch module of the same layers loads it: module.load_state_dict(load_file(path), strict=True).
        Raises OSError where it cannot be written.
        """
        replace_file(Path(path), self.exported())
        return Path(path)

    def exported(self) -> bytes:
        """The content of the file that `export` writes."""
        state = {name: backend.to_device(array, "cpu") for name, array in self.model.state_dict().items()}
        return save({name: np.asarray(array, order="C") for name, array in state.items()}, {"format": "pt"})

    def _able_to(self, verb: str, protocol: Any) -> Any:
        if not isinstance(self.model, protocol):
            raise UseError(f"{self.model.name} cannot {verb}: that is for {able(protocol)}")
        return self.model

    def scaled(self, inputs: Any, name: str = "inputs") -> Floats:
        """Inputs as the model sees them: (N, C, H, W) or (N, T, D), in [0, 1]."""
        if not self.data.holds_images:
            steps, variables = self.data.input_shape
            return arrays.sequences(name, inputs, (steps, variables), self.data.units)
        noisy = getattr(self.config, "corrupt", "none").startswith("gaussian")
        return arrays.images(name, inputs, self.data.input_shape, noisy)

    def _in_units(self, values: Floats) -> Floats:
        return in_units(values, self.data.units).astype(np.float32)

    def _checked_lengths(self, lengths: Any, sequences: Floats) -> NDArray[np.int64] | None:
        if lengths is None:
            return None
        if not isinstance(self.model, TakesLengths):
            raise UseError(f"{self.model.name} knows no lengths: they belong to sequences")
        (count, steps), array = sequences.shape[:2], arrays.array("lengths", lengths)
        if array.shape != (count,):
            raise UseError(f"lengths has shape {array.shape}, must be ({count},)")
        if array.dtype.kind not in "iu" or not 1 <= array.min() <= array.max() <= steps:
            kind = f"{array.dtype} from {array.min()} to {array.max()}"
            raise UseError(f"lengths are {kind}, must be integers from 1 to {steps}")
        return array.astype(np.int64)

    def _in_parts(
        self, function: Callable[..., Tensor], inputs: Any, lengths: Any = None, at_once: int = AT_ONCE
    ) -> Floats:
        device = self.config.device

        def compute(rows: slice) -> Floats:
            steps = () if lengths is None else (backend.to_device(lengths[rows], device),)
            return function(Tensor(backend.to_device(inputs[rows], device)), *steps).numpy()

        with no_grad():
            return in_parts(compute, len(inputs), at_once)
