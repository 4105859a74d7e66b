"""The packages that a machine with a GPU but without a network may lack, carried there as wheels."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import re
import subprocess
import sys
import tomllib
from pathlib import Path

PYTHON = "3.12"  # of the machine with the GPU
PLATFORMS = ("manylinux_2_28_x86_64", "manylinux_2_27_x86_64", "manylinux_2_17_x86_64", "manylinux2014_x86_64")
FOUND_THERE = ("torch", "numpy")
BYTES = 64 * 2**20  # that can be carried, the repository's own files among them


def requirements() -> list[str]:
    """What minigen, its tests (but the lessons') and its GPU part ask for in pyproject.toml."""
    project = tomllib.loads(Path("pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    tests = [line for line in extras["test"] if name_of(line) in ("pytest", "pytest-xdist", "hypothesis")]
    return [*project["dependencies"], *tests, *extras["gpu-cuda13"]]


def name_of(requirement: str) -> str:
    """`numpy` of "numpy>=2.0" and of "numpy-2.4-cp312-….whl"."""
    return re.split(r"[<>=!~\[; ]|-\d", requirement)[0].lower().replace("_", "-")


def download(folder: Path) -> int:
    """Fill the folder with wheels that together can be carried, and list them; pip's exit code where that fails."""
    command = [sys.executable, "-m", "pip", "download", "-q", "--only-binary=:all:", "--python-version", PYTHON]
    command += [word for platform in PLATFORMS for word in ("--platform", platform)]
    if code := subprocess.run([*command, "-d", str(folder), *requirements()], check=False).returncode:
        return code
    tracked = subprocess.run(["git", "ls-files", "-z"], capture_output=True, text=True, check=True).stdout.split("\0")
    keep_what_fits(folder, BYTES - sum(Path(file).stat().st_size for file in tracked if file))
    return 0


def keep_what_fits(folder: Path, room: int) -> None:
    """Remove what is found there, and the largest of what has no room; print what became of each wheel."""
    for wheel in sorted(folder.glob("*.whl"), key=lambda wheel: wheel.stat().st_size):
        size = wheel.stat().st_size
        if name_of(wheel.name) in FOUND_THERE:
            fate = "left out: used as found there"
        elif size > room:
            fate = f"left out: {room / 1e6:.1f} MB are left; must be found there"
        else:
            fate, room = "carried", room - size
        if fate != "carried":
            wheel.unlink()
        print(f"{size / 1e6:7.1f} MB  {wheel.name}: {fate}")


def install(folder: Path) -> None:
    """Install from the folder what this machine lacks; print what it has, and what is missing still."""
    found, missing = [], []
    for requirement in requirements():
        name = "cupy" if "cupy" in requirement else name_of(requirement)
        (found if importlib.util.find_spec(MODULES.get(name, name)) else missing).append(requirement)
    print("found:", ", ".join(found) or "nothing")
    for requirement in missing:
        command = [sys.executable, "-m", "pip", "install", "-q", "--no-index", "--find-links", str(folder), requirement]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        print(f"{requirement}: {'installed' if done.returncode == 0 else done.stderr.strip().splitlines()[-1]}")
    importlib.invalidate_caches()


MODULES = {"pillow": "PIL", "pytest-xdist": "xdist"}
