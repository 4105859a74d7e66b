from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from minigen.data import DataError, Reading, load, read_sequences
from minigen.data.own_sequences import in_units
from minigen.data.tables import read_table


@pytest.fixture(scope="module", params=["waves", "waves-varied"])
def dataset(request):
    return load(request.param)


def test_sizes_and_range(dataset) -> None:
    assert dataset.train.inputs.shape == (4000, 64, 1)
    assert dataset.test.inputs.shape == (1000, 64, 1)
    assert dataset.train.inputs.dtype == np.float32
    assert dataset.train.inputs.min() >= 0
    assert dataset.train.inputs.max() <= 1
    assert dataset.classes == ("normal", "spike", "dropout", "frequency shift")


def test_only_the_test_part_has_anomalies(dataset) -> None:
    assert not dataset.train.labels.any()
    assert not dataset.hold_out(0.2, seed=0)[1].labels.any()
    assert np.bincount(dataset.test.labels).tolist() == [500, 167, 167, 166]


def test_behind_its_length_a_sequence_is_padding(dataset) -> None:
    if dataset.name == "waves":
        assert dataset.train.lengths is None
        return
    for split in (dataset.train, dataset.test):
        assert split.lengths.min() == 32
        assert split.lengths.max() == 64
        beyond = np.arange(64) >= split.lengths[:, None]
        assert not split.inputs[beyond].any()
        assert split.inputs[~beyond].mean() > 0.4


def test_the_seed_decides_every_value(dataset) -> None:
    again, other = load(dataset.name, seed=0), load(dataset.name, seed=1)
    assert np.array_equal(again.train.inputs, dataset.train.inputs)
    assert np.array_equal(again.test.labels, dataset.test.labels)
    assert not np.array_equal(other.train.inputs, dataset.train.inputs)


def test_anomalies_look_like_their_names() -> None:
    test = load("waves").test
    values, labels = test.inputs[:, :, 0], test.labels
    swing = np.ptp(values, axis=1)
    # A dropout is a long still stretch in the middle of the range.
    still = np.array([np.ptp(np.lib.stride_tricks.sliding_window_view(row, 14), axis=1).min() for row in values])
    assert np.median(still[labels == 2] / swing[labels == 2]) < 0.3 < np.median(still[labels == 0] / swing[labels == 0])
    # A spike stands out of the mean of what lies around it by more than noise and slope do.
    jump = np.abs(np.diff(values, axis=1)).max(axis=1)
    assert np.median(jump[labels == 1]) > 1.5 * np.median(jump[labels == 0])
    # A frequency shift crosses the middle more often in the second half.
    crossings = np.diff(values > 0.5, axis=1)
    more = crossings[:, 32:].sum(axis=1) - crossings[:, :31].sum(axis=1)
    assert np.mean(more[labels == 3]) > np.mean(more[labels == 0]) + 1.5


# The user's own


@pytest.fixture
def values() -> np.ndarray:
    return np.random.default_rng(0).normal(50, 10, (40, 7, 2))


def test_an_npy_is_split_and_scaled(tmp_path: Path, values: np.ndarray) -> None:
    np.save(tmp_path / "mine.npy", values)
    found = read_sequences(tmp_path / "mine.npy")
    assert (found.train.inputs.shape, found.test.inputs.shape) == ((36, 7, 2), (4, 7, 2))
    assert found.train.inputs.dtype == np.float32
    assert np.allclose(found.train.inputs.min(axis=(0, 1)), 0)
    assert np.allclose(found.train.inputs.max(axis=(0, 1)), 1)
    assert not found.train.labels.any()
    low, high = np.array(found.units).T
    back = np.concatenate([found.train.inputs, found.test.inputs]) * (high - low) + low
    assert np.allclose(np.sort(back, axis=0), np.sort(values, axis=0), rtol=1e-5)


def test_another_file_in_the_same_units(tmp_path: Path, values: np.ndarray) -> None:
    np.save(tmp_path / "mine.npy", values)
    np.save(tmp_path / "other.npy", values + 10)
    units = read_sequences(tmp_path / "mine.npy").units
    mine, other = (read_sequences(tmp_path / name, units=units) for name in ("mine.npy", "other.npy"))
    low, high = np.array(units).T
    assert np.allclose(other.train.inputs - mine.train.inputs, 10 / (high - low), atol=1e-6)
    with pytest.raises(DataError, match="2 variables per step, expected 1"):
        read_sequences(tmp_path / "mine.npy", units=units[:1])
    np.save(tmp_path / "flat.npy", np.full((5, 4), 3.0))
    assert not read_sequences(tmp_path / "flat.npy").train.inputs.any()


