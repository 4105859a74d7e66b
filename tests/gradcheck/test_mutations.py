"""Would the gradient check notice a mistake? Make every one, and see.

`record` is replaced by one that can falsify a derivative: what it returns is zeroed, negated or scaled by
1.001, in first and in second derivatives. For every derivative that the cases use, and each falsification,
the check of at least one case must fail. An operation, an operator or a derivative without a case is named.
"""

from __future__ import annotations

import inspect
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import CodeType, FunctionType
from typing import NamedTuple

import pytest

from minigen import Tensor, gradcheck, ops
from minigen.autograd import Edge
from minigen.autograd import record as original_record
from minigen.backend import Array
from minigen.gradcheck import GradcheckError
from minigen.gradcheck.case import Case
from minigen.gradcheck.cases import CASES
from minigen.ops.methods import Methods

FALSIFIED = {"zeroed": 0.0, "negated": -1.0, "scaled by 1.001": 1.001}


class Use(NamedTuple):
    """A derivative as the edge of one input: (input 0, derivative), (input 1, derivative), …"""

    code: CodeType
    edge: int

    def __str__(self) -> str:
        return f"{self.code.co_filename}:{self.code.co_firstlineno} {self.code.co_qualname} edge {self.edge}"


class Falsifier:
    """Stands in for `record` while a case runs: sees its derivatives at work and can falsify one.

    What the checker itself computes, outside the case's call and its derivatives, stays as it is.
    """

    def __init__(self) -> None:
        self.inside = False
        self.seen: set[Use] = set()
        self.target: Use | None = None
        self.factor = 1.0

    @contextmanager
    def entered(self) -> Iterator[None]:
        before, self.inside = self.inside, True
        try:
            yield
        finally:
            self.inside = before

    def record(self, value: Array, *edges: Edge) -> Tensor:
        if self.inside:
            edges = tuple((x, self.watched(derivative, n)) for n, (x, derivative) in enumerate(edges))
        return original_record(value, *edges)

    def watched(self, derivative: Callable[[Tensor], Tensor], edge: int) -> Callable[[Tensor], Tensor]:
        use = Use(derivative.__code__, edge)

        def watched_derivative(g: Tensor) -> Tensor:
            with self.entered():
                result = derivative(g)
            self.seen.add(use)
            return times(result, self.factor) if use == self.target else result

        return watched_derivative

    def check(self, case: Case) -> None:
        def call(*inputs: Tensor) -> object:
            with self.entered():
                return case.call(*inputs)

        gradcheck(call, case.inputs(), order=min(case.order, 2))

    def catches(self, case: Case, use: Use, factor: float) -> bool:
        self.target, self.factor = use, factor
        try:
            self.check(case)
        except GradcheckError:
            return True
        finally:
            self.target = None
        return False


def times(x: Tensor, factor: float) -> Tensor:
    return original_record(x.data * factor, (x, lambda g: times(g, factor)))


@pytest.fixture(scope="module")
def falsifier() -> Iterator[Falsifier]:
    stand_in = Falsifier()
    with pytest.MonkeyPatch.context() as patch:
        for name, module in list(sys.modules.items()):
            if name.startswith("minigen.") and getattr(module, "record", None) is original_record:
                patch.setattr(module, "record", stand_in.record)
        yield stand_in


@pytest.fixture(scope="module")
def users(falsifier: Falsifier) -> dict[Use, list[Case]]:
    """The cases that use each derivative, the quickest first."""
    found = defaultdict(list)
    for case in CASES:
        falsifier.seen = set()
        start = time.perf_counter()
        falsifier.check(case)
        seconds = time.perf_counter() - start
        for use in falsifier.seen:
            found[use].append((seconds, case))
    return {use: [case for _, case in sorted(pairs, key=lambda pair: pair[0])] for use, pairs in found.items()}


def test_every_falsified_derivative_is_caught(falsifier, users, record_property):
    caught, missed = 0, []
    for use, cases in sorted(users.items(), key=str):
        for how, factor in FALSIFIED.items():
            if any(falsifier.catches(case, use, factor) for case in cases):
                caught += 1
            else:
                missed.append(f"{use} {how}: no error in {', '.join(case.name for case in cases)}")
    total = len(users) * len(FALSIFIED)
    summary = f"mutations of derivatives: {caught} caught / {total}"
    record_property("mutations", summary)
    print("\n" + "\n".join([summary, *missed]))
    assert not missed
    assert caught == total > 0


def test_it_is_the_falsification_that_is_caught(falsifier, users):
    assert not any(falsifier.catches(cases[0], use, 1.0) for use, cases in users.items())


# --- nothing without a case ---------------------------------------------------------------------------------

NO_CASE = {
    "im2col col2im": "functions of plain arrays",
    "rsub rdiv rmatmul rpower": "sub, div, matmul and power with the operands exchanged",
    "iadd isub imul idiv ipow": "add, sub, mul, div and power, refused for parameters",
    "unsqueeze": "the case is named expand_dims, its other name",
    "to cpu": "need two devices: tests/test_tensor.py has them",
    "t dim numel detach numpy item argmax argmin requires_grad_": "no operation, or one without a derivative",
    "_repr_html_": "shows a tensor in a notebook",
}
"""Public names without a case, each with the reason."""

NO_DERIVATIVE = {
    "to.<locals>.<lambda>": "needs two devices: tests/test_tensor.py has it",
}
"""Functions g -> gradient in the operations that no case runs, each with the reason."""


def test_every_operation_and_every_operator_has_a_case():
    functions = {member.__name__ for member in vars(Methods).values() if isinstance(member, FunctionType)}
    public = {name for name in (*ops.__all__, *functions) if not name.startswith("__")}
    excused = " ".join(NO_CASE).split()
    assert public - set(excused) == public & {case.op for case in CASES}
    assert set(excused) <= public


def derivatives_in(code: CodeType) -> Iterator[CodeType]:
    """The functions of one argument g (gg in a derivative's derivative) that are written inside a function."""
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            if constant.co_varnames[: constant.co_argcount] in (("g",), ("gg",)):
                yield constant
            yield from derivatives_in(constant)


def test_every_derivative_is_used_by_a_case(users):
    functions = {
        member.__code__
        for name, module in sys.modules.items()
        if name.startswith("minigen.ops.")
        for member in vars(module).values()
        if inspect.isfunction(inspect.unwrap(member)) and inspect.unwrap(member).__module__.startswith("minigen.ops.")
        for member in [inspect.unwrap(member)]
    }
    written = {code for function in functions for code in derivatives_in(function)}
    unused = written - {use.code for use in users}
    assert {code.co_qualname for code in unused} == set(NO_DERIVATIVE)
    assert len(written) > 60
