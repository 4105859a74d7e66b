"""The training loop: epochs of steps, and after each epoch a validation, a row of metrics.jsonl and a checkpoint.

Training is a function of its config alone: the data order comes from (seed, epoch), the noise from one saved stream.
So a run that was killed goes on from its last checkpoint as if it had never stopped (resuming.py), and a run that meets
a NaN is played again from there, every operation watched, to find the one that made it (divergence.py).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from minigen import parallel
from minigen.data import Batch
from minigen.training import divergence, schedule, ways
from minigen.training.averages import Averages
from minigen.training.gradients import clip, norms, only_these_take_gradients
from minigen.training.resuming import Training
from minigen.training.signals import Stopped, StopRequest, stop_requests

STEPS_BETWEEN_READINGS = 50  # reading a loss makes a GPU wait


class Trainer(Training):
    """Trains a model on a split and keeps its run folder; `Training` says what it is given and what it remembers."""

    def fit(self) -> None:
        """Train to the last epoch.

        Raises:
            Stopped: a signal asked to stop; the state is saved.
            DivergedError: a loss is no longer finite.
            OSError, LockedError: a checkpoint could not be written; the previous one is whole.
        """
        if self.workers.decide(self.workers.rank == 0 and not self.run.last.exists()):
            self.save(self.run.last)
        with stop_requests() as request, np.errstate(all="ignore"):  # divergence.py says more than a warning
            while self.epoch < self.config.epochs:
                with parallel.working_with(self.workers):
                    self.train_epoch(request)
                    if self.batch == len(self.loader):
                        self.finish_epoch()
                if stopped := ways.share_steps(self, request.number):
                    self.save(self.run.last)
                    raise Stopped(stopped)

    def train_epoch(self, request: StopRequest) -> None:
        """A step on each batch of the epoch from `self.batch` on, until a signal or other workers take over."""
        self.pace.begin()
        with self.report.progress(self.epoch, self.batch, len(self.loader)) as bar:
            for batch in self.loader.epoch(self.epoch, self.batch, self.workers):
                self.step(batch)
                self.batch += 1
                over = self.batch == len(self.loader) or self.workers.decide(request.number or self.pace.changes)
                if over or self.batch % STEPS_BETWEEN_READINGS == 0:
                    divergence.require_finite(self)
                    self.report.show(bar, self.averages.read())
                bar.update()
                self.seconds += self.pace.count_step()
                if over:
                    break

    def step(self, batch: Batch) -> None:
        """One update of each objective that is due: loss, backward, the workers' sum, clip, step."""
        number = self.epoch * len(self.loader) + self.batch
        self.model.train()
        for objective in [due for due in self.objectives if (number + 1) % due.every == 0]:
            optimizer, prefix = objective.optimizer, f"{objective.name}_" if len(self.objectives) > 1 else ""
            optimizer.lr = schedule.learning_rate(self.config, number, self.config.epochs * len(self.loader))
            optimizer.zero_grad()
            with only_these_take_gradients(optimizer.parameters, self.model), parallel.computing(batch.shard):
                loss = objective.loss(batch)
                loss.value.backward(batch.weight)
            self.exchange.sum_gradients(batch, optimizer)
            terms = self.exchange.sum(batch, loss.terms, norms(objective, prefix))
            clip(optimizer.parameters, self.config.clip_norm, terms[f"{prefix}gradient_norm"])
            self.averages.add(terms, batch.total)
            self.exchange.step(optimizer)
            if objective is self.objectives[0]:
                self.loss_name = loss.name

    def finish_epoch(self) -> None:
        """Validate, write the row and the checkpoints, and print; without a score each epoch is the best so far."""
        row: dict[str, Any] = {"epoch": self.epoch + 1, "loss": self.loss_name, "train": self.averages.read()}
        score = -math.inf
        if len(self.validation):
            row["score"], row["validation"] = divergence.require_finite_score(self)
            if not self.model.watch_samples:  # no loss says how good samples are
                score = row["validation"][row["score"]]
        rate = self.data.examples / self.seconds
        row |= {"lr": self.objectives[0].optimizer.lr, "seconds": self.seconds, "images_per_second": rate}
        self.epoch, self.batch, self.seconds, self.averages = self.epoch + 1, 0, 0.0, Averages()
        self.best = min(self.best, score)
        remarks = self.watch(row)
        self.run.add_row(row)
        for path in (self.run.best, self.run.last) if score == self.best else (self.run.last,):
            self.save(path)
        self.report.epoch(row, self.config.epochs, remarks)
