from __future__ import annotations

import dataclasses
import itertools
import math
import os
import re
import shutil
import signal
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from small_runs import rewrite

from minigen import Tensor, ops, rng
from minigen.data import Batch, Dataset, Split
from minigen.models.model import Loss, Objective
from minigen.models.vae import VAE, VAEConfig
from minigen.optim import SGD, Adam
from minigen.training import checkpoint, divergence, report, schedule
from minigen.training.averages import Averages, measure
from minigen.training.checkpoint import CheckpointError, DamagedError
from minigen.training.divergence import DivergedError
from minigen.training.lock import LockedError, locked
from minigen.training.loop import Trainer
from minigen.training.report import opening
from minigen.training.signals import Stopped

Maker = Any
Weights = Callable[[Trainer], dict[str, bytes]]


def timeless(rows: list[dict[str, Any]]) -> list[Any]:
    return [(row["epoch"], row["train"], row["validation"], row["lr"]) for row in rows]


# What a training leaves


def test_the_loss_falls_and_every_epoch_has_a_row(make_trainer: Maker) -> None:
    trainer = make_trainer(epochs=4, lr=0.01)
    trainer.fit()
    rows = trainer.run.rows()
    assert [row["epoch"] for row in rows] == [1, 2, 3, 4]
    assert rows[-1]["train"]["loss"] < 0.6 * rows[0]["train"]["loss"]
    for row in rows:
        assert row["train"].keys() == {"loss", "reconstruction", "kl", "gradient_norm"}
        assert row["train"]["loss"] == pytest.approx(row["train"]["reconstruction"] + row["train"]["kl"])
        assert row["images_per_second"] == pytest.approx(80 / row["seconds"])


def test_the_same_seed_gives_the_same_bits_and_another_does_not(make_trainer: Maker, weights: Weights) -> None:
    found = []
    for run, seed in (("a", 5), ("b", 5), ("c", 6)):
        trainer = make_trainer(run, seed=seed)
        trainer.fit()
        found.append((weights(trainer), timeless(trainer.run.rows())))
    assert found[0] == found[1]
    assert found[0] != found[2]


def test_best_is_the_epoch_of_the_lowest_validation(make_trainer: Maker, monkeypatch: pytest.MonkeyPatch) -> None:
    scores = iter([3.0, 1.0, 2.0, 1.0, 1.5])
    monkeypatch.setattr(divergence, "measure", lambda *_: ("negative_elbo", {"kl": 0.0, "negative_elbo": next(scores)}))
    trainer = make_trainer(epochs=5)
    trainer.fit()
    assert checkpoint.read(trainer.run.best)[1]["epoch"] == 4, "of two equally good epochs the later one"
    assert checkpoint.read(trainer.run.last)[1]["epoch"] == 5


def test_the_best_so_far_is_remembered_over_a_stop(make_trainer: Maker, monkeypatch: pytest.MonkeyPatch) -> None:
    scores = iter([1.0, 2.0])
    monkeypatch.setattr(divergence, "measure", lambda *_: ("negative_elbo", {"negative_elbo": next(scores)}))
    make_trainer(epochs=1).fit()
    resumed = make_trainer.resumed(epochs=2)
    resumed.fit()
    assert checkpoint.read(resumed.run.best)[1]["epoch"] == 1


def test_without_validation_best_is_last(make_trainer: Maker) -> None:
    trainer = make_trainer(validation=0.0)
    trainer.fit()
    assert checkpoint.read(trainer.run.best)[1]["epoch"] == 3
    assert "validation" not in trainer.run.rows()[0]


def test_means_count_every_example_once(make_trainer: Maker) -> None:
    averages = Averages()
    averages.add({"loss": Tensor(np.array(2.0, dtype=np.float32))}, 3)
    averages.add({"loss": Tensor(np.array(4.0, dtype=np.float32)), "kl": Tensor(np.array(1.0))}, 1)
    assert averages.read() == {"loss": 2.5, "kl": 1.0}
    assert Averages(averages.sums, averages.counts).read() == averages.read()


