"""Divergence: a NaN or an infinity is found at the next reading, and the epoch is replayed to see where it arose."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from minigen import backend, nn
from minigen.autograd import NonFiniteError, check_finite
from minigen.training.averages import measure

if TYPE_CHECKING:
    from minigen.training.loop import Trainer


class DivergedError(ArithmeticError):
    """Training met a NaN or an infinity; the message names the batch and the operation."""


def require_finite(trainer: Trainer) -> None:
    """Nothing where the averages and the model's arrays are finite; else a replay from the last checkpoint.

    Raises:
        DivergedError: names the first batch, and the operation that made a value that is not finite.
    """
    if _all_finite(trainer.averages.read()) and not _spoilt(trainer.model):
        return
    trainer.load(trainer.run.last, trainer.run.best)
    with check_finite():
        for batch in trainer.loader.epoch(trainer.epoch, trainer.batch, trainer.workers):
            where = f"training stopped at epoch {trainer.epoch + 1}, batch {trainer.batch + 1} of {len(trainer.loader)}"
            if not backend.of(batch.inputs).isfinite(batch.inputs).all():
                raise DivergedError(f"{where}: the data holds NaN or infinity")
            try:
                trainer.step(batch)
            except NonFiniteError as error:
                raise DivergedError(f"{where}: {error}; a smaller --lr may help") from error
            if spoilt := _spoilt(trainer.model):
                raise DivergedError(f"{where}: the step left NaN or infinity in {', '.join(spoilt[:3])}")
            trainer.batch += 1
    raise DivergedError(f"training stopped in epoch {trainer.epoch + 1}: the gradient norm overflowed")


def require_finite_score(trainer: Trainer) -> tuple[str, dict[str, float]]:
    """The model's measures on the validation split, as `measure` returns them.

    Raises:
        DivergedError: one is not finite; names the operation that made it.
    """
    score, measures = measure(trainer.model, trainer.validation)
    if _all_finite(measures):
        return score, measures
    where = f"training stopped after epoch {trainer.epoch + 1}, at its validation"
    try:
        with check_finite():
            measure(trainer.model, trainer.validation)
    except NonFiniteError as error:
        raise DivergedError(f"{where}: {error}; a smaller --lr may help") from error
    raise DivergedError(f"{where}: {measures} is not finite")


def _all_finite(measures: dict[str, float]) -> bool:
    return all(math.isfinite(value) for value in measures.values())


def _spoilt(model: nn.Module) -> list[str]:
    """The names of the weights and running statistics that hold NaN or infinity."""
    return [name for name, array in model.state_dict().items() if not backend.of(array).isfinite(array).all()]