def test_csv_equals_npy(tmp_path: Path, values: np.ndarray) -> None:
    np.save(tmp_path / "mine.npy", values[:, :, 0])
    lines = [", ".join(map(repr, row)) for row in values[:, :, 0].tolist()]
    (tmp_path / "mine.csv").write_text("\ufeff" + "\r\n".join(lines[:20]) + "\n\n" + "\n".join(lines[20:]) + "\n")
    one, two = read_sequences(tmp_path / "mine.npy", seed=1), read_sequences(tmp_path / "mine.csv", seed=1)
    assert one.input_shape == (7, 1)
    assert np.array_equal(one.train.inputs, two.train.inputs)
    assert np.array_equal(one.test.inputs, two.test.inputs)
    assert one.units == two.units


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1,2,3\n4,5\n", r"ragged: line 2 has 2 values, the first has 3: all sequences must be equally long"),
        ("a,b\n1,2\n", r"one sequence, at least 2"),
        ("1,a\n1,2\n", r"line 1, column 2: 'a' is not a number; if the column holds labels, .* --label-column 2$"),
        ("t,kind\n1,bad\n", r"line 2, column 2: 'bad' is not a number; .* --label-column kind$"),
        ("1,2\n3,\n", r"line 2, column 2: a value is missing \(''\): fill it in, or remove the line"),
        ("1;2\n3;4\n", r"line 1, column 1: '1;2' is not a number: values are separated by commas"),
        ("1,2\n3,nan\n", r"line 2, column 2: a value is missing \('nan'\)"),
        ("t,my kind\n1,bad\n", r"--label-column 'my kind'$"),
        (",t0,t1\n0,5,6\n1,7,8\n", r"column 1 has no name, it seems to be a row number: save with index=False$"),
        (",0,1,2,kind\n0,5,6,7,a\n", r"column 1 has no name, it seems to be a row number"),
        ("Unnamed: 0,t0,t1\n0,5,6\n1,7,8\n", r"column 1 has no name, it seems to be a row number"),
        (",5,6\n1,7,8\n", r"line 1, column 1: a value is missing"),
        ("0,1,2\n5,5.5,6\n", r"the first line looks like names that are numbers \(0, 1, …\): remove it, or write 0\.0"),
        ("2000,2001,2002\n5,6,8\n", r"the first line looks like names that are numbers \(2000, 2001, …\): remove"),
        ('"1,234.5","2"\n3,4\n', r"line 1, column 1: '1,234\.5' is not a number$"),
        ('1,2\n"3"4,5\n', r"line 2: not CSV \("),
        ("1,2\n-inf,4\n", r"line 2, column 1: -inf, must be a finite number"),
        ("", r"empty"),
        ("1,2,3\n", r"one sequence, at least 2 are needed"),
    ],
)
def test_what_is_wrong_in_a_csv_is_named_by_its_place(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "mine.csv"
    path.write_text(text)
    with pytest.raises(DataError, match=message) as raised:
        read_sequences(path)
    assert str(raised.value).startswith(f"{path}: ")


@pytest.mark.parametrize("text", ["0,1\n5,7\n", "0.0,1,2\n5,6,8\n", "1,2,4\n5,6,8\n", 'a,b,c\n0,1,2\n5,"6", "8"\n'])
def test_a_first_line_that_may_be_a_sequence_is_one(tmp_path: Path, text: str) -> None:
    (tmp_path / "mine.csv").write_text(text)
    assert len(read_table(tmp_path / "mine.csv").values) == 2


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.zeros((2, 3, 4, 5)), r"4 axes, expected \(N, T, D\) or \(N, T\)"),
        (np.zeros(3), r"1 axes, expected"),
        (np.zeros((0, 3)), r"empty \(shape \(0, 3\)\)"),
        (np.array([["a", "b"]]), r"holds <U1, expected a \.npy array of real numbers"),
        (np.zeros((3, 4), complex), r"holds complex128, expected"),
        (np.array([[1.0, 2.0], [3.0, np.nan]]), r"nan in sequence 2, step 2"),
        (np.zeros((1, 4)), r"one sequence"),
    ],
)
def test_an_npy_without_sequences_is_named(tmp_path: Path, array: np.ndarray, message: str) -> None:
    np.save(tmp_path / "mine.npy", array)
    with pytest.raises(DataError, match=message):
        read_sequences(tmp_path / "mine.npy")


def test_files_without_sequences_are_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"cannot be read \(No such file"):
        read_sequences(tmp_path / "nothing.csv")
    with pytest.raises(DataError, match=r"sequences are read from \.npy and \.csv files"):
        read_sequences(tmp_path / "mine.xlsx")
    (tmp_path / "mine.csv").write_bytes(b"1,2\n\xff\xfe,3\n")
    with pytest.raises(DataError, match=r"not a text file"):
        read_sequences(tmp_path / "mine.csv")