def test_evaluation_is_the_same_each_time_and_moves_no_noise(make_trainer: Maker, weights: Weights) -> None:
    trainer = make_trainer()
    before = weights(trainer), {name: state.tobytes() for name, state in rng.state().items()}
    first = measure(trainer.model, trainer.validation)
    assert measure(trainer.model, trainer.validation) == first
    after = weights(trainer), {name: state.tobytes() for name, state in rng.state().items()}
    assert {name: after[1][name] for name in before[1]} == before[1]
    assert before[0] == after[0]


def test_the_model_is_in_training_mode_in_a_step_and_in_evaluation_mode_elsewhere(make_trainer: Maker) -> None:
    trainer, modes = make_trainer(epochs=2), []
    for name in ("loss", "evaluate"):
        original = getattr(trainer.model, name)
        setattr(trainer.model, name, lambda b, f=original, n=name: (modes.append((n, trainer.model.training)), f(b))[1])
    trainer.objectives[0] = dataclasses.replace(trainer.objectives[0], loss=trainer.model.loss)
    trainer.fit()
    assert set(modes) == {("loss", True), ("evaluate", False)}
    assert len(modes) == 2 * (5 + 1)


# The course of training


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, [1.0] * 10),
        ({"warmup": 4}, [0.25, 0.5, 0.75] + [1.0] * 7),
        ({"schedule": "cosine"}, [0.5 * (1 + math.cos(math.pi * n / 10)) for n in range(10)]),
        ({"schedule": "cosine", "warmup": 2}, [0.5, 1.0] + [0.5 * (1 + math.cos(math.pi * n / 8)) for n in range(8)]),
    ],
)
def test_the_learning_rate_follows_its_schedule(make_trainer: Maker, options: Any, expected: list[float]) -> None:
    trainer = make_trainer(epochs=2, lr=0.01, **options)
    rates = []
    step = trainer.objectives[0].optimizer.step
    trainer.objectives[0].optimizer.step = lambda: (rates.append(trainer.objectives[0].optimizer.lr), step())[1]
    trainer.fit()
    assert rates == pytest.approx([0.01 * factor for factor in expected])


@pytest.mark.parametrize(("warmup", "said"), [(0, []), (5, []), (6, ["6", "10"]), (200, ["200", "10"])])
def test_a_warm_up_that_takes_most_of_a_run_is_said(
    make_trainer: Maker, digits: Dataset, warmup: int, said: list[str]
) -> None:
    trainer = make_trainer(epochs=2, warmup=warmup)
    lines = opening(trainer, digits)
    assert [re.findall(r"\d+", line) for line in lines if "--warmup" in line] == ([said] if said else [])


@pytest.mark.parametrize(("steps", "said"), [(2, ["3", "2"]), (3, [])])
def test_a_net_that_takes_no_step_is_said(steps: int, said: list[str]) -> None:
    p = Tensor(np.ones(1), requires_grad=True)
    objectives = [
        Objective(name, SGD([p], 0.1), lambda batch: Loss("loss", p), every) for name, every in (("d", 1), ("g", 3))
    ]
    lines = schedule.warnings(VAEConfig(), objectives, steps)
    assert [re.findall(r"\d+", line) for line in lines] == ([said] if said else [])
    assert all(line.startswith("warning: g takes a step") for line in lines)


@pytest.mark.parametrize(
    ("workers", "threads", "cores"),
    [
        (1, 1, "1 of 2; --workers 2 uses all"),
        (1, 2, "1 of 2 (2 in matrix products); --workers 2 uses all"),
        (2, 1, "2 of 2, one worker each"),
        (24, 1, "24 workers take turns on 2: --workers 2 is faster"),
    ],
)
def test_the_cores_are_told(
    make_trainer: Maker, digits: Dataset, monkeypatch: pytest.MonkeyPatch, workers: int, threads: int, cores: str
) -> None:
    monkeypatch.setattr(report, "cores", lambda: 2)
    monkeypatch.setattr(report, "product_threads", lambda: threads)
    assert f"cores   {cores}" in opening(make_trainer(workers=workers), digits)


