"""The course of the learning rate over the steps of a run."""

from __future__ import annotations

from minigen import optim
from minigen.models.config import Config


def learning_rate(config: Config, step: int, steps: int) -> float:
    """The rate of a step, counted from 0: --warmup steps of linear rise, then constant or half a cosine down to 0."""
    if config.schedule == "cosine":
        return config.lr * optim.warmup_cosine(step, config.warmup, steps)
    return config.lr * min(1.0, (step + 1) / max(1, config.warmup))


def warnings(config: Config, steps: int) -> list[str]:
    """A line if the warm-up takes most of a run's steps: such a run trains less than its epochs promise."""
    if 2 * config.warmup <= steps:
        return []
    rise = f"the learning rate reaches --lr after {config.warmup:,} steps (--warmup), and the run has {steps:,}"
    return [f"warning: {rise}; try more --epochs, or a smaller --batch-size"]
