"""Every name and keyword that minigen asks of CuPy exists in the installed CuPy, which imports without a GPU.

The calls are found in the source: attributes of `xp`, of `backend.of(...)` and of whatever else gives the array module.
"""

from __future__ import annotations

import ast
import importlib
import os
from collections.abc import Iterator, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from fake_cupy._api import API, follow, parameters
from fake_cupy._functions import FACTS, FROM_HOST, FROM_NUMBERS, METHODS, ON_ARRAYS
from fake_cupy._read_api import UFUNC_METHODS, describe, signature_of, supports
from fake_cupy._ufuncs import UFUNCS

MINIGEN = Path(__file__).parents[1] / "minigen"
MODULES = {"xp", "cupy"}  # variables that hold the array module
MODULE_GIVERS = {"of", "module", "gpu_module"}  # functions in backend.py that return it
GENERATOR_GIVERS = {"generator"}  # and the one that returns a random generator
ONLY_ON_A_GPU = {"random.Generator.bit_generator._state.set"}  # made when a generator is: pytest --device gpu tries it
UFUNC_KEYWORDS = {"out", "dtype", "casting"}
HIDDEN_KEYWORDS = {  # of functions that CuPy declares with **kwargs
    "einsum": {"dtype", "optimize"},
    "meshgrid": {"indexing", "sparse", "copy"},
    "pad": {"constant_values", "end_values", "stat_length", "reflect_type"},
}


@dataclass(frozen=True)
class Use:
    """`xp.add.at(a, i, b)` is path "add.at", 3 arguments; a name that is not called has None."""

    path: str
    place: str
    arguments: int | None = None
    keywords: tuple[str, ...] = ()


def uses_in(source: str, file: str) -> Iterator[Use]:
    tree = ast.parse(source)
    parent = {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
    modules = MODULES | {
        target.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call) and root_path(node.value) == ""
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for node in ast.walk(tree):
        root = root_path(node, modules)
        if root is None:
            continue
        names, inside = [], node
        while isinstance(parent.get(inside), ast.Attribute):
            inside = parent[inside]
            names.append(inside.attr)
        if not names:
            continue
        path, place = ".".join([*filter(None, [root]), *names]), f"{file}:{inside.lineno}"
        call = parent.get(inside)
        if not (isinstance(call, ast.Call) and call.func is inside):
            if not root:  # an attribute of a generator is no class attribute: it cannot be seen without a GPU
                yield Use(path, place)
            continue
        assert not any(isinstance(a, ast.Starred) for a in call.args), f"{place}: cannot count *arguments"
        assert all(k.arg for k in call.keywords), f"{place}: cannot read **keywords"
        yield Use(path, place, len(call.args), tuple(k.arg for k in call.keywords if k.arg))


def root_path(node: ast.AST, modules: Set[str] = frozenset()) -> str | None:
    """ "" for the array module, "random.Generator" for a generator, None for anything else."""
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id in modules:
        return ""
    match node:
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(value=ast.Name(id="backend"), attr=name)):
            if name in MODULE_GIVERS:
                return ""
            if name in GENERATOR_GIVERS:
                return "random.Generator"
    return None


def complaint(cupy: Any, use: Use) -> str | None:
    """What the installed CuPy would object to, or None."""
    try:
        thing = follow(cupy, use.path)
    except AttributeError:
        return f"cupy has no {use.path}"
    if use.arguments is None:
        return None
    if type(thing).__name__ == "ufunc":
        wrong = set(use.keywords) - UFUNC_KEYWORDS
        return f"the ufunc cupy.{use.path} takes no {sorted(wrong)}" if wrong else None
    owner, _, method = use.path.rpartition(".")
    if method in UFUNC_METHODS and type(follow(cupy, owner)).__name__ == "ufunc":
        return None if supports(follow(cupy, owner))(method) else f"cupy.{use.path} is not supported"
    taken = signature_of(thing)
    if taken is None:
        return None  # a class written in C: exceptions, dtypes
    shown = [p for p in taken.parameters.values() if p.kind is not p.VAR_KEYWORD]
    if len(shown) < len(taken.parameters) and use.path not in HIDDEN_KEYWORDS:
        return f"cupy.{use.path} has **kwargs: add its keywords to HIDDEN_KEYWORDS"
    keywords = dict.fromkeys(set(use.keywords) - HIDDEN_KEYWORDS.get(use.path, set()))
    itself = [None] if use.path.startswith("random.Generator.") else []
    try:
        taken.replace(parameters=shown).bind(*itself, *[None] * use.arguments, **keywords)
    except TypeError as error:
        return f"cupy.{use.path}{taken}: {error}"
    return None


