"""Checks of lesson 1."""

import math

import numpy as np

from minigen.learning import WrongError, exercise, number, same


@exercise("pencil", "Differentiate term by term: (x³)' = 3x².", "f'(x) = 3x² - 2; put x = 2 into that, not into f.")
def answer_slope(your):
    mistakes = {4: "that is f(2), the value", 12: "the derivative of -2x is missing", 8: "(2x)' is 2, not 2x"}
    number(your.answer_slope, 10, mistakes | {6: "(x³)' is 3x², not x³"})


@exercise("pencil", "Work out (1 + h)³ and (1 - h)³.", "Half their difference is 3h + h³; divide by h.")
def answer_error(your):
    mistakes = {3.01: "that is the quotient; how far is it from 3?", 0.001: "divide by h: h³/h = h²"}
    mistakes |= {0.31: "that is the error of the forward difference", 0.02: "divide by 2h, not by h"}
    number(your.answer_error, 0.01, mistakes)


@exercise(
    "gap",
    "Go through all elements with np.ndindex(x.shape).",
    "Make an array of zeros, put h at one element, and add it to x and subtract it from x.",
)
def central_difference(your):
    generator = np.random.default_rng(1)
    for shape in ((), (3,), (2, 3), (2, 1, 3)):
        x = generator.standard_normal(shape)
        a = generator.standard_normal(shape)
        before = x.copy()
        found = your.central_difference(lambda x, a=a: float((a * x**3).sum()), x)
        if not (x == before).all():
            raise WrongError(f"your function changes x, of shape {shape}: add the step to a copy")
        mistakes = {"the step goes both ways: divide by 2h": 6 * a * x**2}
        mistakes |= {"divide by 2h, not by h/2 or h": 3 * a * x**2 / 2}
        same(found, 3 * a * x**2, f"the gradient for x of shape {shape}", mistakes, rtol=1e-4)
    curved = your.central_difference(lambda x: float(np.exp(x).sum()), np.zeros(2), 0.1)
    mistakes = {"this is the one-sided difference: take f(x - h) as well": np.full(2, math.expm1(0.1) / 0.1)}
    mistakes |= {"it ignores the argument h": np.ones(2)}
    same(curved, np.full(2, math.sinh(0.1) / 0.1), "the gradient with h = 0.1", mistakes, rtol=1e-6)


def softmax(x):
    y = np.exp(x)
    return y / y.sum()


def softmax_derivative(x, g):
    y = softmax(x)
    return y * (g - (g * y).sum())


@exercise(
    "bug",
    "Try it on a softmax whose derivative is 0: the error should be large. What is the sum of a softmax's outputs?",
    "With a cotangent of ones L is the sum of the outputs, which is always 1 for a softmax.",
    line=1,
)
def gradient_error(your):
    x = np.random.default_rng(5).standard_normal(6)
    wrong = {
        "a softmax whose derivative is 0": lambda x, g: 0 * x,
        "a softmax whose derivative is negated": lambda x, g: -softmax_derivative(x, g),
        "a softmax without its sum": lambda x, g: softmax(x) * g,
    }
    for name, derivative in wrong.items():
        error = your.gradient_error(softmax, derivative, x)
        if not error > 1e-3:
            raise WrongError(f"{name} passes the check, with an error of {error:.1g}")
    for f, derivative in ((softmax, softmax_derivative), (np.sin, lambda x, g: g * np.cos(x))):
        error = your.gradient_error(f, derivative, x)
        if not error < 1e-7:
            raise WrongError(f"a right derivative fails the check, with an error of {error:.1g}")


@exercise(
    "open",
    "Over a smooth curve the error of a central difference is c·h² + d·h⁴ + …, with the same c for every h.",
    "Combine D(h) and D(h/2) so that c disappears: (4·D(h/2) - D(h)) / 3. This can be repeated.",
)
def best_slope(your):
    curves = {
        "sin": (math.sin, math.cos),
        "exp": (math.exp, math.exp),
        "1/x": (lambda x: 1 / (x + 2), lambda x: -1 / (x + 2) ** 2),
        "tanh": (math.tanh, lambda x: 1 - math.tanh(x) ** 2),
    }
    errors = {}
    for name, (f, slope) in curves.items():

        def plain(x, f=f):
            if not isinstance(x, float):
                raise WrongError(f"f was called with {type(x).__name__}, must be a real number")
            return f(x)

        errors[name] = max(abs(your.best_slope(plain, x) - slope(x)) for x in (0.5, 0.8, 1.3, 2.0))
    worst = max(errors, key=errors.get)
    if not errors[worst] < 1e-11:
        raise WrongError(f"the slope of {worst} is off by {errors[worst]:.1e}; the mark to beat is 1e-11")
