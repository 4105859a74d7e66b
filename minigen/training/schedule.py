"""The course of the learning rate over the steps of a run."""

from __future__ import annotations

from collections.abc import Iterable

from minigen import optim
from minigen.models.config import Config
from minigen.models.model import Objective


def learning_rate(config: Config, step: int, steps: int) -> float:
    """The rate of a step, counted from 0: --warmup steps of linear rise, then constant or half a cosine down to 0."""
    if config.schedule == "cosine":
        return config.lr * optim.warmup_cosine(step, config.warmup, steps)
    return config.lr * min(1.0, (step + 1) / max(1, config.warmup))


def warnings(config: Config, objectives: Iterable[Objective], steps: int) -> list[str]:
    """A line if the warm-up takes most of a run's steps, and if one of several nets takes none at all."""
    few = [f"{o.name} takes a step every {o.every:,} batches, so none" for o in objectives if o.every > steps]
    if 2 * config.warmup > steps:
        few.append(f"the learning rate reaches --lr after {config.warmup:,} steps (--warmup)")
    return [f"warning: {what}, and the run has {steps:,}; try more --epochs, or a smaller --batch-size" for what in few]
