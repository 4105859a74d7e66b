"""Would the gradient check notice a mistake in the LSTM's backward pass? Make every one, and see.

The source of each backward function is parsed. In turn each statement is dropped, and each term (an operand,
a right-hand side, an argument, a result) is dropped, negated or scaled by 1.001, and each index negated.
"""

from __future__ import annotations

import ast
import contextlib
import copy
import importlib
import inspect
from collections.abc import Iterator

import numpy as np
import pytest

import minigen
from minigen import Tensor
from minigen.gradcheck import GradcheckError

lstm = importlib.import_module("minigen.ops.recurrent")  # `minigen.ops.lstm` is the function of the same name

BACKWARD = ("_through_time", "_slope", "_input_grad", "_weight_grad", "_states")

Place = tuple[ast.AST, str, int | None]
"""Where a part of the source stands: (node, field, position in the field)."""

ALL, SIGN = ("dropped", "negated", "scaled"), ("negated",)


def derivatives(name: str, tree: ast.Module) -> list[ast.AST]:
    """What of a function is backward pass: all of it, or of `_states`, which makes the edges, their lambdas."""
    return [node for node in ast.walk(tree) if isinstance(node, ast.Lambda)] if name == "_states" else [tree]


def terms(root: ast.AST) -> Iterator[tuple[Place, tuple[str, ...]]]:
    """Each place where a number or an array of numbers stands, and what can be done to it."""
    for node in ast.walk(root):
        match node:
            case ast.BinOp(op=ast.Add() | ast.Sub() | ast.Mult() | ast.MatMult()) if not counts(node):
                yield (node, "left", None), ALL
                yield (node, "right", None), ALL
            case ast.UnaryOp(op=ast.USub()):
                yield (node, "operand", None), SIGN
            case ast.Compare():
                yield (node, "left", None), SIGN
            case ast.Assign(value=ast.Tuple(elts=elements)):
                yield from (((node.value, "elts", n), ALL[1:]) for n in range(len(elements)))
            case ast.Assign() if not prepares(node):
                yield (node, "value", None), ALL[1:]
            case ast.Return():
                yield (node, "value", None), ALL[1:]
            case ast.IfExp(test=ast.Compare()):
                yield from (((node, field, None), ALL[1:]) for field in ("body", "orelse"))
            case ast.Call(func=ast.Name(id="_final")):
                yield (node, "args", 0), ALL[1:]
            case ast.AugAssign():
                yield (node, "value", None), ALL[1:]
            case ast.Call(keywords=[ast.keyword(arg="out")]):
                yield from (((node, "args", n), ALL[1:]) for n in range(len(node.args)))


def counts(node: ast.BinOp) -> bool:
    """Index arithmetic, such as 4 * hidden."""
    return any(isinstance(part, ast.Name) and part.id == "hidden" for part in ast.walk(node))


def prepares(node: ast.Assign) -> bool:
    """Names a shape, a module or memory to write in: no number is there yet. (Such a statement is dropped, too.)"""
    return ast.unparse(node.targets[0]) in ("(_, hidden, batch)", "xp", "blocks", "deltas", "delta")


def statements(root: ast.AST) -> Iterator[Place]:
    for node in ast.walk(root):
        if isinstance(node, (ast.FunctionDef, ast.For)):
            for n, statement in enumerate(node.body):
                if not (isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)):  # a docstring
                    yield node, "body", n


def get(place: Place) -> ast.AST:
    node, field, position = place
    return getattr(node, field) if position is None else getattr(node, field)[position]


def put(place: Place, new: ast.AST) -> None:
    node, field, position = place
    if position is None:
        setattr(node, field, new)
    else:
        getattr(node, field)[position] = new


def mutations(name: str) -> Iterator[tuple[str, ast.Module]]:
    """(what was done, the mutated source) for each mistake in one function."""
    tree = ast.parse(inspect.getsource(getattr(lstm, name)))
    for part, root in enumerate(derivatives(name, tree)):
        for number, place in enumerate(statements(root)):
            mutant = copy.deepcopy(tree)
            put(list(statements(derivatives(name, mutant)[part]))[number], ast.Pass())
            yield described(get(place), "dropped"), ast.fix_missing_locations(mutant)
        for number, (place, kinds) in enumerate(terms(root)):
            for kind in kinds if ast.unparse(get(place)) != "0.0" else ("shifted",):  # -0 and 1.001 · 0 are 0
                mutant = copy.deepcopy(tree)
                mutate(list(terms(derivatives(name, mutant)[part]))[number][0], kind)
                yield described(get(place), kind), ast.fix_missing_locations(mutant)


def described(part: ast.AST, kind: str) -> str:
    return f"line {part.lineno}: `{ast.unparse(part)}` {kind}"


def mutate(place: Place, kind: str) -> None:
    text = ast.unparse(get(place))
    if kind == "dropped":  # a factor of a product becomes 1, a term of a sum 0, a matrix the identity
        node = place[0]
        assert isinstance(node, ast.BinOp)
        neutral = "0.0" if isinstance(node.op, (ast.Add, ast.Sub)) else "1.0"
        node.op = ast.Mult() if isinstance(node.op, ast.MatMult) else node.op
        text = neutral
    else:
        text = {"negated": "-({})", "scaled": "1.001 * ({})", "shifted": "0.001 + {}"}[kind].format(text)
    put(place, ast.parse(text, mode="eval").body)


@contextlib.contextmanager
def patched(name: str, tree: ast.Module) -> Iterator[None]:
    namespace = vars(lstm)
    original = namespace[name]
    exec(compile(tree, "<mutant>", "exec"), namespace)
    try:
        yield
    finally:
        namespace[name] = original


def fails(activation: str) -> str:
    """How the gradient check of outputs, h and c to all inputs ends: "" where it passes."""
    generator = np.random.default_rng(3)
    shapes = ((2, 3, 2), (2, 2), (2, 2), (8, 2), (8, 2), (8,))
    inputs = [Tensor(generator.standard_normal(shape), requires_grad=True) for shape in shapes]

    def run(*inputs: Tensor) -> list[Tensor]:
        outputs, (h, c) = minigen.ops.lstm(*inputs, activation=activation)
        return [outputs, h, c]

    try:
        minigen.gradcheck(run, inputs)
    except GradcheckError:
        return "wrong"
    except Exception:
        return "crashed"
    return ""


@pytest.fixture(autouse=True)
def _fresh_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory that is not written to may still hold the right answer of the mutant before: fill it with NaN."""
    monkeypatch.setattr(np, "empty_like", lambda a: np.full_like(a, np.nan))


@pytest.mark.parametrize("name", BACKWARD)
def test_every_mistake_is_caught(name: str) -> None:
    with patched(name, ast.parse(inspect.getsource(getattr(lstm, name)))):  # the machinery itself changes nothing
        assert fails("tanh") == fails("relu") == ""
    ends: dict[str, list[str]] = {"wrong": [], "crashed": [], "": []}
    for what, tree in mutations(name):
        with patched(name, tree):
            ends[fails("tanh") or fails("relu")].append(what)
    total, survivors = sum(map(len, ends.values())), ends[""]
    print(
        f"{name}: caught {total - len(survivors)} / {total}, of them {len(ends['crashed'])} by an exception", *survivors
    )
    assert len(ends["wrong"]) > len(ends["crashed"])
    assert total - len(survivors) == total
