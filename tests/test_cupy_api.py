"""Every name and keyword that minigen asks of CuPy exists in the installed CuPy, which imports without a GPU.

The calls are found in the source: attributes of `xp`, of `backend.of(...)` and of whatever else gives the array module.
The tables of the stand-in, which stands for CuPy where a call cannot be found so, are compared as well.
"""

from __future__ import annotations

import ast
import importlib.util
import inspect
import operator
import os
import re
from collections.abc import Iterator, Set
from pathlib import Path
from typing import Any, NamedTuple

import fake_cupy
import fake_nccl
import pytest

MINIGEN = Path(__file__).parents[1] / "minigen"
MODULES = {"xp", "cupy"}  # variables that hold the array module
GIVERS = {"of": "", "module": "", "gpu_module": "", "generator": "random.Generator"}  # functions that return what
IN_KWARGS = {"pad": {"constant_values"}}  # keywords of functions that CuPy declares with **kwargs


class Use(NamedTuple):
    """`xp.add.at(a, i, b)` is path "add.at", 3 arguments; a name that is not called has None."""

    path: str
    line: int
    arguments: int | None = None
    keywords: tuple[str | None, ...] = ()


def uses_in(source: str) -> Iterator[Use]:
    tree = ast.parse(source)
    parent = {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
    assigned = [node for node in ast.walk(tree) if isinstance(node, ast.Assign) and given_by(node.value) == ""]
    modules = MODULES | {target.id for node in assigned for target in node.targets if isinstance(target, ast.Name)}
    for node in ast.walk(tree):
        root, names = given_by(node, modules), []
        while isinstance(parent.get(node), ast.Attribute):
            node = parent[node]
            names.append(node.attr)
        call = parent.get(node)
        called = isinstance(call, ast.Call) and call.func is node
        if root is None or not names or (root and not called):  # an attribute of a generator cannot be seen here
            continue
        path = ".".join([*filter(None, [root]), *names])
        if called:
            assert not any(isinstance(a, ast.Starred) for a in call.args), f"{path}: cannot count *arguments"
            yield Use(path, node.lineno, len(call.args), tuple(k.arg for k in call.keywords))
        else:
            yield Use(path, node.lineno)


def given_by(node: ast.AST, modules: Set[str] = frozenset()) -> str | None:
    """ "" for the array module, "random.Generator" for a generator, None for anything else."""
    match node:
        case ast.Name(id=name, ctx=ast.Load()) if name in modules:
            return ""
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(value=ast.Name(id="backend"), attr=name)):
            return GIVERS.get(name)
    return None


def complaint(cupy: Any, use: Use) -> str | None:
    """What the installed CuPy would object to, or None."""
    thing = cupy
    for name in use.path.split("."):
        if not hasattr(thing, name):
            return f"cupy has no {use.path}"
        owner, thing = thing, getattr(thing, name)
    if use.arguments is None:
        return None
    if "ufunc" in (kind := type(thing).__name__.lower()):
        wrong = {*use.keywords} - fake_cupy.UFUNC_KEYWORDS
        return f"the {kind} cupy.{use.path} takes no {wrong}" if wrong else None
    if type(owner).__name__ == "ufunc":
        return None if use.path == "add.at" else f"cupy.{use.path} may not be supported: look, and allow it here"
    signature = signature_of(thing)
    if signature is None:
        return None  # a class written in C: exceptions, dtypes
    shown = [p for p in signature.parameters.values() if p.kind is not p.VAR_KEYWORD]
    keywords = {*use.keywords} - IN_KWARGS.get(use.path, set())
    itself = [None] if inspect.isclass(owner) else []
    try:
        signature.replace(parameters=shown).bind(*itself, *[None] * use.arguments, **dict.fromkeys(keywords))
    except TypeError as error:
        return f"cupy.{use.path}{signature}: {error}"
    return None


