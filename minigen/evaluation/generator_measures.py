"""How good a generator is. Its losses do not say, so a classifier trained on real digits judges its images.

    classes       how many of the ten digits make up at least 1 % of the samples each
    rarest        the share of the rarest digit in per cent; 10 is perfectly even
    balance_kl    Σ p·ln(10·p) over the shares p of the digits, in nats; 0 is even, 2.3 is a single digit
    confidence    the mean probability of the class that the classifier chooses; low if images are no digits
    frechet       ‖μ - μ'‖² + tr(Σ + Σ' - 2·(Σ·Σ')^½), the distance between the features of the samples (mean μ,
                  covariance Σ) and of real test images; 0 if the two normal densities agree
    diversity     the variance of the samples' pixels, divided by that of real images; 1 is as varied

Fréchet distance: Heusel et al. 2017, "GANs Trained by a Two Time-Scale Update Rule", equation 6. The
features come from our own digit classifier, so this distance compares with no published one. It falls as the number of
samples grows, so it is always computed from 2,000. For images other than 28 × 28 digits only the diversity is measured,
and nothing if all real images are equal.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from minigen import backend, ops, rng
from minigen.autograd import Tensor, no_grad
from minigen.data import Dataset, Split
from minigen.data.mnist import DIGITS
from minigen.evaluation.batches import in_parts
from minigen.evaluation.digit_classifier import FEATURES, DigitClassifier
from minigen.models.model import Samples

Floats: TypeAlias = NDArray[Any]

SAMPLES = 2000
_COVERED = 0.01


class GeneratorMeasures:
    """Measures images against the test images of a data set."""

    def __init__(self, data: Dataset, device: str) -> None:
        self.device = device
        self._variance = _total_variance(data.test)
        judged = data.classes == DIGITS and data.input_shape == (1, 28, 28)
        self._judge = DigitClassifier.trained(device) if judged else None
        if self._judge is not None:
            self._real_features, _ = look_at(self._judge, data.test.as_floats())

    def of_model(self, model: Samples, seed: int) -> dict[str, float]:
        """The measures of 2,000 samples; the same seed gives the same noise."""
        return self.of_images(draw(model, SAMPLES, self.device, seed))

    def of_images(self, images: Floats) -> dict[str, float]:
        """The measures of images (N, C, H, W) in [0, 1]."""
        measures = {"diversity": float(images.var(axis=0).sum()) / self._variance} if self._variance else {}
        if self._judge is None:
            return measures
        features, probabilities = look_at(self._judge, images)
        frechet = {"frechet": frechet_distance(features, self._real_features)}
        return frechet | class_measures(probabilities) | measures

    def of_training_images(self, train: Split) -> dict[str, float]:
        """The measures of 2,000 training images, which a perfect generator would reach."""
        # From all over the split, which may be sorted by class
        chosen = np.linspace(0, len(train) - 1, min(SAMPLES, len(train))).astype(int)
        return self.of_images(train.take(chosen).as_floats())


def draw(model: Samples, count: int, device: str, seed: int) -> Floats:
    """`count` samples of the model, (count, C, H, W) in [0, 1]; the same seed gives the same noise."""
    with no_grad(), rng.stream(seed):
        noise = rng.standard_normal((count, model.latent), "float32", "cpu")
        return in_parts(lambda rows: model.sample(Tensor(backend.to_device(noise[rows], device))).numpy(), count)


def look_at(judge: DigitClassifier, images: Floats) -> tuple[Floats, Floats]:
    """The features (N, 64) and the classes' probabilities (N, 10) of images (N, 1, 28, 28)."""
    device = next(judge.parameters()).device

    def look(rows: slice) -> Floats:
        seen = judge.features(Tensor(backend.to_device(images[rows], device)))
        return np.concatenate([seen.numpy(), ops.softmax(judge.classes(seen)).numpy()], axis=1)

    with no_grad():
        features, probabilities = np.split(in_parts(look, len(images)), [FEATURES], axis=1)
    return features, probabilities


def class_measures(probabilities: Floats) -> dict[str, float]:
    """How the classes share the images, and how sure the classifier is: from (N, K) probabilities."""
    count, classes = probabilities.shape
    shares = np.bincount(probabilities.argmax(axis=1), minlength=classes) / count
    present = shares[shares > 0]
    return {
        "classes": int((shares >= _COVERED).sum()),
        "rarest": 100 * float(shares.min()),
        "balance_kl": float((present * np.log(present * classes)).sum()),
        "confidence": float(probabilities.max(axis=1).mean()),
    }


def frechet_distance(a: Floats, b: Floats) -> float:
    """‖μ - μ'‖² + tr(Σ + Σ' - 2·(Σ·Σ')^½) between the normal distributions that fit features a and b, (N, F) each.

    Σ·Σ' has the eigenvalues of the symmetric Σ^½·Σ'·Σ^½, whose roots sum to the trace wanted. The covariance of one
    row is 0.
    """
    a, b = a.astype(np.float64), b.astype(np.float64)
    covariance_a, covariance_b = (np.cov(x, rowvar=False, ddof=min(1, len(x) - 1)) for x in (a, b))
    values, axes = np.linalg.eigh(covariance_a)
    root = (axes * np.sqrt(values.clip(0))) @ axes.T
    overlap = np.sqrt(np.linalg.eigvalsh(root @ covariance_b @ root).clip(0)).sum()
    shift = a.mean(axis=0) - b.mean(axis=0)
    return float(shift @ shift + np.trace(covariance_a) + np.trace(covariance_b) - 2 * overlap)


def _total_variance(split: Split) -> float:
    """The sum over the pixels of their variance; the images are read in parts."""
    count = len(split)
    mean = sum(part.as_floats().sum(axis=0, dtype=np.float64) for part in split.parts()) / count
    return float(sum(((part.as_floats() - mean) ** 2).sum(dtype=np.float64) for part in split.parts())) / count
