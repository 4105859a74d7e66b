"""The installation: an editable minigen is found from every folder, and it declares the packages that it imports."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tomllib
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
DISTRIBUTIONS = {"PIL": "pillow"}  # where it has another name than its module

BUILD = "from setuptools import build_meta; print(build_meta.build_editable('.'))"
SHOW = "import minigen; print(minigen.Tensor.__name__, minigen.__file__)"


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A folder with a clone called minigen, and with a virtual environment that has it installed in editable mode."""
    home = tmp_path_factory.mktemp("home")
    clone = home / "minigen"
    clone.mkdir()
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, clone)
    shutil.copytree(ROOT / "minigen", clone / "minigen", ignore=shutil.ignore_patterns("__pycache__"))
    built = subprocess.run([sys.executable, "-c", BUILD], cwd=clone, capture_output=True, text=True, check=True)
    venv.create(home / ".venv", symlinks=True)
    (site,) = home.glob(".venv/lib/python3*/site-packages")
    zipfile.ZipFile(clone / built.stdout.split()[-1]).extractall(site)  # as pip does
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib"), encoding="utf-8")
    return home


@pytest.mark.parametrize("way", [["script.py"], ["-m", "script"], ["-c", SHOW]], ids=lambda way: way[0])
@pytest.mark.parametrize("folder", [".", "elsewhere", "minigen", "minigen/minigen"])
def test_an_editable_minigen_is_found_from_every_folder(home, folder, way):
    """A script beside the clone sees a folder minigen without __init__.py, which Python takes for a package."""
    (home / folder).mkdir(exist_ok=True)
    (home / folder / "script.py").write_text(SHOW, encoding="utf-8")
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    command = [home / ".venv/bin/python", "-B", *way]
    result = subprocess.run(command, cwd=home / folder, env=environment, capture_output=True, text=True)
    assert result.stdout.split() == ["Tensor", str(home / "minigen/minigen/__init__.py")], result.stderr


def test_importing_minigen_brings_only_what_a_tensor_needs():
    found = "{'cupy', 'matplotlib', 'pooch', 'minigen.models', 'minigen.data'} & set(sys.modules)"
    code = f"import sys, minigen; minigen.tensor([1.0]).sum(); print({found}, minigen.data.__name__)"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "set() minigen.data"


def test_the_package_as_a_command_names_the_others():
    out = subprocess.run([sys.executable, "-m", "minigen"], capture_output=True, text=True, check=True).stdout
    commands = {path.stem for path in (ROOT / "minigen").glob("*.py") if "run_command(" in path.read_text("utf-8")}
    assert commands - {"command_line", "__main__"} <= set(re.findall(r"python -m minigen\.(\w+)", out))


@pytest.mark.parametrize(
    ("options", "words", "says"), [([], ["train"], "unknown word 'train'"), (["-OO"], [], "use -O")]
)
def test_the_package_as_a_command_refuses_in_one_line(options, words, says):
    run = subprocess.run(
        [sys.executable, *options, "-m", "minigen", *words], capture_output=True, text=True, check=False
    )
    assert (run.returncode, run.stdout, run.stderr.count("\n")) == (2, "", 1)
    assert says in run.stderr


def test_the_declared_dependencies_are_the_imported_packages():
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in (ROOT / "minigen").rglob("*.py")]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    modules = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    modules |= {str(node.module) for node in nodes if isinstance(node, ast.ImportFrom)}
    packages = {module.partition(".")[0] for module in modules} - set(sys.stdlib_module_names) - {"minigen"}
    declared = {re.match(r"[\w-]+", requirement)[0] for requirement in PROJECT["dependencies"]}
    assert {DISTRIBUTIONS.get(package, package) for package in packages} == declared
