"""Devices, what happens without one, and the random streams."""

from __future__ import annotations

import ctypes
import importlib.util
import subprocess
import sys
from types import SimpleNamespace
from unittest.mock import Mock

import numpy as np
import pytest
from support import to_device, to_numpy

import minigen
from minigen import backend, rng
from minigen.backend import DeviceError


@pytest.fixture
def no_gpu_yet(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """As in a process that has not asked for the GPU."""
    monkeypatch.setattr(backend, "_gpu", None)
    return monkeypatch


@pytest.fixture
def fake_is_cupy(no_gpu_yet: pytest.MonkeyPatch):
    """`import cupy` gives the stand-in."""
    import fake_cupy

    no_gpu_yet.setattr(importlib.util, "find_spec", lambda name: SimpleNamespace(name=name))
    no_gpu_yet.setitem(sys.modules, "cupy", fake_cupy)
    return fake_cupy


def test_of_finds_the_module_by_the_array(device: str, xp) -> None:
    assert backend.of(xp.zeros(2)) is xp
    assert backend.of(np.zeros(2)) is np
    assert backend.of(np.float32(1)) is np
    assert backend.device_of(xp.zeros(2)) == device
    assert backend.device_of(np.float64(1)) == "cpu"


def test_an_unknown_device_is_refused() -> None:
    with pytest.raises(DeviceError, match=r"^device is 'cuda', must be one of cpu, gpu$"):
        backend.module("cuda")
    with pytest.raises(DeviceError, match=r"^device is 'tpu', must be one of cpu, gpu$"):
        minigen.tensor([1.0], device="tpu")


@pytest.mark.parametrize(
    ("driver", "package"),
    [(13010, "cupy-cuda13x"), (12080, "cupy-cuda12x"), (None, "cupy-cuda13x (or cupy-cuda12x for an older driver")],
)
def test_without_cupy_the_message_names_the_package_for_the_driver(no_gpu_yet, driver, package: str) -> None:
    def library(name: str) -> SimpleNamespace:
        if driver is None:
            raise OSError(name)
        return SimpleNamespace(cuDriverGetVersion=lambda pointer: setattr(pointer._obj, "value", driver))

    no_gpu_yet.setattr(importlib.util, "find_spec", lambda name: None)
    no_gpu_yet.setattr(ctypes, "CDLL", library)
    with pytest.raises(DeviceError) as error:
        minigen.tensor([1.0], device="gpu")
    message = str(error.value)
    assert message.startswith(f"device 'gpu' needs CuPy, which is not installed: pip install {package}")
    assert "\n" not in message


def test_cupy_without_a_gpu_is_refused(fake_is_cupy, monkeypatch: pytest.MonkeyPatch) -> None:
    error = fake_is_cupy.cuda.runtime.CUDARuntimeError("CUDA driver version is insufficient")
    for count, said in ((Mock(side_effect=error), r"no usable GPU \(.*driver.*\)"), (Mock(return_value=0), "no GPU")):
        monkeypatch.setattr(fake_is_cupy.cuda.runtime, "getDeviceCount", count)
        with pytest.raises(DeviceError, match=rf"^device 'gpu': CuPy is installed but finds {said}$"):
            backend.module("gpu")


def test_cupy_with_a_gpu_is_the_module(fake_is_cupy) -> None:
    assert backend.module("gpu") is fake_is_cupy


def test_to_device_is_the_array_itself_where_it_lies_there() -> None:
    array = np.zeros(3)
    assert backend.to_device(array, "cpu") is array


def test_an_array_goes_to_a_device_and_back(second_device: str) -> None:
    array = np.arange(6.0).reshape(2, 3)
    there = backend.to_device(array, second_device)
    assert backend.device_of(there) == "gpu"
    np.testing.assert_array_equal(backend.to_device(there, "cpu"), array)


# Random streams


def draws(device: str) -> list[np.ndarray]:
    return [to_numpy(rng.standard_normal((3, 4), "float32", device)), to_numpy(rng.uniform((3, 4), "float64", device))]


def same(first: list[np.ndarray], second: list[np.ndarray]) -> bool:
    return all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))


def test_same_seed_same_bits(device: str) -> None:
    minigen.manual_seed(3)
    first = draws(device)
    assert not same(first, draws(device))
    minigen.manual_seed(3)
    assert same(first, draws(device))
    minigen.manual_seed(4)
    assert not same(first, draws(device))


def test_draws_have_the_dtype_shape_and_moments_asked_for(device: str) -> None:
    minigen.manual_seed(0)
    for dtype in ("float32", "float64"):
        normal = rng.standard_normal((200, 300), dtype, device)
        uniform = rng.uniform((200, 300), dtype, device)
        assert backend.device_of(normal) == backend.device_of(uniform) == device
        assert normal.dtype == uniform.dtype == dtype
        normal, uniform = to_numpy(normal), to_numpy(uniform)
        assert normal.mean() == pytest.approx(0, abs=0.02)
        assert normal.std() == pytest.approx(1, abs=0.02)
        assert uniform.mean() == pytest.approx(0.5, abs=0.01)
        assert 0 <= uniform.min() < uniform.max() < 1


def test_the_random_state_continues_every_stream_after_another_seed(device: str) -> None:
    minigen.manual_seed(5)
    draws(device)
    saved = rng.state()
    expected = draws("cpu"), draws(device)
    minigen.manual_seed(99)
    rng.set_state(saved)
    assert same(expected[0], draws("cpu"))
    assert same(expected[1], draws(device))


def test_random_stream_leaves_the_outer_stream_where_it_was(device: str) -> None:
    minigen.manual_seed(1)
    first, second = draws(device), draws(device)
    minigen.manual_seed(1)
    assert same(first, draws(device))
    with rng.stream(7):
        inner = draws(device)
    assert same(second, draws(device))
    with rng.stream(7):
        assert same(inner, draws(device))


def test_keep_freed_memory_says_whether_the_c_library_has_the_switch(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a process of its own: the switch cannot be put back."""
    script = "from minigen import keep_freed_memory; print(keep_freed_memory())"
    done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == str(sys.platform == "linux")
    monkeypatch.setattr(ctypes, "CDLL", Mock(side_effect=OSError))
    assert minigen.keep_freed_memory() is False


@pytest.mark.parametrize(("numbers", "apart"), [(255, 1020), (256, 1280), (512, 2304)])
def test_rows_lie_no_multiple_of_1024_bytes_apart(numbers: int, apart: int, device: str) -> None:
    rows = backend.empty_rows((2, 3, numbers), to_device(np.ones(1, "float32"), device))
    assert rows.shape == (2, 3, numbers)
    assert rows.strides == ((3 * apart, apart, 4) if device == "cpu" else (12 * numbers, 4 * numbers, 4))
