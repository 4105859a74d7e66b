"""Hyper-parameters: a model's Config has a field for each, and each field is a flag of the command line.

A type declares a hyper-parameter once, with its limits and its help; a model's Config only gives the default:

    Epochs = Annotated[int, Meta(ge=1, description="passes over the training set")]

    class VAEConfig(Config):
        epochs: Epochs = 100

One that only some runs use says so beside its limits: `Annotated[Positive, Meta(...), only(task="denoise")]`.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping
from typing import Annotated, Any, Literal, NamedTuple

from msgspec import Meta, Struct, inspect, structs

from minigen import schema

Count = Annotated[int, Meta(ge=1, le=2**32)]  # beyond it NumPy's sizes overflow before memory runs out
CountOrZero = Annotated[int, Meta(ge=0, le=2**32)]
Positive = Annotated[float, Meta(gt=0)]
NotNegative = Annotated[float, Meta(ge=0)]
Fraction = Annotated[float, Meta(ge=0, lt=1)]
_Processes = Annotated[int, Meta(ge=1, le=1024)]

DataName = Annotated[str, Meta(description="data set (--list names them all), or the path of your own data")]
DataDir = Annotated[
    str | None,
    Meta(description="folder of the data set's files, instead of a download; for your own data: where they lie now"),
]
Size = Annotated[str | None, Meta(description="own pictures: scale each to HEIGHTxWIDTH, or to a square of one number")]
Channels = Annotated[Literal[1, 3] | None, Meta(description="own pictures: 1 for grey, 3 for colours")]
SkipUnreadable = Annotated[bool, Meta(description="own pictures: leave out files that cannot be read")]
Validation = Annotated[
    Fraction, Meta(description="part of the training set held out to choose the best epoch; 0 keeps the last epoch")
]
Epochs = Annotated[Count, Meta(description="passes over the training set")]
BatchSize = Annotated[Count, Meta(description="examples per step")]
LearningRate = Annotated[Positive, Meta(description="learning rate")]
Schedule = Annotated[Literal["constant", "cosine"], Meta(description="course of the learning rate after the warm-up")]
Warmup = Annotated[CountOrZero, Meta(description="steps over which the learning rate rises to --lr")]
ClipNorm = Annotated[NotNegative, Meta(description="largest norm of the gradient; 0 does not clip")]
Seed = Annotated[
    CountOrZero,
    Meta(
        description="seed for the initial weights, the noise, the data order and the validation split; also for "
        "generated data and for the test split of your own"
    ),
]
Workers = Annotated[_Processes, Meta(description="processes that share each step, one core each; 2 are faster than 1")]
WorkersOfShortSteps = Annotated[
    _Processes, Meta(description="processes that share each step, one core each; steps are short: 2 may be no faster")
]
Device = Annotated[Literal["cpu", "gpu"], Meta(description="where to compute; gpu needs CuPy")]
Hidden = Annotated[Count, Meta(description="units of each hidden layer")]
Latent = Annotated[Count, Meta(description="numbers in the code")]


def only(**others: Any) -> Meta:
    """Of a hyper-parameter that is used only where others have these values; None: where they are not given."""
    return Meta(extra={"only": others})


class ConfigError(ValueError):
    """A hyper-parameter outside its limits: one line that says which, what it was, and what it must be."""


class Config(Struct, kw_only=True, forbid_unknown_fields=True):
    """What every model's training needs; a model's own Config adds its sizes and changes the defaults.

    Raises:
        ConfigError: a value has the wrong type, is not one of its choices, is outside its limits, or is not finite.
    """

    data: DataName = "mnist5k"
    data_dir: DataDir = None
    size: Size = None
    channels: Channels = None
    skip_unreadable: SkipUnreadable = False
    validation: Validation = 0.1
    epochs: Epochs = 20
    batch_size: BatchSize = 128
    lr: LearningRate = 1e-3
    schedule: Schedule = "constant"
    warmup: Warmup = 0
    clip_norm: ClipNorm = 0.0
    seed: Seed = 0
    device: Device = "cpu"
    workers: Workers = 1

    def __post_init__(self) -> None:
        for option in options(type(self)):
            option.read(getattr(self, option.name))


def current_names(config: dict[str, Any]) -> dict[str, Any]:
    """The hyper-parameters that an older version saved, as this one calls them, with those that it did not know."""
    if "reversed_target" in config:  # recurrent-ae, which began without these two
        config = {"standardise": False, "clock": False, **config}
    if "skip_unreadable" in config:
        return config
    renamed = {"filters" if name == "channels" else name: value for name, value in config.items()}
    return renamed | {"skip_unreadable": False}


class Option(NamedTuple):
    """A hyper-parameter as the command line shows it."""

    name: str
    default: Any
    help: str
    kind: Any
    values: str
    only: Mapping[str, Any]

    @property
    def flag(self) -> str:
        """batch_size is --batch-size."""
        return flag(self.name)

    def read(self, value: Any, strict: bool = True) -> Any:
        """The value, checked; strict=False reads it from the text that a command line gives.

        Raises:
            ConfigError: it has the wrong type, is outside the limits or is not finite.
        """
        try:
            value = schema.convert(value, self.kind, self.flag, strict)
        except ValueError as error:
            raise ConfigError(str(error)) from error
        if isinstance(value, float) and not math.isfinite(value):
            raise ConfigError(f"{self.flag} is {value}, must be a finite number")
        return value


def options(config_type: type[Config]) -> Iterator[Option]:
    """The hyper-parameters of a model, in the order of their declaration."""
    for field in structs.fields(config_type):
        kind, help, only = inspect.type_info(field.type), "", dict[str, Any]()
        if isinstance(kind, inspect.Metadata):
            help, only = (kind.extra_json_schema or {}).get("description", ""), (kind.extra or {}).get("only", only)
            kind = kind.type
        if isinstance(kind, inspect.UnionType):  # of a type and None
            kind = next(member for member in kind.types if not isinstance(member, inspect.NoneType))
        choices = ",".join(map(str, schema.choices(field.type)))
        values = {inspect.IntType: "N", inspect.FloatType: "X"}.get(type(kind), f"{{{choices}}}" if choices else "TEXT")
        when = "".join(f"{_given(*other)}: " for other in only.items())
        yield Option(field.name, field.default, when + help, field.type, values, only)


def require_used(config: Config, given: Collection[str]) -> None:
    """Nothing, where this configuration uses each of the hyper-parameters that a user gave, by name.

    Raises:
        ConfigError: another hyper-parameter makes it ignore one.
    """
    for option in options(type(config)):
        for other, value in option.only.items() if option.name in given else ():
            if getattr(config, other) != value:
                has = _given(other, getattr(config, other))
                raise ConfigError(f"{option.flag} is used only {_given(other, value)}, this run is {has}")


def flag(name: str) -> str:
    """batch_size is --batch-size."""
    return "--" + name.replace("_", "-")


def _given(name: str, value: Any) -> str:
    return f"without {flag(name)}" if value is None else f"with {flag(name)} {value}"
