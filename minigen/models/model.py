"""What the trainer and the figures ask of a model."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol, TypeAlias, runtime_checkable

from minigen import nn
from minigen.autograd import Tensor
from minigen.data import Batch, Split
from minigen.models.config import Config
from minigen.optim import Optimizer

Terms: TypeAlias = dict[str, Tensor]
"""Named 0-d tensors, averaged over the batch's examples; the first is the one that counts."""


@dataclass(frozen=True)
class Objective:
    """One thing that training minimises: most models have one, adversaries have one each.

    Attributes:
        name: under which its optimizer's state is saved.
        optimizer: moves this objective's parameters, and no others.
        terms: the first term is minimised, the others are shown beside it.
        every: how many batches pass between two updates.
        layers: parts whose gradient norms are recorded one by one, by name.
    """

    name: str
    optimizer: Optimizer
    terms: Callable[[Batch], Terms]
    every: int = 1
    layers: Mapping[str, nn.Module] = field(default_factory=dict)


class Model(nn.Module, ABC):
    """A module that can say how it is trained and how good it is.

    A subclass takes (config, input_shape, classes), where input_shape is (C, H, W) or (T, D).

    Class attributes:
        name: on the command line.
        summary: one line.
        document: where it comes from.
        good: what a good result is, in the units of `evaluate`.
        config_type: its hyper-parameters.
    """

    name: ClassVar[str]
    summary: ClassVar[str]
    document: ClassVar[str]
    good: ClassVar[str]
    config_type: ClassVar[type[Config]]

    config: Config
    input_shape: tuple[int, ...]

    @abstractmethod
    def __init__(self, config: Any, input_shape: tuple[int, ...], classes: int) -> None: ...

    @abstractmethod
    def objectives(self) -> list[Objective]:
        """What is minimised, in the order in which a step does it; called once, after `to(device)`."""

    @abstractmethod
    def evaluate(self, batch: Batch) -> Terms:
        """How good the model is on a batch; the first term, the smaller the better, chooses the best epoch."""


@runtime_checkable
class Reconstructs(Protocol):
    """A model that gives its input back."""

    def reconstruct(self, x: Tensor) -> Tensor:
        """(N, C, H, W) in [0, 1] -> the same shape"""


@runtime_checkable
class Restores(Protocol):
    """A model that undoes damage to images."""

    def damage(self, x: Tensor) -> Tensor:
        """Images (N, C, H, W) as the model gets them; height and width may be smaller"""

    def restore(self, damaged: Tensor) -> Tensor:
        """Damaged images -> (N, C, H, W) in [0, 1]"""


@runtime_checkable
class Encodes(Protocol):
    """A model with a code: latent numbers that stand for an input."""

    latent: int

    def encode(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, latent)"""

    def decode(self, z: Tensor) -> Tensor:
        """(N, latent) -> (N, C, H, W) in [0, 1]"""


@runtime_checkable
class KeepsLabelled(Protocol):
    """A model that reads labels of some training images only, whichever batch comes."""

    def keep_labelled(self, train: Split) -> None:
        """Choose them: called once, after `to(device)` and before `objectives`."""


@runtime_checkable
class Samples(Protocol):
    """A model that makes new images from noise of N(0, 1)."""

    latent: int

    def sample(self, noise: Tensor) -> Tensor:
        """(N, latent) -> (N, C, H, W) in [0, 1]"""
