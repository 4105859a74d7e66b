"""Checks of lesson 6."""

import numpy as np

from minigen.learning import WrongError, close, exercise, number, same


@exercise("pencil", "At t = 1, m̂ = g and v̂ = g².", "The step is lr·g/√(g²).")
def answer_first_step(your):
    mistakes = {
        10: "that is SGD's step; Adam divides by √v̂",
        0.001: "m̂ is m / (1 - β₁)",
        1e-5: "v̂ is divided under the root: √v̂ = 1000",
    }
    mistakes |= {0.00316: "both means are corrected: v̂ = v / (1 - β₂)", 0.316: "v̂ is corrected: v / (1 - β₂)"}
    number(
        abs(your.answer_first_step) if isinstance(your.answer_first_step, float) else your.answer_first_step,
        0.01,
        mistakes,
    )


def arrays(count):
    generator = np.random.default_rng(7)
    return [generator.standard_normal((2, 3)) for _ in range(count)]


@exercise(
    "gap",
    "b *= momentum changes the array itself, b = momentum * b makes another one.",
    "b *= momentum; b += g; p -= lr * b",
    without="SGD",
)
def momentum_step(your):
    p, g, h = arrays(3)
    b, start = np.zeros((2, 3)), p.copy()
    for gradient in (g, h):
        before = gradient.copy()
        your.momentum_step(p, gradient, b, lr=0.05, momentum=0.9)
        if not (gradient == before).all():
            raise WrongError("g has changed; work with b instead")
    if close(p, start):
        raise WrongError("p has not moved: change the array itself, p -= …")
    if not b.any():
        raise WrongError("b is still 0: change the array itself, b *= …, b += …")
    mistakes = {
        "b holds (1 - momentum)·g here; the formula adds all of g": 0.09 * g + 0.1 * h,
        "b must remember: momentum·b + g": h,
    }
    mistakes |= {"the learning rate belongs to p's line, not to b": 0.05 * (0.9 * g + h)}
    same(b, 0.9 * g + h, "b after two steps", mistakes)
    uphill = {
        "the step goes uphill: subtract lr·b": start + 0.05 * (g + 0.9 * g + h),
        "step along b, not along g": start - 0.05 * (g + h),
    }
    uphill |= {"b is updated first, then p moves by the new b": start - 0.05 * g}
    same(p, start - 0.05 * (g + 0.9 * g + h), "p after two steps", uphill)


@exercise(
    "gap",
    "Four updates in place: m, v, then p; use beta1**t and beta2**t.",
    "m *= beta1; m += (1 - beta1) * g; v likewise with g * g; then m̂, v̂ as new arrays.",
    "eps stands outside the root.",
    without="Adam AdamW",
)
def adam_step(your):
    p, g, h = arrays(3)
    h *= 100
    m, v, start = np.zeros((2, 3)), np.zeros((2, 3)), p.copy()
    for t, gradient in enumerate((g, h), start=1):
        before = gradient.copy()
        your.adam_step(p, gradient, m, v, t, lr=0.01, eps=0.1)
        if not (gradient == before).all():
            raise WrongError("g has changed; it belongs to the caller")
        if t == 1:
            first, after = p.copy(), start - 0.01 * g / (abs(g) + 0.1)
            raw, root = 0.1 * g, np.sqrt(0.001) * abs(g)
            if not m.any() or not v.any():
                raise WrongError("m or v is still 0 after a step: change the arrays themselves, m *= …, m += …")
            same(m, raw, "m after the first step", {"add (1 - β₁)·g, not g": g, "β₁ and 1 - β₁ are exchanged": 0.9 * g})
            same(
                v,
                0.001 * g * g,
                "v after the first step",
                {
                    "v is the mean of g², not of g": 0.001 * g,
                    "1 - β₂ is missing": g * g,
                    "β₁ belongs to m, β₂ to v": 0.1 * g * g,
                },
            )
            mistakes = {
                "the step goes uphill: subtract": 2 * start - after,
                "divide m by 1 - β₁ᵗ": start - 0.01 * raw / (abs(g) + 0.1),
            }
            mistakes |= {
                "divide v by 1 - β₂ᵗ": start - 0.01 * g / (root + 0.1),
                "divide by √v̂, not by v̂": start - 0.01 * g / (g * g + 0.1),
            }
            mistakes |= {
                "m and v are not corrected": start - 0.01 * raw / (root + 0.1),
                "eps stands outside the root": start - 0.01 * g / np.sqrt(g * g + 0.1),
            }
            same(first, after, "p after the first step", mistakes)
    m2, v2 = 0.09 * g + 0.1 * h, 0.000999 * g * g + 0.001 * h * h
    right = after - 0.01 * (m2 / 0.19) / (np.sqrt(v2 / (1 - 0.999**2)) + 0.1)
    once = after - 0.01 * (m2 / 0.1) / (np.sqrt(v2 / 0.001) + 0.1)
    half = after - 0.01 * (m2 / 0.1) / (np.sqrt(v2 / (1 - 0.999**2)) + 0.1)
    mistakes = {"both corrections depend on t: 1 - βᵗ": once, "m's correction depends on t: 1 - β₁ᵗ": half}
    same(p, right, "p after the second step", mistakes)


class Valley:
    def __init__(self, calls):
        generator = np.random.default_rng(8)
        self.minimum, self.left = generator.standard_normal(2), calls

    def gradient(self, p):
        if not self.left:
            raise WrongError("gradient was called more often than allowed")
        self.left -= 1
        return np.array([1.0, 100.0]) * (p - self.minimum)


@exercise(
    "open",
    "With lr above 0.02 y explodes, and below it x shrinks by 2 % per step at most. Momentum sums small steps.",
    "For curvatures from 1 to 100 theory says momentum ((10 - 1)/(10 + 1))² = 0.67 and lr (2/(10 + 1))² = 0.033.",
)
def descend(your):
    for start in ([3.0, 1.0], [-2.0, 2.0]):
        valley = Valley(300)
        found = your.descend(valley.gradient, np.array(start), 300)
        same(np.zeros(np.shape(found)), np.zeros(2), "the last position")
        distance = float(np.hypot(*(found - valley.minimum)))
        if not distance < 1e-3:
            raise WrongError(
                f"from {start} your distance is {distance:.2g}, the mark is 0.001; {300 - valley.left} calls used"
            )
        calls = Valley(20)
        your.descend(calls.gradient, np.array(start), 20)
