from __future__ import annotations

import errno
import json
import os
import pickle
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import numpy as np
import pytest
from limits import modest
from safetensors.numpy import load_file, save

from minigen.training import checkpoint
from minigen.training.checkpoint import CheckpointError, DamagedError
from minigen.training.lock import locked

ARRAYS = {
    "model.weight": np.arange(6, dtype=np.float32).reshape(2, 3),
    "model.batch_last": np.arange(24.0).reshape(2, 3, 4).transpose(2, 0, 1),
    "model.steps": np.array(7, dtype=np.int64),
    "model.empty": np.zeros((0, 4), dtype=np.float32),
    "optimizer.nan": np.array([np.nan, np.inf, -0.0]),
}
STATE = {"epoch": 3, "best": None, "averages": {"sums": {"loss": 0.1 + 0.2}}}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "last.safetensors"
    checkpoint.write(path, ARRAYS, STATE)
    return path


def test_gives_back_what_was_written_to_the_bit(path: Path) -> None:
    arrays, state = checkpoint.read(path)
    assert arrays.keys() == ARRAYS.keys()
    for name, array in ARRAYS.items():
        assert (arrays[name].dtype, arrays[name].shape) == (array.dtype, array.shape)
        assert arrays[name].tobytes() == array.tobytes()
    assert state == {"schema": checkpoint.SCHEMA, **STATE}


def test_is_a_safetensors_file_that_others_read(path: Path) -> None:
    np.testing.assert_array_equal(load_file(path)["model.batch_last"], ARRAYS["model.batch_last"])


def test_equal_states_give_equal_files(path: Path) -> None:
    content = path.read_bytes()
    for _ in range(8):
        checkpoint.write(path, dict(reversed(ARRAYS.items())), STATE)
        assert path.read_bytes() == content


def test_a_header_that_would_take_long_is_refused_before_it_is_read(path: Path) -> None:
    checkpoint.write(path, {f"model.{number:0100}": np.zeros(1) for number in range(30_000)}, STATE)
    with modest(2**23), pytest.raises(DamagedError, match=r"header has [\d,]+ bytes, must have at most 4,194,304"):
        checkpoint.read(path)


# Damage: every place where a file can be cut, every byte that can flip


def test_a_file_cut_anywhere_is_damaged(path: Path) -> None:
    content = path.read_bytes()
    for length in range(len(content)):
        path.write_bytes(content[:length])
        with pytest.raises(DamagedError, match=r"last\.safetensors: damaged"):
            checkpoint.read(path)


def test_a_flipped_bit_anywhere_is_damaged(path: Path) -> None:
    content = path.read_bytes()
    for position in range(len(content)):
        flipped = bytearray(content)
        flipped[position] ^= 1 << position % 8
        path.write_bytes(flipped)
        with pytest.raises(DamagedError) as failure:
            checkpoint.read(path)
        assert "\n" not in str(failure.value), "one line"


def headed(text: str) -> bytes:
    return len(text).to_bytes(8, "little") + text.encode()


FOREIGN = {
    "empty": b"",
    "zeros": bytes(7),
    "ones": b"\xff" * 100,
    "zip": b"PK\x03\x04",
    "pickle": pickle.dumps(ARRAYS),
    **{f"header of {size} bytes": size.to_bytes(8, "little") + b"{}" for size in (2, 2**20, 2**62, 2**64 - 1)},
    "nested header": headed('{"__metadata__":' * 5000),
    "open brackets": headed("[" * 90_000),
    "array without shape": headed('{"a":{"dtype":"F32"}}'),
    "array of 4 TB": headed('{"a":{"dtype":"F32","shape":[1099511627776],"data_offsets":[0,4398046511104]}}'),
    "code": headed("__import__('os').abort()"),
    "arrays without a state": save({"weight": np.zeros(3)}),
    "code as a state": save({"weight": np.zeros(3)}, {"minigen": "__import__('os').abort()"}),
}


@pytest.mark.parametrize("kind", FOREIGN)
def test_a_file_of_another_kind_is_damaged(path: Path, kind: str) -> None:
    path.write_bytes(FOREIGN[kind])
    with modest(), pytest.raises(DamagedError, match="not a checkpoint of minigen"):
        checkpoint.read(path)


def test_a_missing_file_is_damaged(path: Path) -> None:
    path.unlink()
    with pytest.raises(DamagedError, match=r"last.safetensors: cannot be read \(No such file"):
        checkpoint.read(path)


# Files that someone made on purpose


def forge(path: Path, text: str, digest: str | None = None) -> None:
    digest = checkpoint._digest(ARRAYS, text) if digest is None else digest
    whole = {name: np.asarray(array, order="C") for name, array in ARRAYS.items()}
    path.write_bytes(save(whole, metadata={"minigen": f"{digest} {text}"}))


@pytest.mark.parametrize(
    "text", ["", "[]", "3", "null", "{}", '{"schema": null}', '{"schema": "1"}', '{"schema"', "[" * 100_000]
)
def test_a_header_that_is_no_state_is_damaged(path: Path, text: str) -> None:
    forge(path, text)
    with pytest.raises(DamagedError, match="not a checkpoint of minigen"):
        checkpoint.read(path)


def test_a_newer_schema_is_named_and_is_not_damage(path: Path) -> None:
    forge(path, json.dumps({"schema": checkpoint.SCHEMA + 1}))
    with pytest.raises(CheckpointError, match=r"newer minigen \(schema 2, this one reads 1\): update") as failure:
        checkpoint.read(path)
    assert not isinstance(failure.value, DamagedError)


def test_a_state_changed_by_hand_does_not_fit_the_checksum(path: Path) -> None:
    _, state = checkpoint.read(path)
    forge(path, json.dumps(state | {"epoch": 4}), digest=checkpoint._digest(ARRAYS, json.dumps(state)))
    with pytest.raises(DamagedError, match="checksum"):
        checkpoint.read(path)


# Writing that fails


@pytest.mark.parametrize(("owner", "name"), [(os, "fsync"), (Path, "replace"), (os, "open")])
def test_a_write_that_fails_names_the_file_and_keeps_the_old_one(
    path: Path, monkeypatch: pytest.MonkeyPatch, owner: Any, name: str
) -> None:
    before = path.read_bytes()
    with monkeypatch.context() as patch:
        patch.setattr(owner, name, Mock(side_effect=OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))))
        with pytest.raises(OSError, match="No space left on device") as failure:
            checkpoint.write(path, ARRAYS, {"epoch": 4})
    assert failure.value.filename == str(path)
    assert path.read_bytes() == before
    assert [file.name for file in path.parent.iterdir()] == ["last.safetensors"]


def test_what_a_crash_left_beside_is_removed_by_the_next_training(path: Path) -> None:
    path.with_name(".minigen-0123456789abcdef").write_bytes(b"half")
    with locked(path.parent):
        assert {file.name for file in path.parent.iterdir()} == {"last.safetensors", ".lock", ".written.lock"}
