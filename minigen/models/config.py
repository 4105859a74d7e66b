"""Hyper-parameters: a dataclass a model, every field a flag of the command line with its help."""

from __future__ import annotations

import dataclasses
import math
import typing
from dataclasses import dataclass, field
from typing import Any

LARGEST_INTEGER = 2**32  # of any hyper-parameter: sizes beyond it overflow NumPy's counting before memory runs out


class ConfigError(ValueError):
    """A hyper-parameter outside what is allowed: one line that says which, what it was, what it must be."""


def option(
    default: Any,
    help: str,
    choices: tuple[str, ...] | None = None,
    at_least: float | None = None,
    above: float | None = None,
    below: float | None = None,
    at_most: float | None = None,
) -> Any:
    """A field of a Config: its default, what it is (with its unit), and what it may be: a finite number always."""
    limits = {"choices": choices, "at_least": at_least, "above": above, "below": below, "at_most": at_most}
    return field(default=default, metadata={"help": help, **limits})


def flag(name: str) -> str:
    """The flag of a field: batch_size is --batch-size."""
    return "--" + name.replace("_", "-")


def kind_of(config_type: type[Config], name: str) -> type:
    """The type of a field's values: int of `int | None`."""
    hint = typing.get_type_hints(config_type)[name]
    return next(kind for kind in (bool, int, float, str) if kind in (hint, *typing.get_args(hint)))


@dataclass(kw_only=True)
class Config:
    """What every model's training has; a model's own Config adds its sizes and changes the defaults.

    Raises:
        ConfigError: a value is not one of its choices or outside its limits.
    """

    data: str = option("mnist5k", "data set (--list names them all)")
    data_dir: str | None = option(None, "folder that holds the data set's files, instead of downloading them")
    validation: float = option(
        0.1, "part of the training set that is held out to choose the best epoch", None, 0, None, 1
    )
    epochs: int = option(20, "passes over the training set", at_least=1)
    batch_size: int = option(128, "examples a step", at_least=1)
    lr: float = option(1e-3, "learning rate", above=0)
    schedule: str = option("constant", "course of the learning rate after the warm-up", ("constant", "cosine"))
    warmup: int = option(0, "steps over which the learning rate rises to --lr", at_least=0)
    clip_norm: float = option(0.0, "largest norm of the gradient; 0 does not clip", at_least=0)
    seed: int = option(0, "of weights, noise, the order of the data and what is held out", at_least=0)
    device: str = option("cpu", "where to compute: gpu needs CuPy", ("cpu", "gpu"))

    def __post_init__(self) -> None:
        for f in dataclasses.fields(self):
            _check(flag(f.name), getattr(self, f.name), f.metadata)


def _check(name: str, value: Any, limits: Any) -> None:
    if isinstance(value, int) and value > LARGEST_INTEGER:
        raise ConfigError(f"{name} is {value}, must be at most {LARGEST_INTEGER}")
    if limits["choices"] is not None and value not in limits["choices"]:
        raise ConfigError(f"{name} is {value!r}, must be one of {', '.join(limits['choices'])}")
    if limits["at_least"] is not None and not value >= limits["at_least"]:
        raise ConfigError(f"{name} is {value}, must be at least {limits['at_least']:g}")
    if limits["above"] is not None and not value > limits["above"]:
        raise ConfigError(f"{name} is {value}, must be above {limits['above']:g}")
    if limits["below"] is not None and not value < limits["below"]:
        raise ConfigError(f"{name} is {value}, must be below {limits['below']:g}")
    if limits["at_most"] is not None and not value <= limits["at_most"]:
        raise ConfigError(f"{name} is {value}, must be at most {limits['at_most']:g}")
    if isinstance(value, float) and not math.isfinite(value):
        raise ConfigError(f"{name} is {value}, must be a finite number")
