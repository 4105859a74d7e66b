"""Three ways to share a step among workers. While other programs use the cores, each is tried and the fastest kept.

A step takes as long as its slowest worker, and one that shares its core with another program is late at each meeting.
How much that costs depends on the model and on the other program, so each way is tried for a second.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from enum import IntEnum
from typing import TYPE_CHECKING, Any

from minigen import parallel
from minigen.training.exchange import Exchange

if TYPE_CHECKING:
    from minigen.training.resuming import Training

TRIAL = 1.0  # seconds for which a way is timed
GAIN = 1.1  # the factor by which another way must have been faster than the one that stayed


class Way(IntEnum):
    """How the workers share a step."""

    EVENLY = 1  # equal parts for all: the fastest where the cores are free
    UNEVENLY = 2  # the last worker has a third of another's part, and leaves its core to other programs as it waits
    ALONE = 3  # worker 0 takes all steps: the fastest where workers would meet every few milliseconds


class Pace:
    """Times the steps, and says when to take them another way; the pace of worker 0 counts.

    Attributes:
        busy: whether other programs use the cores; worker 0's thread that looks after these sets it.
        place: gives each worker a core of its own, or all cores to all; that thread sets it, too.
        way: how the steps are taken.
        wanted: how they should be taken from now on.
    """

    def __init__(self) -> None:
        self.busy = False
        self.place: Callable[[bool], object] = lambda each_has_its_own: None
        self._forget()
        self.go_on(Way.EVENLY)
        self.begin()

    def _forget(self) -> None:
        self._per_step: dict[Way, float] = {}  # seconds, of the ways that were tried
        self._gain = 1.0  # see GAIN

    @property
    def changes(self) -> bool:
        """Whether the steps should be taken another way."""
        return self.wanted != self.way

    def go_on(self, way: Way) -> None:
        """The steps are taken this way now. Worker 0 may use all cores while it takes them alone."""
        self.way = self.wanted = way
        self.place(self.busy and way != Way.ALONE)
        self._seconds, self._steps = 0.0, 0

    def begin(self) -> None:
        """Start the clock of the next step."""
        self._before = time.perf_counter()

    def count_step(self) -> float:
        """The seconds of a step. While other programs use the cores each way is tried, then the fastest stays."""
        now = time.perf_counter()
        seconds, self._before = now - self._before, now
        if not self.busy:
            self._forget()
            self._seconds, self._steps, self.wanted = 0.0, 0, Way.EVENLY
            return seconds
        self._seconds, self._steps = self._seconds + seconds, self._steps + 1
        if self._seconds > TRIAL:
            self._per_step[self.way] = self._seconds / self._steps
            untried = [way for way in Way if way not in self._per_step]
            fastest = min(self._per_step, key=self._per_step.__getitem__)
            if untried:
                self.wanted = untried[0]
            elif self._gain * self._per_step[fastest] < self._per_step[self.way]:
                self.wanted = fastest
            self._gain = 1.0 if untried else GAIN
        return seconds


def share_steps(training: Training, stop: int) -> int:
    """Let the next steps be taken as worker 0 wants; while it takes them alone, the others wait here.

    Returns:
        the largest `stop` of the workers that take steps; one that waits tells its own when it takes steps again. At
        the end of the training all are there.
    """
    way, wanted = training.pace.way, training.pace.wanted
    if way == Way.ALONE and (stop or training.epoch == training.config.epochs):
        wanted = Way.EVENLY
    if told := training.workers.decide(wanted if wanted != way else 0):
        _change(training, Way(told))
    return training.workers.decide(stop)


def _change(training: Training, way: Way) -> None:
    for objective in training.objectives:
        training.exchange.complete(objective.optimizer)
        objective.optimizer.parts = None
    if training.workers.rank == 0:
        if training.pace.way == Way.ALONE:
            training.all_workers.share((way, training.snapshot()))
        training.workers = parallel.ALONE if way == Way.ALONE else training.all_workers
        training.pace.go_on(way)
    elif way == Way.ALONE:
        told: Any = training.workers.share(None)
        way, snapshot = told
        training.restore(*snapshot)
    training.all_workers.divide(evenly=way != Way.UNEVENLY)
    training.exchange = Exchange(training.workers, training.objectives)
