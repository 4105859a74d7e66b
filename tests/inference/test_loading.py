from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from limits import modest
from small_runs import rewrite, small_run

import minigen
from minigen import backend, rng
from minigen.data import Description, load
from minigen.training import checkpoint
from minigen.training.checkpoint import CheckpointError
from minigen.training.run_folder import RunError, RunFolder


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return small_run(tmp_path / "run")


def edit(run: Path, *keys: str, to: Any) -> None:
    """Change config.json by hand; the keys lead to what is changed."""
    file = run / "config.json"
    content = json.loads(file.read_text())
    place = content
    for key in keys[:-1]:
        place = place[key]
    place[keys[-1]] = to
    file.write_text(json.dumps(content))


def test_gives_the_model_that_was_best_without_the_data(run: Path, device: str) -> None:
    trained = minigen.load(run, device=device)
    assert trained.data == Description.of(load("mnist5k"))
    assert (trained.config.hidden, trained.config.device, trained.model.training) == (12, device, False)
    arrays, state = checkpoint.read(RunFolder(run).best)
    assert trained.epoch == state["epoch"]
    for name, array in trained.model.state_dict().items():
        assert backend.device_of(array) == device
        np.testing.assert_array_equal(backend.to_device(array, "cpu"), arrays[f"model.{name}"])


def test_an_older_sequence_model_keeps_what_it_is(tmp_path: Path) -> None:
    run = small_run(tmp_path / "run", "recurrent-ae", data="waves", standardise=False, clock=False)
    x = load("waves").test.inputs[:4]
    scores, file = minigen.load(run).score(x), run / "config.json"
    content = json.loads(file.read_text())
    for name in ("standardise", "clock", "normal"):
        del content["config"][name]
    file.write_text(json.dumps(content))
    np.testing.assert_array_equal(minigen.load(run).score(x), scores)


def test_the_random_stream_is_left_alone(run: Path) -> None:
    rng.manual_seed(3)
    minigen.load(run)
    drawn = rng.standard_normal((4,), "float32", "cpu")
    rng.manual_seed(3)
    np.testing.assert_array_equal(drawn, rng.standard_normal((4,), "float32", "cpu"))


def test_there_is_no_other_lazy_name() -> None:
    with pytest.raises(AttributeError, match="'minigen' has no attribute 'lode'"):
        _ = minigen.lode


# Damage


def test_damaged_best_weights_are_replaced_by_the_last_with_a_word(run: Path) -> None:
    RunFolder(run).best.write_bytes(b"cut")
    with pytest.warns(UserWarning, match=r"best\.safetensors: damaged.*last\.safetensors is used instead"):
        trained = minigen.load(run)
    assert trained.epoch == 2


def test_no_whole_weights_are_one_line_about_both(run: Path) -> None:
    for path in (RunFolder(run).best, RunFolder(run).last):
        path.write_bytes(b"cut")
    both = r"best\.safetensors: damaged.*; .*last\.safetensors: damaged.*: a training with --overwrite begins anew$"
    with pytest.raises(CheckpointError, match=both) as failure:
        minigen.load(run)
    assert "\n" not in str(failure.value)


def test_weights_of_a_newer_minigen_are_not_replaced(run: Path) -> None:
    rewrite(RunFolder(run).best, {"schema": checkpoint.SCHEMA + 1})
    with pytest.raises(CheckpointError, match=r"best\.safetensors: written by a newer minigen"):
        minigen.load(run)


@pytest.mark.parametrize("change", [{"config": None}, {"config": []}, {"epoch": "x"}, {"epoch": 1e999}])
def test_a_state_that_cannot_be_is_one_line(run: Path, change: dict[str, Any]) -> None:
    rewrite(RunFolder(run).best, change)
    RunFolder(run).last.unlink()
    with pytest.raises(CheckpointError, match=rf"best\.safetensors: {next(iter(change))} is [^\n]*, must be[^\n]*$"):
        minigen.load(run)


def test_weights_that_no_checkpoint_can_hold_are_replaced_by_the_last(run: Path) -> None:
    with RunFolder(run).best.open("wb") as file:
        file.truncate(30 * 2**30)  # sparse: it takes no room
    with pytest.warns(UserWarning, match=r"best\.safetensors: cannot be read .* is used instead"):
        assert minigen.load(run).epoch == 2


