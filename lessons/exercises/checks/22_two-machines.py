"""Checks of lesson 22."""

from types import SimpleNamespace

import numpy as np

from minigen.learning import WrongError, exercise, number, same


@exercise(
    "pencil",
    "While the card carries out one operation, the next is already sent.",
    "1,000 · 10 µs, and the work of the last one",
)
def answer_queue(your):
    mistakes = {
        13000: "sending and carrying out overlap",
        3000: "sending takes longer",
        10000: "the last one must be carried out, too",
    }
    number(
        your.answer_queue,
        10003,
        mistakes | {13: "there are 1,000 of them", 3010: "the slower of the two decides: sending"},
        rtol=1e-5,
    )


OPERATORS = "add subtract multiply divide power negative square greater less equal not_equal"


class Far(np.ndarray):
    """A stand-in for an array on a card: NumPy's functions do not know it, and to read a number is to wait."""

    def __array_function__(self, function, types, arguments, options):
        raise WrongError(
            f"np.{function.__name__} was called on an array of another machine: call xp.{function.__name__}"
        )

    def __array_ufunc__(self, ufunc, method, *inputs, **options):
        if method != "__call__" or ufunc.__name__ not in OPERATORS.split():
            raise WrongError(f"np.{ufunc.__name__} was called on an array of another machine: call xp.{ufunc.__name__}")
        return far(ufunc)(*inputs, **options)

    def waits(self, *_):
        raise WrongError(
            "a number is taken out of an array (float, if, item, tolist): the program waits for the card there"
        )

    __float__ = __int__ = __bool__ = __iter__ = item = tolist = waits


def method(name):
    return lambda self, *arguments, **options: far(getattr(np, name))(self, *arguments, **options)


for name in ["mean", "sum", "std", "var"]:
    setattr(Far, name, method(name))
Far.__pow__ = method("power")  # NumPy would make a call of np.sqrt of x**0.5


def near(value):
    return value.view(np.ndarray) if isinstance(value, Far) else value


def far(function):
    """The function, for arrays on the card alone."""

    def call(*arguments, out=None, **options):
        if not any(isinstance(value, Far) for value in arguments):
            raise WrongError(
                f"xp.{function.__name__} was given a plain NumPy array: what comes from a card stays there"
            )
        result = np.asarray(function(*map(near, arguments), **options)).view(Far)
        if out is None:
            return result
        target = out[0] if isinstance(out, tuple) else out
        near(target)[...] = near(result)
        return target

    return call


NAMES = "sqrt mean sum abs square maximum std var subtract divide true_divide multiply add power"
XP = SimpleNamespace(**{name: far(getattr(np, name)) for name in NAMES.split()})


@exercise(
    "gap",
    "Write it with NumPy in mind, then replace np by xp.",
    "centred = x - xp.mean(x, axis=0), and then √ of the mean of centred·centred.",
)
def standardize(your):
    x = np.random.default_rng(31).standard_normal((6, 3)) * [1.0, 5.0, 0.1] + [0.0, 10.0, -3.0]
    centred = x - x.mean(0)
    right = centred / (np.sqrt((centred**2).mean(0)) + 1e-6)
    mistakes = {
        "subtract the mean": x / (np.sqrt((centred**2).mean(0)) + 1e-6),
        "divide by the deviation": centred,
        "divide by the deviation, not by its square": centred / ((centred**2).mean(0) + 1e-6),
        "mean and deviation of each column: axis=0": (x - x.mean()) / (x.std() + 1e-6),
        "divide by N, not by N - 1": centred / (centred.std(0, ddof=1) + 1e-6),
    }
    same(your.standardize(x, np), right, "the result with NumPy", mistakes, given=x)
    found = your.standardize(x.copy().view(Far), XP)
    if not isinstance(found, Far):
        raise WrongError("the result has come back from the card: no NumPy array may be made of it")
    same(near(found), right, "the result on the other machine", mistakes)