def test_the_source_says_how_the_file_was_understood(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    np.savetxt(tmp_path / "long.CSV", np.zeros((3000, 3)), delimiter=",")
    monkeypatch.setenv("HOME", str(tmp_path))
    found = read_sequences("~/long.CSV").source
    assert found.startswith(
        f"your own file {tmp_path / 'long.CSV'}: 3,000 sequences of 3 steps of 1 variable; each row"
    )
    np.save(tmp_path / "cut.npy", np.zeros((10, 7, 2)))
    assert read_sequences(tmp_path / "cut.npy").source.endswith(": 10 sequences of 7 steps of 2 variables")


@pytest.mark.parametrize("low", [0.0, -1e308])
def test_large_numbers_are_scaled_or_named(tmp_path: Path, low: float) -> None:
    values = np.full((40, 2), low)
    values[::2] = 1e308
    np.savetxt(tmp_path / "large.csv", values, delimiter=",")
    if low == 0:
        assert set(read_sequences(tmp_path / "large.csv").train.inputs.ravel()) == {0, 1}
    for units in ((), [(0.0, 1.0)])[low == 0 :]:
        with pytest.raises(DataError, match=r"e\+308 in sequence 1, step 1: too large for float32"):
            read_sequences(tmp_path / "large.csv", units=units)


def test_arrays_by_columns_and_of_other_types(tmp_path: Path) -> None:
    values = np.random.default_rng(0).integers(0, 100, (9, 4, 2))
    for array in (values.astype(">i2"), np.asfortranarray(values.astype(np.uint8)), values.astype(np.float16)):
        np.save(tmp_path / "mine.npy", array)
        np.testing.assert_array_equal(read_table(tmp_path / "mine.npy").values, values)


# Labels, windows and a test file of one's own


def write(path: Path, rows: list[list[object]]) -> Path:
    path.write_text("".join(",".join(map(str, row)) + "\n" for row in rows))
    return path


@pytest.mark.parametrize("column", ["4", "-1", "kind"])
def test_labelled_rows_leave_only_normal_ones_to_train_on(tmp_path: Path, column: str) -> None:
    header = [["a", "b", "c", "kind"]] if column == "kind" else []
    rows: list[list[object]] = [[i, i + 1, i + 2, (0, "normal", "0.0", "spike", 7)[i % 5]] for i in range(50)]
    data = read_sequences(write(tmp_path / "a.csv", header + rows), reading=Reading(label_column=column))
    assert data.classes == ("normal", "7", "spike")
    assert (data.input_shape, len(data.train), len(data.test)) == ((3, 1), 27, 23)
    assert not data.train.labels.any()
    assert np.bincount(data.test.labels).tolist() == [3, 10, 10]
    back = in_units(data.test.inputs, data.units)[:, 0, 0]
    np.testing.assert_allclose(back % 5, np.array([0, 4, 3])[data.test.labels], atol=2.1)
    assert "20 anomalies, all in the test split" in data.source


@pytest.mark.parametrize(("stride", "train", "test"), [(None, 9, 1), (5, 17, 1)])
def test_windows_of_a_recording_test_its_end(tmp_path: Path, stride: int | None, train: int, test: int) -> None:
    recording = np.stack([np.arange(100.0), 1000 - np.arange(100.0)], axis=1)
    np.savetxt(tmp_path / "a.csv", recording, delimiter=",")
    np.save(tmp_path / "a.npy", recording)
    found = [read_sequences(tmp_path / name, reading=Reading(10, stride)) for name in ("a.csv", "a.npy")]
    for data in found:
        assert (data.input_shape, len(data.train), len(data.test)) == ((10, 2), train, test)
        starts = in_units(data.train.inputs, data.units)[:, 0, 0]
        np.testing.assert_allclose(starts, np.arange(train) * (stride or 10), atol=1e-3)
        np.testing.assert_allclose(in_units(data.test.inputs, data.units)[0, :, 0], np.arange(90, 100), atol=1e-3)
    np.testing.assert_array_equal(found[0].train.inputs, found[1].train.inputs)


@pytest.mark.parametrize(("stride", "left_out"), [(None, 0), (5, 1), (3, 3)])
def test_windows_held_out_share_no_step_with_training(tmp_path: Path, stride: int | None, left_out: int) -> None:
    np.save(tmp_path / "a.npy", np.arange(200.0))
    data = read_sequences(tmp_path / "a.npy", reading=Reading(10, stride))
    train, held = data.hold_out(0.1, seed=0)
    assert len(held) == round(0.1 * len(data.train))
    assert len(train) + len(held) == len(data.train) - left_out
    assert not set(train.inputs.ravel()) & set(held.inputs.ravel())
    assert len(data.hold_out(0, seed=0)[0]) == len(data.train)


def test_a_window_is_anomalous_where_one_of_its_steps_is(tmp_path: Path) -> None:
    rows: list[list[object]] = [[i, "drop" if i == 33 else "normal"] for i in range(100)]
    data = read_sequences(write(tmp_path / "a.csv", rows), reading=Reading(10, None, "2"))
    assert (len(data.train), sorted(data.test.labels)) == (8, [0, 1])


@pytest.mark.parametrize(("normal", "kinds"), [("1", ("0", "2")), ("1.0", ("0", "2")), ("2", ("0", "1"))])
def test_any_label_may_be_that_of_the_normal_ones(tmp_path: Path, normal: str, kinds: tuple[str, ...]) -> None:
    path = write(tmp_path / "a.csv", [[i % 3, i, i + 1] for i in range(60)])
    data = read_sequences(path, reading=Reading(label_column="1", normal=normal))
    assert (data.classes, len(data.train)) == (("normal", *kinds), 18)
    first = in_units(data.train.inputs, data.units)[:, 0, 0]
    np.testing.assert_allclose(first % 3, float(normal), atol=1e-4)
    assert f"label {normal} is normal; 40 anomalies" in data.source


def test_a_label_called_normal_is_no_kind_of_anomaly(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", [[("normal", "spike")[i % 2], i, i + 1] for i in range(20)])
    for label in ("nope", "spike"):
        with pytest.raises(DataError, match=f"a label is normal, but --normal is {label}: rename that label"):
            read_sequences(path, reading=Reading(label_column="1", normal=label))
    assert len(read_sequences(path, reading=Reading(label_column="1", normal="Normal")).train) == 9


def test_a_test_file_and_a_training_file_without_labels(tmp_path: Path) -> None:
    train = write(tmp_path / "train.csv", [[i, i + 1] for i in range(20)])
    test = write(tmp_path / "test.csv", [["normal" if i < 5 else "x", i, i + 1] for i in range(8)])
    data = read_sequences(train, reading=Reading(label_column="1", test=str(test)))
    assert (len(data.train), data.test.labels.tolist()) == (20, [0] * 5 + [1] * 3)
    np.testing.assert_allclose(data.test.inputs[:, 0, 0], np.arange(8) / 20, atol=1e-6)
    with pytest.raises(DataError, match=r"test\.csv: no label is nope, but for example 'x'"):
        read_sequences(train, reading=Reading(label_column="1", test=str(write(test, [["x", 1, 2]])), normal="nope"))
    write(test, [["normal", 1, 2, 3]])
    with pytest.raises(DataError, match=r"test.csv: sequences \(T, D\) = \(3, 1\)"):
        read_sequences(train, reading=Reading(label_column="1", test=str(test)))


def test_anomalies_of_the_training_file_are_left_out_beside_a_test_file(tmp_path: Path) -> None:
    train = write(tmp_path / "train.csv", [[3 * (i % 11 == 0), i, i + 1] for i in range(22)])
    test = write(tmp_path / "test.csv", [["normal" if i < 5 else "x", i, i + 1] for i in range(8)])
    data = read_sequences(train, reading=Reading(label_column="1", test=str(test)))
    assert (len(data.train), len(data.test)) == (20, 8)
    assert data.source.endswith("3 anomalies, all in the test split; 2 anomalies of the training file left out")


@pytest.mark.parametrize(
    ("reading", "message"),
    [
        (Reading(label_column="kind"), r"no column 'kind', its columns are a, b"),
        (Reading(label_column="5"), r"--label-column is 5, must be from 1 to 2"),
        (Reading(label_column="2"), r"no label is 0 or normal, but for example '5': --normal"),
        (Reading(label_column="2", normal="1"), r"no label is 1, but for example '5'"),
        (Reading(normal="1"), r"--normal is 1, .*--label-column must be given"),
        (Reading(stride=2), r"--stride is 2, .*--window must be given"),
        (Reading(window=50), r"a recording of 9 steps .*--window 50: the last tenth \(1\) is the test"),
        (Reading(window=5), r"a recording of 9 steps .*--window 5: the last tenth"),
    ],
)
def test_readings_that_do_not_fit(tmp_path: Path, reading: Reading, message: str) -> None:
    path = write(tmp_path / "a.csv", [["a", "b"], *([i, 5] for i in range(9))])
    with pytest.raises(DataError, match=message):
        read_sequences(path, reading=reading)