@pytest.mark.parametrize("size", ["hidden", "latent", "classes"])
def test_sizes_that_the_weights_lack_take_no_memory(run: Path, size: str) -> None:
    """Also where config.json and the checkpoint tell the same lie."""
    arrays, state = checkpoint.read(RunFolder(run).best)
    if size == "classes":
        edit(run, "model", to="cnn")
        edit(run, "config", to={})
        edit(run, "data", "classes", to=["x"] * 100_000)
        state["config"] = {}
    else:
        edit(run, "config", size, to=20_000_000)
        state["config"][size] = 20_000_000
    checkpoint.write(RunFolder(run).best, arrays, state)
    message = r"the weights do not fit .* is drawn, must have at most 9,408 numbers"
    with modest(2**26), pytest.raises(CheckpointError, match=message):
        minigen.load(run)


def test_a_file_of_a_run_is_not_its_folder(run: Path) -> None:
    with pytest.raises(RunError, match=r"best\.safetensors is a file, must be the folder of a run, such as '"):
        minigen.load(RunFolder(run).best)


def test_a_folder_without_a_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="holds no run"):
        minigen.load(tmp_path)


def test_an_unknown_device_is_refused(run: Path) -> None:
    with pytest.raises(ValueError, match="--device is 'tpu', must be one of cpu, gpu"):
        minigen.load(run, device="tpu")


# config.json edited by hand

EDITS: dict[str, tuple[tuple[str, ...], Any, str]] = {
    "another model": (("model",), "nope", "the model is 'nope', must be one of ae, sae"),
    "a model of the same layers": (("model",), "ae", "ae has no hyper-parameter beta, likelihood"),
    "another size": (("config", "hidden"), 13, "hidden is 13, the weights were trained with 12"),
    "the same layers in another sense": (("config", "beta"), 2.0, r"beta is 2\.0, the weights were trained with 1\.0"),
    "a text": (("config", "hidden"), "12", "--hidden is '12', must be of type int"),
    "a list": (("config", "hidden"), [12], r"hidden is \[12\], must be of type int"),
    "true": (("config", "hidden"), True, "hidden is True, must be of type int"),
    "out of range": (("config", "hidden"), 0, "--hidden is 0, must be at least 1"),
    "code": (("config", "hidden"), "__import__('os').system('true')", "must be of type int"),
    "one more": (("config", "__class__"), 1, "no hyper-parameter __class__"),
    "no data": (("data",), None, "data is None, must be of type table"),
    "part of the data": (("data",), {"name": "x"}, "data lacks 'input_shape'"),
    "no name": (("data", "name"), 3, "data.name is 3, must be of type str"),
    "no shape": (("data", "input_shape"), "28", "data.input_shape is '28', must be of type list"),
    "one axis": (("data", "input_shape"), [784], r"data.input_shape is \[784\], must be of type list of length >= 2"),
    "no size": (("data", "input_shape"), [1, 0, 28], r"data.input_shape\[1\] is 0, must be at least 1"),
    "half a pixel": (("data", "input_shape"), [1, 28.5, 28], r"data.input_shape\[1\] is 28.5, must be of type int"),
    "all memory": (
        ("data", "input_shape"),
        [1, 10**6, 10**6],
        "data: input_shape is .*, must have at most 16,777,216 values",
    ),
    "other images": (("data", "input_shape"), [1, 14, 14], "the weights do not fit vae .*has shape"),
    "sequences": (("data", "input_shape"), [28, 27], r"config\.json: .* vae needs images"),
    "no classes": (("data", "classes"), [], r"data.classes is \[\], must be of type list of length >= 1"),
    "numbered classes": (("data", "classes"), [1, 2], r"data.classes\[0\] is 1, must be of type str"),
    "too many units": (("data", "units"), [[0, 1]], "units has 1 pairs, must have none or 28"),
    "infinite units": (("data", "units"), [[0, float("inf")]] * 28, "is damaged"),
}


@pytest.mark.parametrize("name", EDITS)
def test_an_edited_description_is_one_line(run: Path, name: str) -> None:
    keys, value, message = EDITS[name]
    edit(run, *keys, to=value)
    with pytest.raises((RunError, CheckpointError), match=message) as failure:
        minigen.load(run)
    assert "\n" not in str(failure.value)
    assert len(str(failure.value)) < 700


def test_a_run_may_be_loaded_that_was_lengthened_or_moved_to_other_files(run: Path) -> None:
    for name, value in {"epochs": 9, "data_dir": "/elsewhere", "device": "gpu"}.items():
        edit(run, "config", name, to=value)
    assert minigen.load(run).config.device == "cpu"
