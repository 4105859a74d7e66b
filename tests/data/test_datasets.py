from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from minigen.data import DataError, Dataset, Split, descriptions, load, names


def split(count: int) -> Split:
    return Split(np.arange(count, dtype=np.uint8).reshape(count, 1, 1, 1), np.arange(count), np.arange(count) + 1)


def dataset(count: int = 100) -> Dataset:
    return Dataset("numbers", split(count), split(5), ("one",), "made here")


def test_names_and_descriptions() -> None:
    assert names()[0] == "mnist5k"  # the default stands first
    assert {"mnist", "fashion-mnist", "cifar10", "shapes", "mnist-rows", "mnist5k-rows", "waves"} <= set(names())
    assert tuple(descriptions()) == names()
    assert all(text and "\n" not in text for text in descriptions().values())


@pytest.mark.parametrize("name", ["mnist5k", "mnist5k-rows", "shapes", "waves", "waves-varied"])
def test_every_offline_set_keeps_the_promises(name: str) -> None:
    found = load(name)
    assert found.name == name
    assert len(repr(found)) < 200
    assert found.source
    assert "\n" not in found.source
    for part in (found.train, found.test):
        assert part.labels.dtype == np.int64
        assert part.labels.max() < len(found.classes)
        images = part.inputs.dtype == np.uint8
        assert images or part.inputs.dtype == np.float32
        assert part.inputs.ndim == (4 if images else 3)
        assert part.inputs.shape[1:] == found.input_shape


@pytest.mark.parametrize(
    ("name", "close"),
    [("minst", "did you mean 'mnist'[?] "), ("fashion_mnist", "did you mean 'fashion-mnist'[?] "), ("xyzzy", "")],
)
def test_unknown_name_gets_the_close_match(name: str, close: str) -> None:
    with pytest.raises(DataError, match=rf"unknown data set '{name}': {close}known: mnist5k, "):
        load(name)


@pytest.mark.parametrize("name", ["mnist5k", "shapes", "waves", "mnist5k-rows"])
def test_data_dir_is_refused_where_nothing_would_be_read(name: str) -> None:
    with pytest.raises(
        DataError, match=rf"{name} comes with minigen and reads no --data-dir \(the sets that do: mnist,"
    ):
        load(name, data_dir="somewhere")


def test_take_keeps_order_and_lengths() -> None:
    part = split(10).take([7, 2, 2])
    assert part.inputs.ravel().tolist() == [7, 2, 2]
    assert part.labels.tolist() == [7, 2, 2]
    assert part.lengths.tolist() == [8, 3, 3]
    assert len(part) == 3
    assert len(split(10).take([])) == 0


def test_a_data_set_is_shown_in_one_line() -> None:
    splits = "train=Split(100 × (1, 1, 1) uint8), test=Split(5 × (1, 1, 1) uint8)"
    assert repr(dataset()) == f"Dataset('numbers', {splits}, 1 class)"


def test_split_refuses_labels_that_do_not_fit() -> None:
    with pytest.raises(DataError, match=r"Split: labels has shape \(3,\), must be \(2,\)"):
        Split(np.zeros((2, 1, 1, 1), np.uint8), np.zeros(3, np.int64))


@pytest.mark.parametrize("fraction", [0, 0.1, 0.25, 0.999])
def test_hold_out_parts_are_disjoint_and_whole(fraction: float) -> None:
    train, validation = dataset().hold_out(fraction, seed=7)
    assert len(validation) == round(100 * fraction)
    assert sorted(train.labels.tolist() + validation.labels.tolist()) == list(range(100))
    assert train.labels.tolist() == sorted(train.labels.tolist())


@pytest.mark.parametrize(("count", "held"), [(100, 1), (2, 1), (1, 0)])
def test_hold_out_of_a_small_fraction_is_one_where_there_are_two(count: int, held: int) -> None:
    data = dataset()
    train, validation = dataclasses.replace(data, train=data.train.take(range(count))).hold_out(1e-5, seed=0)
    assert (len(train), len(validation)) == (count - held, held)


def test_hold_out_follows_from_the_seed() -> None:
    parts = [dataset().hold_out(0.1, seed)[1].labels.tolist() for seed in (0, 0, 1)]
    assert parts[0] == parts[1] != parts[2]
    assert parts[0] != list(range(10))


@pytest.mark.parametrize("fraction", [-0.1, 1, 1.5, float("nan")])
def test_hold_out_refuses(fraction: float) -> None:
    with pytest.raises(DataError, match=r"fraction is .*, must be at least 0 and less than 1"):
        dataset().hold_out(fraction, seed=0)