# --- the finder itself ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("xp.exp(x)", ("exp", 1, ())),
        ("xp.add.at(a, i, b)", ("add.at", 3, ())),
        ("backend.of(x.data).sum(x.data, axis=0)", ("sum", 1, ("axis",))),
        ("of(g).linalg.norm(g)", ("linalg.norm", 1, ())),
        ("m = of(x); m.exp(x)", ("exp", 1, ())),
        ("y = xp.float32", ("float32", None, ())),
        ("xp.zeros(3).reshape(1, 3)", ("zeros", 1, ())),
        ("f(xp.pi.real)", ("pi.real", None, ())),
        ("generator(d).random(shape, dtype=t)", ("random.Generator.random", 1, ("dtype",))),
    ],
)
def test_the_finder_finds(source, expected):
    (use,) = uses_in(source, "file.py")
    assert (use.path, use.arguments, use.keywords) == expected
    assert use.place == "file.py:1"


@pytest.mark.parametrize(
    "source", ["np.exp(x)", "x.sum()", "backend.of(x)", "xp", "config.of(x).name", "rows.module(3).y"]
)
def test_the_finder_leaves_the_rest(source):
    assert list(uses_in(source, "file.py")) == []


def minigen_uses() -> list[Use]:
    return [
        use
        for file in sorted(MINIGEN.rglob("*.py"))
        for use in uses_in(file.read_text(), str(file.relative_to(MINIGEN.parent)))
    ]


def test_the_finder_sees_minigen():
    paths = {use.path for use in minigen_uses()}
    assert paths >= {
        "exp",
        "matmul",
        "zeros",
        "asnumpy",
        "random.Generator.standard_normal",
        "cuda.runtime.getDeviceCount",
    }


# --- the installed CuPy ---------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def cupy() -> Any:
    if importlib.util.find_spec("cupy") is None and not os.environ.get("MINIGEN_REQUIRE_CUPY"):
        pytest.skip("needs cupy installed (no GPU): pip install cupy-cuda12x")
    return importlib.import_module("cupy")


def test_minigen_uses_only_what_cupy_has(cupy):
    uses = [use for use in minigen_uses() if use.path not in ONLY_ON_A_GPU]
    complaints = [f"{use.place}: {text}" for use in uses if (text := complaint(cupy, use))]
    assert complaints == []


@pytest.mark.parametrize(
    ("path", "arguments", "keywords"),
    [
        ("vecdot", 2, ()),
        ("exp", 1, ("where",)),
        ("maximum.reduce", 1, ()),
        ("sum", 1, ("initial",)),
        ("clip", 1, ("min",)),
        ("pad", 2, ("value",)),
        ("einsum", 2, ("out",)),
        ("reshape", 1, ()),
        ("fromfunction", 2, ()),
        ("random.Generator.normal", 1, ()),
        ("random.Generator.uniform", 1, ("out",)),
    ],
)
def test_the_check_complains(cupy, path, arguments, keywords):
    assert complaint(cupy, Use(path, "file.py:1", arguments, keywords))


@pytest.mark.parametrize(
    ("path", "arguments", "keywords"),
    [
        ("exp", 1, ("out",)),
        ("add.at", 3, ()),
        ("sum", 1, ("axis", "keepdims")),
        ("pad", 2, ("constant_values",)),
        ("einsum", 3, ("optimize",)),
        ("random.Generator.standard_normal", 1, ("dtype",)),
        ("float32", None, ()),
    ],
)
def test_the_check_lets_pass(cupy, path, arguments, keywords):
    assert complaint(cupy, Use(path, "file.py:1", arguments, keywords)) is None


def test_the_fake_takes_no_more_than_cupy(cupy):
    """The fake's list (fake_cupy/cupy_api.txt) claims nothing that the installed CuPy lacks."""
    methods = [f"ndarray.{name}" for name in METHODS]
    offered = [*ON_ARRAYS, *FROM_NUMBERS, *FROM_HOST, *FACTS, *UFUNCS, *methods]
    assert [text for path in offered if (text := excess(cupy, path))] == []


def excess(cupy: Any, path: str) -> str | None:
    try:
        installed = describe(follow(cupy, path))
    except AttributeError:
        return f"cupy has no {path}"
    if installed.startswith("ufunc"):
        more = set(API[path].split()) - set(installed.split())
    else:
        more = set(parameters(path)) - signature_of(follow(cupy, path)).parameters.keys()
    return f"cupy.{path} is {installed}, without {sorted(more)}" if more else None