def test_gradients_are_clipped_and_their_norm_reported_unclipped(make_trainer: Maker) -> None:
    norms = {}
    for clip in (0.0, 0.5):
        trainer = make_trainer(f"clip-{clip}", epochs=1, clip_norm=clip)
        trainer.step(trainer.loader.first(16))
        norms[clip] = trainer.averages.read()["gradient_norm"]
        left = math.sqrt(sum(float((p.grad.data**2).sum()) for p in trainer.model.parameters()))
        assert left == pytest.approx(min(norms[clip], clip or math.inf), rel=1e-4)
    assert norms[0.0] == pytest.approx(norms[0.5])


class Pair(VAE):
    """Two objectives: one moves the encoder at every batch, one the decoder at every third."""

    def objectives(self) -> list[Objective]:
        self.seen: list[tuple[str, set[str]]] = []

        def watched(name: str) -> Callable[[Batch], Loss]:
            def loss(batch: Batch) -> Loss:
                wanting = {path.split(".")[0] for path, p in self.named_parameters() if p.requires_grad}
                self.seen.append((name, wanting))
                return Loss(f"{name}_loss", self.loss(batch).value)

            return loss

        encoder = [*self.encoder.parameters(), *self.mean.parameters(), *self.log_var.parameters()]
        decoder = [*self.decoder.parameters(), *self.pixel.parameters()]
        return [
            Objective("e", Adam(encoder, 0.1), watched("e")),
            Objective("d", SGD(decoder, 0.1), watched("d"), every=3),
        ]


def test_each_objective_has_its_turn_and_only_its_parameters_take_gradients(make_trainer: Maker) -> None:
    trainer = make_trainer(model_type=Pair)
    for batch in trainer.loader.epoch(0):
        trainer.step(batch)
        trainer.batch += 1
    assert [name for name, _ in trainer.model.seen] == ["e", "e", "e", "d", "e", "e"]
    assert dict(trainer.model.seen) == {"e": {"encoder", "mean", "log_var"}, "d": {"decoder", "pixel"}}
    assert all(p.requires_grad for p in trainer.model.parameters())
    assert trainer.averages.read().keys() == {"e_loss", "e_gradient_norm", "d_loss", "d_gradient_norm"}
    assert [objective.optimizer.steps for objective in trainer.objectives] == [5, 1]


def test_a_turn_comes_round_across_epochs(make_trainer: Maker) -> None:
    trainer = make_trainer(model_type=Pair, epochs=3)
    trainer.fit()
    assert [objective.optimizer.steps for objective in trainer.objectives] == [15, 5]


def test_the_table_has_one_heading_also_after_a_resumption(make_trainer: Maker) -> None:
    trainer = make_trainer(epochs=1)
    trainer.fit()
    first = list(make_trainer.lines)
    assert [line.split()[0] for line in first[-2:]] == ["epoch", "1"]
    again = make_trainer.resumed(epochs=2)
    again.fit()
    assert make_trainer.lines[len(first) : -1] == first[:-1]
    assert make_trainer.lines[-1].split()[0] == "2"
    assert len({len(line) for line in (first[-2], first[-1], make_trainer.lines[-1])}) == 1


# Stopping and going on


def fit_and_stop(trainer: Trainer, at: int, number: int = signal.SIGINT) -> int:
    """Train until this process gets a signal in the middle of the n-th step: which one stopped the training."""
    step, batches = trainer.step, itertools.count(1)

    def signalled(batch: Batch) -> None:
        step(batch)
        if next(batches) == at:
            os.kill(os.getpid(), number)

    trainer.step = signalled
    with pytest.raises(Stopped) as stop:
        trainer.fit()
    return stop.value.number


