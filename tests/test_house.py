"""The house keeps its rules: floors, where NumPy may be named, docstrings, and the public names."""

from __future__ import annotations

import ast
import graphlib
import importlib
import inspect
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import minigen

PACKAGE = Path(minigen.__file__).parent

FLOORS = {
    "minigen.backend": 1,
    "minigen.colors": 1,
    "minigen.files": 1,
    "minigen.interrupts": 1,
    "minigen.memory": 1,
    "minigen.own_files": 1,
    "minigen.rng": 1,
    "minigen.schema": 1,
    "minigen.autograd": 2,
    "minigen.data": 2,
    "minigen.parallel": 2,
    "minigen.ops": 3,
    "minigen.nn": 4,
    "minigen.optim": 4,
    "minigen.gradcheck": 4,
    "minigen.graph": 4,
    "minigen.models": 5,
    "minigen.evaluation": 5,
    "minigen.training": 6,
    "minigen.inference": 6,
    "minigen.learning": 6,
    "minigen.exploring": 6,
    "minigen.gradcheck.__main__": 7,
    "minigen.train": 7,
    "minigen.apply": 7,
    "minigen.compare": 7,
    "minigen.learn": 7,
    "minigen.explore": 7,
    "minigen.command_line": 7,
    "minigen": 8,
}
"""The package itself is the roof: it only shows what is inside."""

MAY_IMPORT_NUMPY = {
    "minigen.backend": "the one file that knows NumPy and CuPy",
    "minigen.gradcheck": "draws inputs, cotangents and directions",
    "minigen.data": "reads files into arrays, before they go to a device",
    "minigen.rng": "makes NumPy's generators and saves their state",
    "minigen.evaluation": "measures and draws what has left the device",
    "minigen.training": "writes arrays into files",
    "minigen.inference": "the user sees and gives NumPy arrays, pictures and files",
    "minigen.learning": "compares arrays of the reader with the right ones",
    "minigen.exploring": "writes arrays into the page",
    "minigen.models.classification": "picks which examples keep their labels, from the data's own arrays",
}


def module_name(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


TREES = {module_name(path): ast.parse(path.read_text(encoding="utf-8")) for path in sorted(PACKAGE.rglob("*.py"))}
every_module = pytest.mark.parametrize("module", TREES)


def imports_of(module: str) -> Iterator[tuple[int, str]]:
    """(line, imported module) for each import that runs, also those inside functions."""
    for_types = {
        id(node)
        for block in ast.walk(TREES[module])
        if isinstance(block, ast.If) and ast.unparse(block.test) == "TYPE_CHECKING"
        for statement in block.body
        for node in ast.walk(statement)
    }
    for node in ast.walk(TREES[module]):
        if id(node) in for_types:
            continue
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}:{node.lineno}: a relative import; write out where it comes from"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            yield from ((node.lineno, name if name in TREES else str(node.module)) for name in names)


def own_imports_of(module: str) -> list[tuple[int, str]]:
    return [(line, name) for line, name in imports_of(module) if name.split(".")[0] == "minigen"]


def within(module: str, package: str) -> bool:
    return module == package or module.startswith(package + ".")


def floor_of(module: str) -> int:
    longest = max((package for package in FLOORS if within(module, package)), key=len)
    assert longest != "minigen" or module in ("minigen", "minigen.__main__"), f"on which floor is {module}?"
    return FLOORS[longest]


# --- floors -------------------------------------------------------------------------------------------------


@every_module
def test_a_file_imports_from_its_own_floor_and_below(module):
    upward = [f"line {line}: {name}" for line, name in own_imports_of(module) if floor_of(name) > floor_of(module)]
    assert not upward, f"{module} is on floor {floor_of(module)}"


def test_no_file_imports_in_a_circle():
    graph = {module: {name for _, name in own_imports_of(module)} for module in TREES}
    try:
        list(graphlib.TopologicalSorter(graph).static_order())
    except graphlib.CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))


@every_module
def test_numpy_is_imported_only_where_no_device_is_meant(module):
    lines = [line for line, name in imports_of(module) if name.split(".")[0] == "numpy"]
    assert not lines or any(within(module, place) for place in MAY_IMPORT_NUMPY), (
        f"{module}:{lines} imports numpy; backend.of(array) gives the module that the array belongs to"
    )


OPENS = re.compile(
    r"(^|\.)(open|fdopen|fromfile|loadtxt|genfromtxt|memmap|load_file|save_file|touch|(read|write)_(bytes|text))$"
    r"|^(np|numpy)\.load$"
)
DOORS = {
    "minigen.files": "the door itself",
    "minigen.data.npy": "members of an archive that the door opened",
    "minigen.data.pictures": "Image.open of a file that the door opened",
    "minigen.command_line": "os.devnull",
    "minigen.explore": "the browser opens the page",
}


@every_module
def test_files_are_opened_by_one_door_only(module):
    calls = (ast.unparse(node.func) for node in ast.walk(TREES[module]) if isinstance(node, ast.Call))
    found = {call for call in calls if OPENS.search(call)} - {"RunFolder.open"}
    assert bool(found) == (module in DOORS), f"{found}: minigen.files reads and writes"