def signature_of(thing: Any) -> inspect.Signature | None:
    """Cython writes `_ndarray_base.dot(self, _ndarray_base b, out=None) -> _ndarray_base` atop the docstring."""
    try:
        return inspect.signature(thing)
    except ValueError:
        written = re.match(r"[\w.]+\((.*)\)", (thing.__doc__ or "").split("\n")[0])
    without_types = re.sub(r"\b\w+ (?=\w)", "", written[1]) if written else None
    return inspect.signature(eval(f"lambda {without_types}: 0", {"numpy": fake_cupy.np})) if written else None


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("xp.exp(x)", [("exp", 1, 1, ())]),
        ("xp.add.at(a, i, b)", [("add.at", 1, 3, ())]),
        ("backend.of(x.data).sum(x.data, axis=0)", [("sum", 1, 1, ("axis",))]),
        ("of(g).linalg.norm(g)", [("linalg.norm", 1, 1, ())]),
        ("m = of(x); m.exp(x)", [("exp", 1, 1, ())]),
        ("y = xp.float32", [("float32", 1, None, ())]),
        ("xp.zeros(3).reshape(1, 3)", [("zeros", 1, 1, ())]),
        ("f(xp.pi.real)", [("pi.real", 1, None, ())]),
        ("generator(d).random(shape, dtype=t)", [("random.Generator.random", 1, 1, ("dtype",))]),
        ("np.exp(x); x.sum(); backend.of(x); xp; config.of(x).name; rows.module(3).y", []),
    ],
)
def test_the_finder_finds_no_more_and_no_less(source: str, expected: list[tuple[Any, ...]]) -> None:
    assert list(uses_in(source)) == expected


@pytest.fixture(scope="module")
def cupy() -> Any:
    if importlib.util.find_spec("cupy") is None and not os.environ.get("MINIGEN_REQUIRE_CUPY"):
        pytest.skip("needs cupy installed (no GPU): pip install cupy-cuda12x")
    return importlib.import_module("cupy")


def test_minigen_uses_only_what_cupy_has(cupy: Any) -> None:
    uses = [(file, use) for file in MINIGEN.rglob("*.py") for use in uses_in(file.read_text())]
    assert {use.path for _, use in uses} >= {"exp", "zeros", "asnumpy", "random.Generator.random", "add.at"}
    found = [(f"{file}:{use.line}", complaint(cupy, use)) for file, use in uses if "bit_generator" not in use.path]
    assert [(place, text) for place, text in found if text] == []


@pytest.mark.parametrize("name", ["NcclCommunicator", "NcclCommunicator.allReduce", "get_unique_id"])
def test_the_stand_in_for_nccl_takes_what_cupys_takes(cupy: Any, name: str) -> None:
    """Without NCCL's library CuPy's wrapper cannot be imported, but read: it holds the docstrings."""
    (wrapper,) = Path(cupy.__file__).parents[1].glob("cupy_backends/cuda/libs/nccl.*")
    written = re.findall(rf"\b{name}\(([^)]*)\)".encode(), wrapper.read_bytes())
    ours = list(inspect.signature(operator.attrgetter(name)(fake_nccl)).parameters)
    theirs = [[word.split()[-1] for word in text.decode().split(", ") if "=" not in word and word] for text in written]
    assert ours in theirs


@pytest.mark.parametrize(
    ("source", "refused"),
    [
        ("xp.vecdot(a, b)", True),
        ("xp.exp(x, where=y)", True),
        ("xp.maximum.reduce(x)", True),
        ("xp.sum(x, initial=0)", True),
        ("xp.clip(x, min=0)", True),
        ("xp.pad(x, 1, value=0)", True),
        ("xp.reshape(x)", True),
        ("generator(d).normal()", True),
        ("generator(d).uniform(out=x)", True),
        ("xp.exp(x, out=y)", False),
        ("xp.add.at(a, i, b)", False),
        ("xp.sum(x, axis=0, keepdims=True)", False),
        ("xp.pad(x, 1, constant_values=0)", False),
        ("generator(d).standard_normal(shape, dtype=t)", False),
        ("xp.float32", False),
    ],
)
def test_the_check_complains_where_it_should(cupy: Any, source: str, refused: bool) -> None:
    (use,) = uses_in(source)
    assert bool(complaint(cupy, use)) == refused


def test_the_stand_in_takes_no_more_than_cupy(cupy: Any) -> None:
    for name in fake_cupy.UFUNCS:
        assert "ufunc" in type(getattr(cupy, name)).__name__.lower(), name
    for owner, tables in ((cupy, (fake_cupy.FUNCTIONS, fake_cupy.FROM_HOST)), (cupy.ndarray, (fake_cupy.METHODS,))):
        for name, parameters in (item for table in tables for item in table.items()):
            signature = signature_of(getattr(owner, name))
            assert signature, name
            taken = [str(p).split("=")[0].split(":")[0] for p in signature.parameters.values() if p.name != "self"]
            first = len(parameters) - len(IN_KWARGS.get(name, ()))
            assert taken[:first] == parameters[:first], name
    for name in fake_cupy.FACTS + fake_cupy.READS:
        assert hasattr(cupy.ndarray, name)
