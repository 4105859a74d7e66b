"""Is a derivative right? Compare it with differences of the function itself.

The function's outputs are reduced to one number L = Σ ⟨cotangent, output⟩ with a random cotangent (a
cotangent of ones would pass a softmax whose gradient is zero, since its outputs always sum to one). Along
a random direction v of one input x, the central difference

    (L(x + h·v) - L(x - h·v)) / 2h        h = 6·10⁻⁶·max(1, |x|)

must equal Σ gradient·v. Three random directions miss a wrong derivative with probability zero. Each input has its own
three, because beside an input whose gradient is 10⁶ one whose gradient should be 1 and is 0.95 would pass as rounding.
If a direction fails, each element is checked alone: by the same difference and, since 1/x or log x near 0 bends within
that step, by a step that is small beside the element itself. Only an element that fails both is reported.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeAlias

import numpy as np

from minigen import autograd, backend
from minigen.autograd import DerivativeError, Tensor
from minigen.backend import Array
from minigen.gradcheck.report import (
    SMALLEST,
    Element,
    GradcheckError,
    NondifferentiableError,
    Subject,
    name_of,
    names_of_arguments,
    places,
    relative,
)

Function: TypeAlias = Callable[..., "Tensor | Sequence[Tensor]"]
Slopes: TypeAlias = Callable[[Tensor, Array, float], tuple[float, float]]

STEP = 6e-6  # about the cube root of float64's rounding: truncation and rounding errors are then alike
TOLERANCE = {1: 1e-7, 2: 1e-5}
DIRECTIONS = 3
UNEVEN = 1e-4  # how far the slopes ahead and behind may differ before a kink is suspected
SMALL_STEP = 1e-3  # relative to an element, for the second check of one that failed


class Input(NamedTuple):
    """An input that requires a gradient, with its gradient g.

    Attributes:
        scale: max(1, |x|), the length of a step for each element.
        size: what errors are relative to: ‖g·scale‖, and not less than 1% of Σ |value|, in whose rounding a gradient
            of zero drowns.
    """

    name: str
    x: Tensor
    gradient: Array
    scale: Array
    size: float


def gradcheck(fn: Function, inputs: Tensor | Sequence[Tensor], order: int = 1, seed: int = 0) -> float:
    """Check the derivatives of `fn` to those of the inputs that require a gradient.

    Args:
        fn: maps the inputs to a tensor or several. Parameters that it uses from outside may be given as
            further inputs that it ignores: their `.data` is replaced for a moment. Noise must be fixed.
        inputs: a list of float64 tensors, or a single one.
        order: 1 checks the gradient; 2 also checks the gradient of the gradient.
        seed: of the random cotangents and directions.

    Returns:
        The worst relative error, |analytic - numeric| / max(|analytic|, |numeric|, ‖gradient‖, 1% of Σ |value|), where
        the gradient is that to one input.

    Raises:
        GradcheckError: an error above 10⁻⁷ (order 1) or 10⁻⁵ (order 2), a gradient of the wrong shape or
            dtype, an input that `fn` changed, a value that is not finite or not the same the second time.
        NondifferentiableError: a kink.
        TypeError: an input is not a float64 leaf, or none requires a gradient.
    """
    if order not in TOLERANCE:
        raise ValueError(f"gradcheck: order is {order}, must be 1 or 2")
    inputs = [inputs] if isinstance(inputs, Tensor) else list(inputs)
    for position, x in enumerate(inputs):
        if not isinstance(x, Tensor) or x.dtype != "float64" or x._edges:
            found = f"is {backend.described(x)}"
            if isinstance(x, Tensor):
                found = f"is {x.dtype}" if x.dtype != "float64" else "was computed from other tensors"
            raise TypeError(f"gradcheck: input {position} {found}, must be a float64 tensor that nothing made")
    if not any(x.requires_grad for x in inputs):
        raise TypeError("gradcheck: no input requires a gradient, at least one must")
    generator = np.random.default_rng(seed)
    function, names = name_of(fn), names_of_arguments(fn, inputs)
    worst = _check(fn, inputs, generator, Subject(function, names, seed, 1))
    if order == 2:
        checked = [x for x in inputs if x.requires_grad]
        outputs = _outputs(fn, inputs)
        cotangents = [Tensor(c, requires_grad=True) for c in _normal_like(outputs, generator)]

        def gradient(*_: Tensor) -> list[Tensor]:
            return _gradients(_outputs(fn, inputs), cotangents, checked, create_graph=True)

        names += ("g",) if len(cotangents) == 1 else tuple(f"g[{n}]" for n in range(len(cotangents)))
        second = _check(gradient, [*inputs, *cotangents], generator, Subject(function, names, seed, 2), outputs)
        worst = max(worst, second)
    return worst


def _check(
    fn: Function,
    inputs: Sequence[Tensor],
    generator: np.random.Generator,
    subject: Subject,
    first: Sequence[Tensor] = (),
) -> float:
    """The worst relative error of the derivatives of `fn`; `first`: the outputs whose gradient `fn` is, at order 2."""
    before = [backend.of(x.data).array(x.data) for x in inputs]
    names = [name for name, x in zip(subject.arguments, inputs, strict=True) if x.requires_grad]
    checked = [x for x in inputs if x.requires_grad]
    outputs = _outputs(fn, inputs)
    weights = _normal_like(outputs, generator)
    try:
        gradients = [g.data for g in _gradients(outputs, [Tensor(w) for w in weights], checked)]
    except DerivativeError as refusal:
        raise subject.fault(str(refusal)) from refusal
    for name, x, original in zip(subject.arguments, inputs, before, strict=True):
        if not bool((x.data == original).all()):
            raise subject.fault(f"the function changed {name}, of shape {x.shape}")
    for name, x, g in zip(names, checked, gradients, strict=True):
        if g.dtype != x.dtype:
            what = f"the gradient to {name} is {g.dtype}, must be {x.dtype}"
            raise subject.fault(what, name)

    def slopes(x: Tensor, direction: Array, step: float) -> tuple[float, float]:
        """The slope of L over one step ahead and over one step behind; their mean is the central difference."""
        ahead, behind = (_moved(fn, inputs, x, h * direction) for h in (step, -step))
        return _difference(weights, ahead, here) / step, _difference(weights, here, behind) / step

    level = sum(float(abs(w * y.data).sum().item()) for w, y in zip(weights, outputs, strict=True))
    if not math.isfinite(level):
        raise subject.fault("the function's value is not finite")
    here = [y.data for y in _outputs(fn, inputs)]
    if abs(_difference(weights, here, [y.data for y in outputs])) > 1e-9 * level:
        raise subject.fault("the function's value is another one the second time; noise must be fixed")

    parts = []
    for name, x, g in zip(names, checked, gradients, strict=True):
        scale = backend.of(x.data).maximum(abs(x.data), 1.0)
        norm = float(((g * scale) ** 2).sum().item()) ** 0.5
        parts.append(Input(name, x, g, scale, max(norm, 0.01 * level, SMALLEST)))
    tolerance, worst = TOLERANCE[subject.order], 0.0
    for part, _ in itertools.product(parts, range(DIRECTIONS)):
        direction = _normal_like([part.x], generator)[0] * part.scale
        ahead, behind = slopes(part.x, direction, STEP)
        error = relative(float((part.gradient * direction).sum().item()), (ahead + behind) / 2, part.size)
        if error > tolerance:
            alone = math.hypot(*(element.error for element in _elements(slopes, part)))
            if alone <= tolerance:
                error = alone
            else:
                _raise_if_kinked(slopes, part, direction, subject)
                raise _wrong(slopes, parts, subject, outputs, first)
        elif relative(ahead, behind, part.size) > UNEVEN:
            _raise_if_kinked(slopes, part, direction, subject)
        worst = max(worst, error)
    return worst


def _wrong(
    slopes: Slopes, parts: Sequence[Input], subject: Subject, outputs: Sequence[Tensor], first: Sequence[Tensor]
) -> GradcheckError:
    """The error that names the wrong elements of all inputs, the worst first, and where their derivatives are."""
    elements = sorted((e for part in parts for e in _elements(slopes, part)), key=lambda element: -element.error)
    elements = [element for element in elements if element.error > TOLERANCE[subject.order]] or elements[:1]
    named = {element.argument for element in elements}
    wrong, right = ([part for part in parts if (part.name in named) == is_wrong] for is_wrong in (True, False))
    written = places(outputs, {id(part.x) for part in wrong}, {id(part.x) for part in right}, first)
    return subject.wrong(elements, written, zero=not any(part.gradient.any() for part in wrong))


def _outputs(fn: Function, inputs: Sequence[Tensor]) -> list[Tensor]:
    result = fn(*inputs)
    outputs = [result] if isinstance(result, Tensor) else result
    if not isinstance(outputs, (list, tuple)) or not all(isinstance(y, Tensor) for y in outputs):
        raise TypeError(
            f"gradcheck: {name_of(fn)} gave {backend.described(result)}, must give a tensor or a list of them"
        )
    return list(outputs)


def _gradients(
    outputs: Sequence[Tensor], cotangents: Sequence[Tensor], inputs: Sequence[Tensor], create_graph: bool = False
) -> list[Tensor]:
    """d(Σ ⟨cotangent, output⟩)/d(input); zeros where an input has no influence."""
    total = sum((c * y).sum() for c, y in zip(cotangents, outputs, strict=True) if y.requires_grad)
    found: dict[int, Tensor] = {}
    if isinstance(total, Tensor):
        found = {id(x): g for x, g in autograd.gradients(total, create_graph=create_graph)}
    return [found.get(id(x), Tensor(backend.of(x.data).zeros_like(x.data))) for x in inputs]


def _normal_like(tensors: Sequence[Tensor], generator: np.random.Generator) -> list[Array]:
    return [backend.to_device(np.asarray(generator.standard_normal(t.shape)), t.device) for t in tensors]


def _difference(weights: Sequence[Array], values: Sequence[Array], others: Sequence[Array]) -> float:
    """Σ weight·(value - other): differences of values, not of sums, in which small changes would be lost."""
    return sum(float((w * (v - o)).sum().item()) for w, v, o in zip(weights, values, others, strict=True))


def _moved(fn: Function, inputs: Sequence[Tensor], x: Tensor, step: Array) -> list[Array]:
    """The outputs at x + step. The moving tensor has an array of its own meanwhile.

    So no other input moves with it that shares its memory, nor an element that lies in the same place.
    """
    original = x.data
    try:
        x.data = original + step
        return [y.data for y in _outputs(fn, inputs)]
    finally:
        x.data = original


def _raise_if_kinked(slopes: Slopes, part: Input, direction: Array, subject: Subject) -> None:
    """Tell a kink from a curve by taking half the step.

    Over a curve the central difference stays as it is, and the slopes ahead and behind differ half as
    much. With a kink inside the step the first changes; with one at its middle the second stays.
    """
    ahead, behind = slopes(part.x, direction, STEP)
    near_ahead, near_behind = slopes(part.x, direction, STEP / 2)
    whole, half = (ahead + behind) / 2, (near_ahead + near_behind) / 2
    uneven, near_uneven = abs(ahead - behind), abs(near_ahead - near_behind)
    at_middle = uneven > UNEVEN * max(abs(ahead), abs(behind), part.size) and near_uneven > 0.75 * uneven
    if at_middle or relative(whole, half, part.size) > 1e-4:
        what = (
            f"the function has a kink or a jump within the step of {STEP:g}: slope {ahead:.6g} ahead and "
            f"{behind:.6g} behind, {near_ahead:.6g} and {near_behind:.6g} over half the step; "
            "choose inputs away from the kink"
        )
        raise subject.fault(what, kind=NondifferentiableError)


def _elements(slopes: Slopes, part: Input) -> list[Element]:
    """Each element of an input, checked alone."""
    return [_element(slopes, part, at) for at in np.ndindex(part.x.shape)]


def _element(slopes: Slopes, part: Input, at: tuple[int, ...]) -> Element:
    x, yours = part.x, float(part.gradient[at].item())
    unit = backend.of(x.data).zeros(x.shape, "float64")
    unit[at] = 1.0
    value = abs(float(x.data[at].item()))
    scale = max(1.0, value)

    def against(numeric: float) -> Element:
        error = abs(yours - numeric) * scale / part.size
        return Element(error if error == error else math.inf, part.name, at, yours, numeric)

    def central(step: float) -> float:
        return sum(slopes(x, unit, step)) / 2

    first = against(central(STEP * scale))
    if first.error <= TOLERANCE[1] or not value:
        return first
    step = SMALL_STEP * value
    return min(first, against((4 * central(step / 2) - central(step)) / 3))  # Richardson: an error of order step⁴


__all__ = ["GradcheckError", "NondifferentiableError", "gradcheck"]
