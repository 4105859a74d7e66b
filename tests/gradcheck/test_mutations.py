"""Would the gradient check notice a mistake? Make every one, and see.

`record` is replaced by one that can falsify a derivative: what it returns is zeroed, negated or scaled by
1.001, in first and in second derivatives. For every derivative that the cases use, and each falsification,
the check of at least one case must fail. The derivatives are also looked up in the source, so that an
operation without a case is noticed.
"""

from __future__ import annotations

import ast
import functools
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import CodeType
from typing import NamedTuple

import pytest

import minigen
from minigen import Tensor, gradcheck
from minigen.autograd import Edge
from minigen.autograd import record as original_record
from minigen.backend import Array
from minigen.gradcheck import GradcheckError
from minigen.gradcheck.case import Case
from minigen.gradcheck.cases import CASES

PACKAGE = Path(minigen.__file__).parent
FALSIFIED = {"zeroed": 0.0, "negated": -1.0, "scaled by 1.001": 1.001}

NOT_CHECKED = {
    ("ops/operands.py", "to"): "needs two devices; tests/test_backend.py has it",
    ("ops/recurrent.py", "_once_differentiable"): "is no derivative, but the refusal of one",
}
"""(file, function) of derivatives without a case, each with the reason."""


class Place(NamedTuple):
    """Where a derivative is written: a lambda's body, or a `def`."""

    file: str
    line: int
    column: int


class Use(NamedTuple):
    """A derivative as the edge of one input: (input 0, derivative), (input 1, derivative), …"""

    place: Place
    edge: int

    def __str__(self) -> str:
        return f"minigen/{self.place.file}:{self.place.line}:{self.place.column + 1} edge {self.edge}"


# --- derivatives at work ------------------------------------------------------------------------------------


@functools.cache
def place_of(code: CodeType) -> Place:
    file = Path(code.co_filename).relative_to(PACKAGE).as_posix()
    if code.co_name != "<lambda>":
        return Place(file, code.co_firstlineno, 0)
    starts = [
        (line, column) for line, _, column, end in code.co_positions() if line and column is not None and column != end
    ]
    return Place(file, *min(starts))


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
        use = Use(place_of(derivative.__code__), edge)

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
        # The report on a wrong derivative is not read here, and takes longer than the check.
        patch.setattr(sys.modules["minigen.gradcheck.checker"], "_worst_elements", lambda *_: "wrong")
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
    for use, cases in sorted(users.items()):
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


# --- derivatives in the source ------------------------------------------------------------------------------


@dataclass
class Written(ast.NodeVisitor):
    """The derivatives in one file: each stands in a pair (input, derivative), or `-> Derivative` says so."""

    file: str
    places: dict[Place, str]
    unread: list[str]

    def __post_init__(self) -> None:
        self.functions: list[ast.FunctionDef] = []
        self.module = ast.parse((PACKAGE / self.file).read_text(encoding="utf-8"))
        self.visit(self.module)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        self.functions.append(node)
        self.generic_visit(node)
        self.functions.pop()

    def visit_Return(self, node: ast.Return) -> None:
        if self.functions and is_maker(self.functions[-1]) and node.value:
            self.add(node.value)
        self.generic_visit(node)

    def visit_Tuple(self, node: ast.Tuple) -> None:
        if len(node.elts) == 2 and self.functions:
            self.add(node.elts[1])
        self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        if isinstance(node.func, ast.Name) and node.func.id == "record":
            for edge in node.args[1:]:
                pair = isinstance(edge, ast.Tuple) and len(edge.elts) == 2
                if not isinstance(edge, ast.Starred) and not (pair and self.is_derivative(edge.elts[1])):
                    self.unread.append(f"{self.file}:{edge.lineno}: {ast.unparse(edge)}")
        self.generic_visit(node)

    def add(self, node: ast.expr) -> None:
        function = self.functions[0].name
        if isinstance(node, ast.Lambda) and len(node.args.args) == 1:
            self.places[Place(self.file, node.body.lineno, node.body.col_offset)] = function
        elif isinstance(node, ast.Name) and (definition := self.definition(node.id)):
            self.places[Place(self.file, definition.lineno, 0)] = function

    def is_derivative(self, node: ast.expr) -> bool:
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            return any(is_maker(f) for f in ast.walk(self.module) if is_named(f, node.func.id))
        return isinstance(node, ast.Lambda) or (isinstance(node, ast.Name) and self.definition(node.id) is not None)

    def definition(self, name: str) -> ast.FunctionDef | None:
        """A function of one argument, Tensor -> Tensor, that is known by the name here."""
        for scope in (*reversed(self.functions), self.module):
            for node in scope.body:
                if is_named(node, name) and node.returns and ast.unparse(node.returns) == "Tensor":
                    return node if len(node.args.args) == 1 else None
        return None


def is_named(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.FunctionDef) and node.name == name


def is_maker(function: ast.AST) -> bool:
    """Whether the function returns a derivative."""
    return isinstance(function, ast.FunctionDef) and ast.unparse(function.returns or function) == "Derivative"


@pytest.fixture(scope="module")
def written() -> tuple[dict[Place, str], list[str]]:
    places: dict[Place, str] = {}
    unread: list[str] = []
    for path in sorted(PACKAGE.rglob("*.py")):
        source = path.read_text(encoding="utf-8")
        if "record" in source or "Edge" in source:
            Written(path.relative_to(PACKAGE).as_posix(), places, unread)
    return places, unread


def test_every_edge_can_be_read(written):
    assert not written[1], "an edge is a pair (input, derivative); this test must learn to read these"


def test_derivatives_at_work_are_those_in_the_source(written, users):
    assert {use.place for use in users} <= set(written[0]), "this test must learn to find these in the source"


def test_every_derivative_in_the_source_has_a_case(written, users):
    used = {use.place for use in users}
    unused = {place: function for place, function in written[0].items() if place not in used}
    without = [
        f"minigen/{place.file}:{place.line} in {function}"
        for place, function in unused.items()
        if (place.file, function) not in NOT_CHECKED
    ]
    assert not without, "no case in minigen/gradcheck/cases uses these derivatives"
    stale = set(NOT_CHECKED) - {(place.file, function) for place, function in unused.items()}
    assert not stale, "these have a case by now, or are gone"