@pytest.mark.parametrize(("file", "most"), [("autograd.py", 200), ("training/loop.py", 100)])
def test_what_everyone_reads_first_is_short(file, most):
    assert len((PACKAGE / file).read_text(encoding="utf-8").splitlines()) <= most


# --- docstrings ---------------------------------------------------------------------------------------------


def public_definitions(tree: ast.Module) -> Iterator[tuple[str, ast.AST]]:
    """The module, its public functions and classes, and their public methods."""
    yield "module", tree
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            yield node.name, node
            if isinstance(node, ast.ClassDef):
                methods = [method for method in node.body if isinstance(method, ast.FunctionDef)]
                yield from ((f"{node.name}.{m.name}", m) for m in methods if not m.name.startswith("_"))


def is_overload(node: ast.AST) -> bool:
    return any(ast.unparse(decorator) == "overload" for decorator in getattr(node, "decorator_list", ()))


@every_module
def test_everything_public_has_a_docstring(module):
    definitions = public_definitions(TREES[module])
    bare = [name for name, node in definitions if not ast.get_docstring(node) and not is_overload(node)]
    assert not bare


# --- public names, as the design has them -------------------------------------------------------------------

TENSOR = """
    data grad shape ndim dtype device requires_grad backward detach numpy item to T sum mean max min reshape
    transpose permute expand_dims squeeze flatten broadcast_to
    __getitem__ __add__ __radd__ __sub__ __rsub__ __mul__ __rmul__ __truediv__ __rtruediv__ __matmul__ __pow__ __neg__
"""
OPS = """
    exp log sqrt abs clip maximum where concat stack pad
    relu leaky_relu sigmoid tanh softplus softmax log_softmax matmul linear
    conv2d conv_transpose2d im2col col2im max_pool2d avg_pool2d max_unpool2d upsample_nearest2d batch_norm dropout lstm
    reparameterize kl_standard_normal
    mse_loss binary_cross_entropy_with_logits cross_entropy gaussian_nll_loss l1_loss
"""
NN = """
    Module Parameter Sequential Linear Conv2d ConvTranspose2d MaxPool2d AvgPool2d MaxUnpool2d BatchNorm2d Dropout
    LSTM LSTMCell Flatten Reshape ReLU LeakyReLU Sigmoid Tanh
"""
NAMES = {
    "minigen": ["Tensor", "tensor", "grad", "no_grad", "manual_seed", "gradcheck", "nn", "ops", "optim"],
    "minigen.ops": OPS.split(),
    "minigen.nn": NN.split(),
    "minigen.optim": ["SGD", "RMSprop", "Adam", "AdamW", "clip_grad_norm_", "warmup_cosine"],
}
SIGNATURES = """
    minigen.tensor(data, requires_grad=False, dtype=None, device=None)
    minigen.grad(output, inputs, grad_output=None, create_graph=False)
    minigen.no_grad()
    minigen.manual_seed(seed)
    minigen.gradcheck(fn, inputs, order=1)
    minigen.Tensor.backward(self, gradient=None, create_graph=False)
    minigen.ops.conv2d(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1)
    minigen.ops.conv_transpose2d(x, weight, bias=None, stride=1, padding=0, output_padding=0, dilation=1, groups=1)
    minigen.ops.lstm(x, h0, c0, weight_ih, weight_hh, bias=None, activation='tanh')
    minigen.ops.reparameterize(mean, log_var, noise=None)
    minigen.ops.kl_standard_normal(mean, log_var)
"""
LOSSES = ["mse_loss", "binary_cross_entropy_with_logits", "cross_entropy", "gaussian_nll_loss", "l1_loss"]


def find(path: str) -> object:
    """The object of a dotted path; minigen's modules come from importlib, since functions share their names."""
    module, *names = path.split(".")
    found: object = importlib.import_module(module)
    for name in names:
        found = getattr(found, name)
    return found


@pytest.mark.parametrize("path", [f"{module}.{name}" for module, names in NAMES.items() for name in names])
def test_public_name_exists_and_is_listed(path):
    module, _, name = path.rpartition(".")
    assert find(path) is not None
    listed = getattr(importlib.import_module(module), "__all__", None)
    assert listed is None or name in listed


@pytest.mark.parametrize("name", TENSOR.split())
def test_tensor_has(name):
    assert hasattr(minigen.Tensor, name)


@pytest.mark.parametrize("text", [line.strip() for line in SIGNATURES.strip().splitlines()])
def test_signature_begins_as_designed(text):
    path, _, arguments = text.partition("(")
    found = inspect.signature(find(path)).parameters.values()
    actual = [p.name if p.default is p.empty else f"{p.name}={p.default!r}" for p in found]
    expected = [argument for argument in arguments.rstrip(")").split(", ") if argument]
    assert actual[: len(expected)] == expected
    assert all("=" in further for further in actual[len(expected) :])


@pytest.mark.parametrize("name", LOSSES)
def test_losses_reduce_by_mean(name):
    assert inspect.signature(find(f"minigen.ops.{name}")).parameters["reduction"].default == "mean"


@pytest.mark.parametrize("package", ["minigen", "minigen.ops", "minigen.nn"])
def test_lists_of_public_names_are_true(package):
    module = importlib.import_module(package)
    assert all(hasattr(module, name) for name in module.__all__)
    assert len(set(module.__all__)) == len(module.__all__)