@pytest.mark.parametrize(("step", "number"), [(1, signal.SIGINT), (7, signal.SIGTERM), (10, signal.SIGINT), (15, 15)])
def test_a_stopped_run_goes_on_as_if_it_never_stopped(
    make_trainer: Maker, weights: Weights, step: int, number: int
) -> None:
    whole = make_trainer("whole")
    whole.fit()
    stopped = make_trainer("stopped")
    assert fit_and_stop(stopped, step, number) == number
    assert checkpoint.read(stopped.run.last)[1]["epoch"] * 5 + checkpoint.read(stopped.run.last)[1]["batch"] == step
    resumed = make_trainer.resumed("stopped")
    resumed.run.keep_rows(resumed.epoch)
    resumed.fit()
    assert weights(resumed) == weights(whole)
    assert timeless(resumed.run.rows()) == timeless(whole.run.rows())
    assert resumed.run.best.read_bytes() == whole.run.best.read_bytes()


def test_an_epochs_seconds_count_what_passed_before_the_stop(
    make_trainer: Maker, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter(range(0, 1000, 10))
    monkeypatch.setattr(time, "perf_counter", lambda: float(next(clock)))  # a step takes ten seconds
    fit_and_stop(make_trainer(), 7)
    resumed = make_trainer.resumed()
    resumed.fit()
    rows = resumed.run.rows()
    assert [row["seconds"] for row in rows] == [50, 50, 50]
    assert [row["images_per_second"] for row in rows] == [1.6, 1.6, 1.6]


def test_a_checkpoint_that_knows_no_seconds_goes_on(make_trainer: Maker) -> None:
    trainer = make_trainer()
    trainer.save(trainer.run.last)
    arrays, state = checkpoint.read(trainer.run.last)
    del state["seconds"]
    checkpoint.write(trainer.run.last, arrays, state)
    trainer.load(trainer.run.last, trainer.run.best)
    assert trainer.seconds == 0


def test_every_checkpoint_on_the_way_leads_to_the_same_end(make_trainer: Maker, weights: Weights) -> None:
    whole = make_trainer()
    checkpoints = []
    save = whole.save
    whole.save = lambda path: (save(path), checkpoints.append(path.read_bytes()))[0]
    whole.fit()
    assert len(checkpoints) >= 5
    for content in checkpoints:
        whole.run.last.write_bytes(content)
        resumed = make_trainer.resumed()
        resumed.fit()
        assert weights(resumed) == weights(whole)


def test_more_epochs_go_on_from_where_fewer_ended(make_trainer: Maker, weights: Weights) -> None:
    whole = make_trainer("whole", epochs=4)
    whole.fit()
    make_trainer("longer", epochs=2).fit()
    longer = make_trainer.resumed("longer", epochs=4)
    longer.fit()
    assert weights(longer) == weights(whole)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"lr": 0.5}, r"trained with lr 0\.001, this run has 0\.5"),
        ({"hidden": 13}, "trained with hidden 12, this run has 13"),
        ({"schedule": "cosine"}, "trained with schedule 'constant', this run has 'cosine'"),
        ({"validation": 0.1}, "trained with validation 0\\.2"),
    ],
)
def test_a_checkpoint_of_other_hyper_parameters_is_refused(make_trainer: Maker, options: Any, message: str) -> None:
    trainer = make_trainer()
    trainer.save(trainer.run.last)
    with pytest.raises(CheckpointError, match=message):
        make_trainer.resumed(**options)


def test_a_cosine_run_does_not_go_on_with_more_epochs(make_trainer: Maker) -> None:
    trainer = make_trainer(schedule="cosine")
    trainer.save(trainer.run.last)
    with pytest.raises(CheckpointError, match="trained with epochs 3, this run has 4"):
        make_trainer.resumed(schedule="cosine", epochs=4)


def test_a_checkpoint_of_other_data_is_refused(make_trainer: Maker) -> None:
    trainer = make_trainer()
    trainer.save(trainer.run.last)
    inputs = make_trainer.digits.train.inputs.copy()
    inputs[0, 0, 0, 0] += 1
    split = Split(inputs, make_trainer.digits.train.labels)
    make_trainer.digits = dataclasses.replace(make_trainer.digits, train=split)
    with pytest.raises(CheckpointError, match="the training data of mnist5k have changed since"):
        make_trainer.resumed()


