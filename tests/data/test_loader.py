from __future__ import annotations

import dataclasses
import itertools

import numpy as np
import pytest

from minigen import backend
from minigen.data import DataError, Loader, Split, load


def images(count: int = 23, channels: int = 3) -> Split:
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (count, channels, 4, 5), dtype=np.uint8)
    return Split(pixels, rng.integers(0, 10, count))


def sequences(count: int = 23) -> Split:
    rng = np.random.default_rng(0)
    values = rng.standard_normal((count, 6, 2)).astype(np.float32)
    return Split(values, rng.integers(0, 4, count), rng.integers(1, 7, count))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_images_are_floats_from_0_to_1(dtype: str) -> None:
    split = images()
    for batch in Loader(split, 8, seed=1, dtype=dtype).epoch(0):
        assert batch.inputs.dtype == dtype
        assert np.array_equal(batch.inputs, split.inputs[batch.index].astype(dtype) / np.dtype(dtype).type(255))
        assert np.array_equal(batch.labels, split.labels[batch.index])
        assert batch.labels.dtype == np.int64
        assert batch.lengths is None


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("given", ["float32", "uint8"])
def test_sequences_are_left_as_they_are(dtype: str, given: str) -> None:
    split = dataclasses.replace(sequences(), inputs=sequences().inputs.clip(0).astype(given))
    for batch in Loader(split, 8, seed=1, dtype=dtype).epoch(0):
        assert batch.inputs.dtype == dtype
        assert np.array_equal(batch.inputs, split.inputs[batch.index])
        assert np.array_equal(batch.lengths, split.lengths[batch.index])


@pytest.mark.parametrize("split", [images(), images(channels=1), images(1), sequences()])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_batches_lie_batch_last_in_memory(split: Split, dtype: str) -> None:
    for batch in Loader(split, 8, seed=1, dtype=dtype).epoch(0):
        assert batch.inputs.shape[1:] == split.inputs.shape[1:]
        assert np.moveaxis(batch.inputs, 0, -1).flags.c_contiguous
        flat = batch.inputs.reshape(len(batch.index), -1)
        assert np.shares_memory(flat, batch.inputs)


def test_batches_are_the_callers_to_change() -> None:
    split = sequences(4)
    before = split.inputs.copy()
    for batch in Loader(split, 1, seed=0).epoch(0):
        batch.inputs[...] = 7
    assert np.array_equal(split.inputs, before)


@pytest.mark.parametrize(("drop_last", "batches", "seen"), [(False, 3, 23), (True, 2, 16)])
def test_an_epoch_shows_each_example_once(drop_last: bool, batches: int, seen: int) -> None:
    loader = Loader(images(), 8, seed=1, drop_last=drop_last)
    shown = [batch.index for batch in loader.epoch(0)]
    assert len(loader) == len(shown) == batches
    assert len(np.unique(np.concatenate(shown))) == seen
    assert [len(index) for index in shown] == [8, 8, 7][:batches]


def test_the_order_follows_from_seed_and_epoch() -> None:
    def order(seed: int, epoch: int) -> list[int]:
        return np.concatenate([batch.index for batch in Loader(images(), 8, seed).epoch(epoch)]).tolist()

    assert order(1, 0) == order(1, 0)
    orders = [order(seed, epoch) for seed, epoch in itertools.product(range(3), range(3))]
    assert len({tuple(o) for o in orders}) == 9
    assert orders[0] != sorted(orders[0])


def test_an_epoch_can_be_entered_anywhere_with_no_state() -> None:
    whole = list(Loader(images(), 4, seed=5).epoch(3))
    for start in range(len(whole) + 1):
        fresh = Loader(images(), 4, seed=5)
        rest = list(fresh.epoch(3, start=start))
        assert len(rest) == len(whole) - start
        for a, b in zip(whole[start:], rest, strict=True):
            assert a.inputs.tobytes() == b.inputs.tobytes()
            assert np.array_equal(a.index, b.index)


def test_without_shuffling_the_order_is_kept() -> None:
    split = images()
    loader = Loader(split, 8, seed=1, shuffle=False)
    assert np.concatenate([batch.index for batch in loader.epoch(4)]).tolist() == list(range(23))
    first = Loader(split, 8, seed=1).first(10)
    assert first.index.tolist() == list(range(10))
    assert np.array_equal(first.inputs, split.inputs[:10].astype(np.float32) / np.float32(255))
    assert len(loader.first(100).index) == 23


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"batch_size": 0}, "batch_size is 0, must be at least 1"),
        ({"seed": -1}, "seed is -1, must be at least 0"),
        ({"dtype": "float16"}, "dtype is 'float16', must be 'float32' or 'float64'"),
        ({"batch_size": 24, "drop_last": True}, r"23 examples give no batch \(batch_size 24\)"),
        ({"split": images(23).take([])}, "0 examples give no batch"),
        ({"split": dataclasses.replace(images(), inputs=images().inputs // 128)}, r"uint8 value is 1, .* by 255"),
    ],
)
def test_arguments_that_give_no_batch_are_named(arguments: dict, message: str) -> None:
    with pytest.raises(DataError, match=message):
        Loader(**{"split": images(), "batch_size": 8, "seed": 0, **arguments})


def test_a_loader_says_what_it_is_and_how_to_go_through_it() -> None:
    assert repr(Loader(images(), 8, seed=0)) == "Loader(23 × (3, 4, 5): 3 batches of 8 per epoch)"
    with pytest.raises(TypeError, match=r"for batch in loader\.epoch\(0\)"):
        list(Loader(images(), 8, seed=0))
    black = dataclasses.replace(images(), inputs=images().inputs * 0)
    assert not Loader(black, 8, seed=0).first(8).inputs.any()


@pytest.mark.parametrize("split", [images(), sequences()])
def test_batches_on_the_gpu_equal_those_on_the_cpu(split: Split, second_device: str) -> None:
    """The split goes over once; nothing comes back."""
    here, there = Loader(split, 8, seed=1), Loader(split, 8, seed=1, device=second_device)
    for a, b in zip(here.epoch(0), there.epoch(0), strict=True):
        for name in ("inputs", "labels", "lengths"):
            ours, theirs = getattr(a, name), getattr(b, name)
            if ours is not None:
                assert backend.device_of(theirs) == "gpu"
                assert ours.dtype == theirs.dtype
                assert ours.strides == theirs.strides
                assert np.array_equal(ours, backend.to_device(theirs, "cpu"))
        assert isinstance(b.index, np.ndarray)
        assert np.array_equal(a.index, b.index)


@pytest.mark.parametrize(
    ("given", "says"), [(load("mnist5k"), r"Dataset.*\.train"), (np.zeros((4, 3)), "ndarray.*Split")]
)
def test_what_is_no_split_is_named(given: object, says: str) -> None:
    with pytest.raises(DataError, match=f"split is a {says}"):
        Loader(given, 8, seed=0)  # type: ignore[arg-type]
