"""What all tests share: the device under test, and how hypothesis draws."""

from __future__ import annotations

import importlib.util
import os
from types import ModuleType

import pytest
from hypothesis import settings

from minigen import backend, rng

pytest_plugins = ["run_fixtures", "browser"]

settings.register_profile("default", deadline=None, max_examples=20)
settings.register_profile("ci", settings.get_profile("default"), derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "default")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--device",
        choices=("cpu", "fake", "gpu"),
        default="cpu",
        help="where the tensors under test lie: NumPy, tests/fake_cupy (a strict stand-in for CuPy) or CuPy",
    )


def pytest_configure(config: pytest.Config) -> None:
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # the workers and the lessons share the cores
    if importlib.util.find_spec("torch") is not None:
        import torch

        torch.set_num_threads(1)
    elif os.environ.get("MINIGEN_REQUIRE_TORCH"):
        raise pytest.UsageError("MINIGEN_REQUIRE_TORCH is set, but PyTorch is not installed")
    if config.getoption("--device") == "fake":
        import fake_cupy

        backend._gpu = fake_cupy
    elif config.getoption("--device") == "gpu":
        try:
            backend.gpu_module()
        except backend.DeviceError as error:
            raise pytest.UsageError(str(error)) from error


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.stem.endswith("_torch"):
            item.add_marker("torch")


@pytest.fixture(scope="session")
def device(request: pytest.FixtureRequest) -> str:
    """minigen's name of the device under test: "cpu" or "gpu"."""
    return "cpu" if request.config.getoption("--device") == "cpu" else "gpu"


@pytest.fixture(scope="session")
def xp(device: str) -> ModuleType:
    """The array module of the device under test."""
    return backend.module(device)


@pytest.fixture
def second_device(monkeypatch: pytest.MonkeyPatch) -> str:
    """The device "gpu" beside the CPU, whichever device is under test: the stand-in where there is no real one."""
    if backend._gpu is None:
        import fake_cupy

        monkeypatch.setattr(backend, "_gpu", fake_cupy)
        monkeypatch.setattr(rng._streams, "generators", {})
    return "gpu"