HOSTILE = [None, "3", -1, [], {}, 10**30, 1e400, math.nan]
NUMBERS = ["epoch", "batch", "seconds", "best", "averages", "steps", "data", "averages.sums", "averages.counts"]
POSSIBLE = [("best", None), ("best", -1), ("best", 10**30), ("seconds", 10**30)]
POSSIBLE += [("averages.sums", -1), ("averages.sums", 10**30)]


def with_field(state: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    name, _, rest = path.partition(".")
    if rest:
        value = {**state[name], rest: dict.fromkeys(state[name][rest], value)}
    return state | {name: value}


@pytest.mark.parametrize("field", NUMBERS)
@pytest.mark.parametrize("value", HOSTILE, ids=repr)
def test_a_number_that_cannot_be_is_named_and_the_other_checkpoint_used(
    make_trainer: Maker, field: str, value: Any
) -> None:
    trainer = make_trainer()
    fit_and_stop(trainer, 7)
    arrays, state = checkpoint.read(trainer.run.last)
    checkpoint.write(trainer.run.last, arrays, with_field(state, field, value))
    trainer = make_trainer.resumed()
    used_best = (trainer.epoch, trainer.batch) == (1, 0)
    assert used_best == ((field, value) not in POSSIBLE)
    if used_best:
        (line,) = make_trainer.lines[-1:]
        assert re.match(rf".*last\.safetensors: {field}\b[^\n]* (must|lacks)\b.*best.safetensors is used", line)
        trainer.run.best.unlink()
        with pytest.raises(DamagedError, match=rf"last.safetensors: {field}\b"):
            make_trainer.resumed()


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("epoch", 4, "epoch is 4, must be at most 3"),
        ("batch", 5, "batch is 5, must be at most 4"),
        ("steps", {"other": 3}, "steps are of other, must be of each objective"),
        ("averages", {"sums": {"loss": 1.0}, "counts": {}}, "averages.sums and averages.counts have different names"),
    ],
)
def test_a_position_outside_the_run_is_refused(make_trainer: Maker, field: str, value: Any, message: str) -> None:
    trainer = make_trainer()
    trainer.save(trainer.run.last)
    rewrite(trainer.run.last, {field: value})
    with pytest.raises(DamagedError, match=message):
        make_trainer.resumed()


@pytest.mark.parametrize(
    ("name", "array"),
    [
        ("model.mean.weight", np.full((3, 12), np.nan, np.float32)),
        *(("random.cpu", words) for words in (np.zeros(6), np.zeros(5, np.uint64), np.zeros(6, np.uint64))),
        ("random.cpu", np.array([1, 2, 3, 5, 2, 0], np.uint64)),
    ],
)
def test_arrays_that_cannot_be_are_named(make_trainer: Maker, name: str, array: Any) -> None:
    trainer = make_trainer()
    trainer.save(trainer.run.last)
    rewrite(trainer.run.last, arrays={name: array})
    with pytest.raises(DamagedError, match=rf"last.safetensors: {name} (holds NaN|must be)"):
        make_trainer.resumed()


# A thread, and a folder that is replaced


def test_training_in_a_thread_ends_with_the_same_bits(make_trainer: Maker, weights: Weights) -> None:
    whole = make_trainer("whole")
    whole.fit()

    def fit() -> dict[str, bytes]:
        trainer = make_trainer("in-a-thread")
        trainer.fit()
        return weights(trainer)

    with ThreadPoolExecutor() as pool:
        assert pool.submit(fit).result() == weights(whole)


