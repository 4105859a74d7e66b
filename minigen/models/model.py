"""What training, the command lines and the studies ask of a model."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, ClassVar, NamedTuple, Protocol, TypeAlias, runtime_checkable

from msgspec import structs

from minigen import nn
from minigen.autograd import Tensor
from minigen.backend import Array
from minigen.data import Batch, Dataset, Split
from minigen.evaluation.finding import Finding
from minigen.models.config import Config
from minigen.optim import Optimizer

Terms: TypeAlias = Mapping[str, Tensor]
"""0-d tensors by name, each averaged over the batch's examples."""


class Loss(NamedTuple):
    """A number to minimise, 0-d and averaged over the batch's examples, and the numbers shown beside it."""

    name: str
    value: Tensor
    beside: Terms = MappingProxyType({})

    @property
    def terms(self) -> Terms:
        """All of them by name, the loss first."""
        return {self.name: self.value, **self.beside}

    def with_beside(self, more: Terms) -> Loss:
        """The same loss with more shown beside it."""
        return self._replace(beside={**self.beside, **more})


class Good(NamedTuple):
    """A result that was measured, for others to compare with.

    Attributes:
        text: the result; it names hyper-parameters that change how good it is, such as the epochs.
        data: the name of the data set on which it was measured.
        options: hyper-parameters with which it is this measure at all, such as the likelihood.
    """

    text: str
    data: str
    options: Mapping[str, Any] = MappingProxyType({})

    def __str__(self) -> str:
        """The result, the data and the options, as one writes them on the command line."""
        return " ".join([self.text, "on", self.data, *(f"--{name} {value}" for name, value in self.options.items())])


@dataclass(frozen=True)
class Objective:
    """One thing that training minimises: most models have one, adversaries have one each.

    Attributes:
        name: under which its optimizer's state is saved.
        optimizer: moves this objective's parameters, and no others.
        loss: what a batch costs.
        every: the number of batches per update.
        layers: parts whose gradient norms are recorded one by one, by name.
    """

    name: str
    optimizer: Optimizer
    loss: Callable[[Batch], Loss]
    every: int = 1
    layers: Mapping[str, nn.Module] = field(default_factory=dict)


class Model(nn.Module, ABC):
    """A module that can say how it is trained and how good it is.

    A subclass takes (config, input_shape, classes), where input_shape is (C, H, W) or (T, D); the first line of its
    docstring says in `--list` what it is. `minigen.models.register` lets the command lines know it.

    Class attributes:
        name: on the command line.
        config_type: its hyper-parameters.
        good: good results, in the units of `evaluate`, each of one data set; a text alone speaks of any data.
        watch_samples: whether to measure and draw samples after each epoch, as no loss says how good they are, and to
            keep the last epoch as the best.
    """

    name: ClassVar[str]
    config_type: ClassVar[type[Config]] = Config
    good: ClassVar[str | tuple[Good, ...]] = ()
    watch_samples: ClassVar[bool] = False

    config: Config
    input_shape: tuple[int, ...]

    @classmethod
    def summary(cls) -> str:
        """What the model is, in one line: the first of its docstring."""
        return (vars(cls).get("__doc__") or cls.__name__).partition("\n")[0].rstrip(".")

    @classmethod
    def good_results(cls) -> str:
        """All that was measured, in one line."""
        return cls.good if isinstance(cls.good, str) else "; ".join(map(str, cls.good))

    def good_result(self) -> str:
        """What was measured on the data of --data with such hyper-parameters; "" where nothing was."""
        if isinstance(self.good, str):
            return self.good
        chosen = {"data_file": None} | structs.asdict(self.config)
        for good in self.good:
            needed = {"data": good.data, "data_file": None, **good.options}
            if needed.items() <= chosen.items():
                return good.text
        return ""

    @abstractmethod
    def __init__(self, config: Any, input_shape: tuple[int, ...], classes: int) -> None: ...

    @abstractmethod
    def objectives(self) -> list[Objective]:
        """The losses and their optimizers, in the order of their updates; called once, after `to(device)`."""

    @abstractmethod
    def evaluate(self, batch: Batch) -> Loss:
        """The score of a batch, the smaller the better, which chooses the best epoch unless `watch_samples`; beside it
        other measures.
        """

    def study(self, data: Dataset, validation: Split) -> Finding:
        """What the trained model, in evaluation mode, is good for: tried once on the test set, by default nothing."""
        return Finding()


@runtime_checkable
class Reconstructs(Protocol):
    """A model that reproduces its input."""

    def reconstruct(self, x: Tensor) -> Tensor:
        """(N, C, H, W) in [0, 1] -> the same shape"""


@runtime_checkable
class TakesLengths(Reconstructs, Protocol):
    """A model of sequences whose `encode`, `decode` and `reconstruct` also take lengths (N,); None: all T steps."""

    config: Any

    def squared_errors(self, batch: Batch) -> Tensor:
        """(x̂ - x)² averaged over the steps that a sequence has and their values: (N,)"""

    def reconstruct(self, x: Tensor, lengths: Array | None = None) -> Tensor:
        """(N, T, D) in [0, 1] -> the same shape"""


@runtime_checkable
class Restores(Protocol):
    """A model that undoes damage to images.

    With an attribute `reach`, the pixels around one on which its restoration depends, large images go in tiles.
    """

    def damage(self, x: Tensor) -> Tensor:
        """Images (N, C, H, W) -> the same images damaged; height and width may be smaller"""

    def restore(self, damaged: Tensor) -> Tensor:
        """Damaged images -> (N, C, H, W) in [0, 1]"""


class HasBaseline(Restores, Protocol):
    """A model that undoes damage, and has a baseline without a net."""

    config: Any

    def without_net(self, damaged: Tensor) -> tuple[str, Tensor]:
        """The name of the baseline, and its images (N, C, H, W) in [0, 1]"""


@runtime_checkable
class Encodes(Protocol):
    """A model with a code: latent numbers that stand for an input."""

    latent: int

    def encode(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, latent)"""

    def decode(self, z: Tensor) -> Tensor:
        """(N, latent) -> (N, C, H, W) in [0, 1]"""


@runtime_checkable
class Classifies(Protocol):
    """A model that tells the class of an image."""

    config: Any

    def classify(self, x: Tensor) -> Tensor:
        """(N, C, H, W) in [0, 1] -> logits of the classes (N, K)"""


@runtime_checkable
class ClassifiesLater(Classifies, Protocol):
    """A model that may be trained without labels, and then classifies once a classifier is fitted to its code."""

    knows_classes: bool

    def fit_classifier(self, data: Dataset) -> None:
        """Fit it to the labelled training images; nothing else of the model changes."""


@runtime_checkable
class Prepares(Protocol):
    """A model that looks at the training split before it is trained."""

    def prepare(self, train: Split) -> None:
        """Called once, after `to(device)` and before `objectives`."""


@runtime_checkable
class Samples(Protocol):
    """A model that makes new images from noise of N(0, 1)."""

    latent: int
    config: Any

    def sample(self, noise: Tensor) -> Tensor:
        """(N, latent) -> (N, C, H, W) in [0, 1]"""
