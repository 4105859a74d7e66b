"""Checks of lesson 24."""

import numpy as np

from minigen.learning import WrongError, exercise, number, same


@exercise("pencil", "Weigh each mean by its number of examples.", "(60·1 + 40·2) / 100")
def answer_mean(your):
    mistakes = {
        1.5: "shards of different size do not count alike",
        1.6: "the weights are exchanged",
        3: "that is their sum",
        140: "divide by 100",
    }
    number(your.answer_mean, 1.4, mistakes | {2.8: "by the whole batch, not by one shard's part"}, rtol=1e-3)


@exercise(
    "gap", "The sum of a shard's losses is its mean · its count.", "Σ gradient · count / Σ count; skip the empty ones."
)
def combine(your):
    generator = np.random.default_rng(34)
    for counts in ([3, 3], [5, 2, 1], [4, 0, 2]):
        gradients = [generator.standard_normal((2, 3)) * (1 if n else np.nan) for n in counts]
        kept = [(g, n) for g, n in zip(gradients, counts, strict=True) if n]
        right = sum(g * n for g, n in kept) / sum(counts)
        plain = sum(g for g, _ in kept)
        mistakes = {
            "weigh each by its count": plain / len(counts),
            "divide by the number of examples": right * sum(counts),
        }
        mistakes |= {
            "the batch's loss is a mean: weigh by count / Σ count": plain,
            "weigh by its count, not by its inverse": sum(g / n for g, n in kept),
        }
        mistakes |= {
            "divide by the number of examples, not of workers": right * sum(counts) / len(counts),
            "the first worker's is not all": gradients[0],
        }
        given = [g.copy() for g in gradients]
        same(your.combine(gradients, counts), right, f"the gradient of shards of {counts}", mistakes)
        if not all(np.array_equal(g, old, equal_nan=True) for g, old in zip(gradients, given, strict=True)):
            raise WrongError("a worker's gradient has changed: add into an array of your own")


def lists(found, workers, name):
    if not isinstance(found, list) or len(found) != workers:
        raise WrongError(f"{name} must return a list with an array for each of {workers} workers")
    return found


def draws():
    return list(np.random.default_rng(35).standard_normal((3, 4)))


@exercise("gap", "Each receives the same.", "[sum(values) for _ in values]")
def all_reduce(your):
    values = draws()
    right, given = sum(values), [value.copy() for value in values]
    mistakes = {
        "the sum, not the mean": right / 3,
        "the sum over workers, not over a worker's own numbers": np.full(4, right.sum()),
    }
    for worker, found in enumerate(lists(your.all_reduce(values), 3, "all_reduce")):
        wrong = {"that is what it gave itself": given[worker], "that is what the others gave": right - given[worker]}
        same(found, right, f"what worker {worker} receives", mistakes | wrong)
    if not all((value == old).all() for value, old in zip(values, given, strict=True)):
        raise WrongError("what a worker gave has changed: make new arrays")


@exercise(
    "gap",
    "What one worker gives reaches all of them. Which gradients come back to it?",
    "yₖ = Σ xⱼ for every k, so dL/dxⱼ = Σ dL/dyₖ: the adjoint of all_reduce is all_reduce.",
)
def all_reduce_adjoint(your):
    gradients = draws()
    right = sum(gradients)
    for worker, found in enumerate(lists(your.all_reduce_adjoint(gradients), 3, "all_reduce_adjoint")):
        mistakes = {
            "each x reaches all workers: gradients come back from all": gradients[worker],
            "the sum, not the mean": right / 3,
        }
        mistakes |= {
            "its own gradient comes back, too": right - gradients[worker],
            "once, not once for each worker": 3 * right,
        }
        same(found, right, f"what comes back to worker {worker}", mistakes)
