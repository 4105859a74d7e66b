"""Is a derivative right? Compare it with differences of the function itself.

    minigen.gradcheck(fn, inputs, order=1)      check one function
    python -m minigen.gradcheck                 check every operation of minigen, print the table

The function's outputs are reduced to one number L = Σ ⟨cotangent, output⟩ with a random cotangent (a
cotangent of ones would pass a softmax whose gradient is zero, since its outputs always sum to one). Along
a random direction v through all inputs at once, the central difference

    (L(x + h·v) - L(x - h·v)) / 2h        h = 6·10⁻⁶·max(1, |x|)

must equal Σ gradient·v. Three directions find any wrong derivative with certainty for practical purposes;
only when one fails are the elements gone through one by one, to say where.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeAlias

import numpy as np

from minigen import backend
from minigen.backend import Array
from minigen.tensor import Tensor, backpropagate

Function: TypeAlias = Callable[..., "Tensor | Sequence[Tensor]"]

STEP = 6e-6  # about the cube root of float64's rounding: truncation and rounding errors are then alike
TOLERANCE = {1: 1e-7, 2: 1e-5}
DIRECTIONS = 3


class GradcheckError(AssertionError):
    """A derivative is wrong; the message shows the worst elements."""


class NondifferentiableError(GradcheckError):
    """The function has a kink or a jump within the step, so that differences prove nothing there."""


def gradcheck(fn: Function, inputs: Sequence[Tensor], order: int = 1, seed: int = 0) -> float:
    """Check the derivatives of `fn` to those of the inputs that require a gradient.

    Args:
        fn: maps the inputs to a tensor or several. Parameters that it uses from outside may be given as
            further inputs that it ignores: they are perturbed in place. Noise must be fixed.
        inputs: float64 tensors.
        order: 1 checks the gradient; 2 also checks the gradient of the gradient.
        seed: of the random cotangents and directions.

    Returns:
        The worst relative error, |analytic - numeric| / max(|analytic|, |numeric|, ‖gradient‖).

    Raises:
        GradcheckError: an error above 10⁻⁷ (order 1) or 10⁻⁵ (order 2), a gradient of the wrong shape or
            dtype, or an input that `fn` changed.
        NondifferentiableError: a kink.
        TypeError: an input is not float64, or none requires a gradient.
    """
    if order not in TOLERANCE:
        raise ValueError(f"gradcheck: order is {order}, must be 1 or 2")
    checked = [x for x in inputs if x.requires_grad]
    if not checked or any(x.dtype != "float64" for x in inputs):
        raise TypeError("gradcheck: inputs must be float64 tensors, and at least one must require a gradient")
    generator = np.random.default_rng(seed)
    worst = _check(fn, inputs, checked, TOLERANCE[1], generator, f"order 1, seed {seed}")
    if order == 2:
        cotangents = [Tensor(c, requires_grad=True) for c in _normal_like(_outputs(fn, inputs), generator)]
        extended = [*inputs, *cotangents]

        def gradient(*_: Tensor) -> list[Tensor]:
            return _gradients(_outputs(fn, inputs), cotangents, checked, create_graph=True)

        second = _check(gradient, extended, [*checked, *cotangents], TOLERANCE[2], generator, f"order 2, seed {seed}")
        worst = max(worst, second)
    return worst


def _check(
    fn: Function,
    inputs: Sequence[Tensor],
    checked: Sequence[Tensor],
    tolerance: float,
    generator: np.random.Generator,
    title: str,
) -> float:
    before = [backend.of(x.data).array(x.data) for x in inputs]
    outputs = _outputs(fn, inputs)
    cotangents = [Tensor(c) for c in _normal_like(outputs, generator)]
    gradients = [g.data for g in _gradients(outputs, cotangents, checked)]
    for position, (x, original) in enumerate(zip(inputs, before, strict=True)):
        if not bool((x.data == original).all()):
            raise GradcheckError(f"gradcheck ({title}): the function changed input {position} of shape {x.shape}")
    for x, g in zip(checked, gradients, strict=True):
        if g.shape != x.shape or g.dtype != x.dtype:
            raise GradcheckError(f"gradcheck ({title}): a gradient is {g.dtype} {g.shape}, must be {x.dtype} {x.shape}")

    def objective() -> float:
        pairs = zip(cotangents, _outputs(fn, inputs), strict=True)
        return sum(float((c.data * y.data).sum().item()) for c, y in pairs)

    scales = [backend.of(x.data).maximum(abs(x.data), 1.0) for x in checked]
    size = sum(float(((g * s) ** 2).sum().item()) for g, s in zip(gradients, scales, strict=True)) ** 0.5
    worst = 0.0
    for _ in range(DIRECTIONS):
        direction = [v * s for v, s in zip(_normal_like(checked, generator), scales, strict=True)]
        analytic = sum(float((g * v).sum().item()) for g, v in zip(gradients, direction, strict=True))
        numeric = _difference(objective, checked, direction, STEP)
        error = _relative(analytic, numeric, size)
        if not error <= tolerance:
            _raise_if_kinked(objective, checked, direction, size, title)
            raise GradcheckError(_worst_elements(objective, checked, gradients, error, title))
        worst = max(worst, error)
    return worst


def _outputs(fn: Function, inputs: Sequence[Tensor]) -> list[Tensor]:
    result = fn(*inputs)
    return [result] if isinstance(result, Tensor) else list(result)


def _gradients(
    outputs: Sequence[Tensor], cotangents: Sequence[Tensor], inputs: Sequence[Tensor], create_graph: bool = False
) -> list[Tensor]:
    """d(Σ ⟨cotangent, output⟩)/d(input); zeros where an input has no influence."""
    total = sum((c * y).sum() for c, y in zip(cotangents, outputs, strict=True) if y.requires_grad)
    found: dict[int, Tensor] = {}
    if isinstance(total, Tensor):
        found = {id(x): g for x, g in backpropagate(total, create_graph=create_graph)}
    return [found.get(id(x), Tensor(backend.of(x.data).zeros_like(x.data))) for x in inputs]


def _normal_like(tensors: Sequence[Tensor], generator: np.random.Generator) -> list[Array]:
    return [backend.to_device(np.asarray(generator.standard_normal(t.shape)), t.device) for t in tensors]


def _relative(analytic: float, numeric: float, size: float) -> float:
    scale = max(abs(analytic), abs(numeric), size)
    return abs(analytic - numeric) / scale if scale else 0.0


@contextmanager
def _moved(inputs: Sequence[Tensor], direction: Sequence[Array], step: float) -> Iterator[None]:
    """The inputs at x + step·direction, put back afterwards whatever happens."""
    originals = [backend.of(x.data).array(x.data) for x in inputs]
    try:
        for x, v in zip(inputs, direction, strict=True):
            x.data[...] = x.data + step * v
        yield
    finally:
        for x, original in zip(inputs, originals, strict=True):
            x.data[...] = original


def _value(objective: Callable[[], float], inputs: Sequence[Tensor], direction: Sequence[Array], step: float) -> float:
    with _moved(inputs, direction, step):
        return objective()


def _difference(
    objective: Callable[[], float], inputs: Sequence[Tensor], direction: Sequence[Array], step: float
) -> float:
    """The central difference of the objective along the direction."""
    ahead, behind = _value(objective, inputs, direction, step), _value(objective, inputs, direction, -step)
    return (ahead - behind) / (2 * step)


def _raise_if_kinked(
    objective: Callable[[], float], inputs: Sequence[Tensor], direction: Sequence[Array], size: float, title: str
) -> None:
    """A smooth function has the same slope over a step and half of it, and ahead and behind."""
    whole, half = (_difference(objective, inputs, direction, STEP / n) for n in (1, 2))
    here, ahead, behind = (_value(objective, inputs, direction, step) for step in (0.0, STEP, -STEP))
    uneven = _relative((ahead - here) / STEP, (here - behind) / STEP, size)
    if _relative(whole, half, size) > 1e-4 or uneven > 1e-2:
        raise NondifferentiableError(
            f"gradcheck ({title}): the function has a kink or a jump within the step of {STEP:g}: slope {whole:.6g} "
            f"over the step, {half:.6g} over half of it; choose inputs away from the kink"
        )


def _worst_elements(
    objective: Callable[[], float],
    inputs: Sequence[Tensor],
    gradients: Sequence[Array],
    error: float,
    title: str,
) -> str:
    """A table of the ten elements whose derivative is furthest off."""
    rows: list[tuple[float, str]] = []
    for position, (x, g) in enumerate(zip(inputs, gradients, strict=True)):
        for index in np.ndindex(x.shape):
            unit = backend.of(x.data).zeros_like(x.data)
            unit[index] = max(1.0, abs(float(x.data[index].item())))
            numeric = _difference(objective, [x], [unit], STEP) / float(unit[index].item())
            analytic = float(g[index].item())
            relative = _relative(analytic, numeric, 1e-6)
            rows.append((relative, f"{position:>8}  {index!s:<16}{analytic:>16.8g}{numeric:>16.8g}{relative:>12.1e}"))
    rows.sort(key=lambda row: -row[0])
    header = f"{'argument':>8}  {'index':<16}{'analytic':>16}{'numeric':>16}{'relative':>12}"
    lines = [f"gradcheck ({title}): relative error {error:.1e}", header, *(text for _, text in rows[:10])]
    return "\n".join(lines)


__all__ = ["GradcheckError", "NondifferentiableError", "gradcheck"]