def test_a_training_whose_folder_was_replaced_writes_nothing_more(make_trainer: Maker) -> None:
    trainer = make_trainer()
    run, step = trainer.run, trainer.step

    def replacing(batch: Batch) -> None:
        step(batch)
        if (trainer.epoch, trainer.batch) == (1, 2):
            shutil.rmtree(run.path)
            with locked(run.path):
                run.best.write_bytes(b"another training's")

    trainer.step = replacing
    with run.locked(), pytest.raises(LockedError, match="was removed or replaced"):
        trainer.fit()
    assert {path.name for path in run.path.iterdir()} == {".lock", ".written.lock", "best.safetensors"}
    assert run.best.read_bytes() == b"another training's"
    run.require_own()  # nobody holds the folder's lock any more


# Divergence


def test_a_step_too_long_names_the_batch_and_the_operation_and_saves_nothing_bad(make_trainer: Maker) -> None:
    trainer = make_trainer(lr=1e10)
    with pytest.raises(
        DivergedError, match=r"stopped at epoch 1, batch 2 of 5: \w+ gave a value .* a smaller --lr may help"
    ) as failure:
        trainer.fit()
    assert "\n" not in str(failure.value)
    arrays, state = checkpoint.read(trainer.run.last)
    assert (state["epoch"], state["batch"]) == (0, 0)
    assert all(np.isfinite(array).all() for array in arrays.values())


def test_divergence_is_found_in_the_epoch_where_it_arises(make_trainer: Maker) -> None:
    trainer = make_trainer()
    step = trainer.step

    def spoiling(batch: Batch) -> None:
        if (trainer.epoch, trainer.batch) == (1, 3):
            trainer.model.mean.weight.data[0, 0] = np.inf
        step(batch)

    trainer.step = spoiling
    with pytest.raises(DivergedError, match=r"epoch 2, batch 4 of 5: linear gave"):
        trainer.fit()
    assert checkpoint.read(trainer.run.last)[1]["epoch"] == 1


def test_a_request_to_stop_does_not_save_weights_that_overflowed(make_trainer: Maker) -> None:
    trainer = make_trainer(lr=1e10)
    with pytest.raises(DivergedError):
        fit_and_stop(trainer, 3)
    assert checkpoint.read(trainer.run.last)[1]["batch"] == 0


def test_an_optimizer_that_overflows_is_named(make_trainer: Maker) -> None:
    trainer = make_trainer(lr=1e39)
    with pytest.raises(DivergedError, match=r"batch 1 of 5: the step left NaN or infinity in \w+"):
        trainer.fit()


@pytest.mark.parametrize("name", ["mean.weight", "running_var"])
def test_arrays_that_overflow_in_the_very_last_step_are_not_saved(make_trainer: Maker, name: str) -> None:
    trainer = make_trainer(epochs=1, validation=0.0)
    trainer.model.register_buffer("running_var", np.ones(1))
    step = trainer.step

    def spoiling(batch: Batch) -> None:
        step(batch)
        if trainer.batch == 6:
            trainer.model.state_dict()[name][..., 0] = np.nan

    trainer.step = spoiling
    with pytest.raises(DivergedError, match=f"batch 7 of 7: the step left NaN or infinity in {name}$"):
        trainer.fit()
    assert checkpoint.read(trainer.run.last)[1]["epoch"] == 0
    assert not trainer.run.best.exists()


def test_nan_in_the_data_is_named(make_trainer: Maker) -> None:
    inputs = (make_trainer.digits.train.inputs / 255).astype(np.float32)
    inputs[:, 0, 14, 14] = np.nan
    split = Split(inputs, make_trainer.digits.train.labels)
    make_trainer.digits = dataclasses.replace(make_trainer.digits, train=split)
    with pytest.raises(DivergedError, match="epoch 1, batch 1 of 5: the data holds NaN or infinity"):
        make_trainer().fit()


class Fragile(VAE):
    """Overflows when it is evaluated, not when it is trained."""

    def evaluate(self, batch: Batch) -> Loss:
        return Loss("negative_elbo", ops.exp(Tensor(batch.inputs).sum() * 1e6))


def test_a_validation_that_overflows_stops_training(make_trainer: Maker) -> None:
    with pytest.raises(DivergedError, match="after epoch 1, at its validation: exp gave a value that is not finite"):
        make_trainer(model_type=Fragile).fit()
