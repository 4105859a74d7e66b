from __future__ import annotations

import re
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from safetensors.numpy import load_file
from small_runs import small_run

import minigen
from minigen import Tensor, backend, rng
from minigen.data import load
from minigen.inference.arrays import UseError
from minigen.inference.loading import load as load_run
from minigen.inference.trained import AT_ONCE, Trained


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory, device: str) -> Callable[..., Trained]:
    """A small trained model by its name, trained once."""
    made: dict[str, Trained] = {}

    def get(name: str, **options: object) -> Trained:
        key = f"{name} {options}"
        if key not in made:
            made[key] = load_run(small_run(tmp_path_factory.mktemp("runs") / "run", name, **options), device)
        return made[key]

    return get


@pytest.fixture(scope="module")
def digits() -> np.ndarray:
    return load("mnist5k").test.inputs[::100]


def test_samples_are_the_decoded_noise_of_a_seed(trained: Callable[..., Trained]) -> None:
    vae = trained("vae")
    images = vae.sample(5, seed=7)
    assert images.shape == (5, 1, 28, 28)
    assert images.dtype == np.float32
    assert (images.min() >= 0, images.max() <= 1) == (True, True)
    np.testing.assert_array_equal(images, vae.sample(5, seed=7))
    assert (images != vae.sample(5, seed=8)).any()
    np.testing.assert_array_equal(images, vae.decode(vae.noise(5, seed=7)))


def test_temperature_is_the_noises_standard_deviation(trained: Callable[..., Trained]) -> None:
    vae = trained("vae")
    np.testing.assert_array_equal(vae.sample(3, 1, temperature=0.5), vae.decode(0.5 * vae.noise(3, 1)))
    cold = vae.sample(3, 1, temperature=0)
    np.testing.assert_array_equal(cold[0], cold[1])


def test_encodes_decodes_and_reconstructs(trained: Callable[..., Trained], digits: np.ndarray) -> None:
    ae = trained("ae")
    codes = ae.encode(digits)
    assert codes.shape == (10, 3)
    np.testing.assert_allclose(ae.encode(digits.astype(np.float32) / 255), codes, atol=1e-6)
    np.testing.assert_allclose(ae.reconstruct(digits), ae.decode(codes), atol=1e-6)
    error = ((ae.reconstruct(digits) - digits / np.float32(255)) ** 2).mean(axis=(1, 2, 3))
    np.testing.assert_allclose(ae.score(digits), error, rtol=1e-5)


@pytest.mark.parametrize(
    ("name", "options"), [("cnn", {"hidden": 16}), ("ddnet", {"epochs": 1}), ("sae", {"mode": "joint"})]
)
def test_classifies_with_the_softmax_of_its_logits(
    trained: Callable[..., Trained], digits: np.ndarray, name: str, options: dict[str, Any]
) -> None:
    chances = trained(name, **options).classify(digits)
    assert chances.shape == (10, 10)
    assert trained(name, **options).data.classes == tuple("0123456789")
    x = backend.to_device(digits.astype(np.float32) / 255, trained(name, **options).config.device)
    logits = trained(name, **options).model.classify(Tensor(x)).numpy()  # type: ignore[operator, union-attr]
    np.testing.assert_allclose(chances, np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True), rtol=1e-4)


def test_a_code_that_saw_no_label_classifies_once_a_classifier_is_fitted(
    trained: Callable[..., Trained], digits: np.ndarray
) -> None:
    sae = trained("sae")
    codes = sae.encode(digits)
    with pytest.raises(
        UseError, match=r"sae was trained without labels: first call trained\.model\.fit_classifier\(.*'mnist5k'"
    ):
        sae.classify(digits)
    sae.model.fit_classifier(load("mnist5k"))  # type: ignore[operator]
    assert (sae.classify(digits).argmax(axis=1) == load("mnist5k").test.labels[::100]).mean() >= 0.5
    np.testing.assert_array_equal(sae.encode(digits), codes)


def test_many_examples_pass_in_parts(trained: Callable[..., Trained], digits: np.ndarray) -> None:
    ae = trained("ae")
    many = np.concatenate([digits] * (AT_ONCE // 10 + 1))
    np.testing.assert_allclose(ae.encode(many)[-10:], ae.encode(digits), atol=1e-5)


def test_interpolates_on_a_straight_line_of_codes(trained: Callable[..., Trained], digits: np.ndarray) -> None:
    ae = trained("ae")
    path, codes = ae.interpolate(digits[0], digits[1], steps=5), ae.encode(digits[:2])
    np.testing.assert_allclose(path[0], ae.reconstruct(digits[:1])[0], atol=1e-5)
    np.testing.assert_allclose(path[2], ae.decode(codes.mean(axis=0, keepdims=True))[0], atol=1e-5)
    np.testing.assert_allclose(path[4], ae.reconstruct(digits[1:2])[0], atol=1e-5)


def test_a_generator_goes_from_noise_to_noise(trained: Callable[..., Trained]) -> None:
    gan = trained("gan")
    path = gan.interpolate_noise(1, 2, steps=4)
    np.testing.assert_allclose(path[[0, 3]], np.concatenate([gan.sample(1, 1), gan.sample(1, 2)]), atol=1e-5)
    still = gan.interpolate_noise(1, 1, steps=3)
    np.testing.assert_array_equal(still[0], still[2])


def test_a_generator_of_one_noise_goes_along_its_line(trained: Callable[..., Trained]) -> None:
    gan = trained("gan", latent=1)
    path = gan.interpolate_noise(0, 1, steps=4)
    np.testing.assert_allclose(path[[0, 3]], np.concatenate([gan.sample(1, 0), gan.sample(1, 1)]), atol=1e-5)
    assert np.isfinite(path).all()


def test_restores_images_of_any_size(trained: Callable[..., Trained], digits: np.ndarray) -> None:
    deconv = trained("deconv", scale=2)
    damaged = deconv.damage(digits[:2])
    assert damaged.shape == (2, 1, 14, 14)
    assert deconv.restore(damaged).shape == (2, 1, 28, 28)
    restored = deconv.restore(np.random.default_rng(0).random((3, 1, 9, 21)))
    assert restored.shape == (3, 1, 18, 42)
    assert 0 <= restored.min() <= restored.max() <= 1


@pytest.mark.parametrize("options", [{"scale": 4}, {"scale": 2}, {"task": "denoise"}])
def test_a_large_image_is_restored_in_tiles(
    trained: Callable[..., Trained], options: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As it would be at once; the size is no multiple of a tile's."""
    deconv, image = trained("deconv", **options), np.random.default_rng(0).random((1, 1, 37, 70))
    whole = deconv.restore(image)
    monkeypatch.setattr("minigen.inference.trained.TILE", 16)
    np.testing.assert_allclose(deconv.restore(image), whole, atol=1e-5)


def test_noise_that_is_to_be_removed_is_damage(trained: Callable[..., Trained], digits: np.ndarray) -> None:
    deconv = trained("deconv", task="denoise", noise=0.1)
    damaged = deconv.damage(digits, seed=4)
    assert 0.05 < (damaged - digits / np.float32(255)).std() < 0.15
    np.testing.assert_array_equal(damaged, deconv.damage(digits, seed=4))


def test_sequences_are_scored_and_encoded_by_their_lengths(trained: Callable[..., Trained]) -> None:
    rae = trained("recurrent-ae", data="waves-varied")
    test = load("waves-varied").test.take(range(6))
    scores = rae.score(test.inputs, test.lengths)
    assert scores.shape == (6,)
    longer = np.array(test.inputs)
    longer[0, test.lengths[0] :] = 0.7  # behind its end
    np.testing.assert_allclose(rae.score(longer, test.lengths), scores, rtol=1e-5)
    np.testing.assert_allclose(rae.encode(longer, test.lengths), rae.encode(test.inputs, test.lengths), atol=1e-6)


def test_a_score_is_the_error_of_what_is_reconstructed(trained: Callable[..., Trained]) -> None:
    rae = trained("recurrent-ae", data="waves-varied")
    test = load("waves-varied").test.take(range(6))
    squares = (rae.reconstruct(test.inputs, test.lengths) - test.inputs) ** 2
    inside = [square[:length].mean() for square, length in zip(squares, test.lengths, strict=True)]
    np.testing.assert_allclose(rae.score(test.inputs, test.lengths), inside, rtol=1e-4)


# What people pass


def test_what_people_pass_is_understood(trained: Callable[..., Trained], digits: np.ndarray) -> None:
    ae, deconv = trained("ae"), trained("deconv", scale=2)
    floats, picture = digits / np.float32(255), Image.fromarray(digits[0, 0])
    for one in (digits[0], digits[0, 0], picture, [picture], picture.convert("RGB"), minigen.tensor(floats[:1])):
        np.testing.assert_allclose(ae.encode(one), ae.encode(digits[:1]), atol=1e-6)
    for several in (digits[:, 0], list(digits), digits.tolist(), [Image.fromarray(x[0]) for x in digits]):
        several = np.array(several) / 255 if isinstance(several[0], list) else several
        np.testing.assert_allclose(ae.encode(several), ae.encode(digits), atol=1e-6)
    for same in (floats[:3, 0], Image.fromarray(digits[0, 0])):
        assert deconv.restore(same).shape[1:] == (1, 56, 56)


def test_only_pictures_are_divided(trained: Callable[..., Trained]) -> None:
    codes = np.array([[0, 1, 2], [3, 4, 5]], np.uint8)
    np.testing.assert_array_equal(trained("ae").decode(codes), trained("ae").decode(codes.astype(float)))
    waves = trained("recurrent-ae", data="waves")
    steps = np.ones((2, 64, 1), np.uint8)
    np.testing.assert_array_equal(waves.encode(steps[:, :, 0]), waves.encode(steps.astype(float)))


def test_the_users_units_go_in_and_come_out(trained: Callable[..., Trained], tmp_path: Path) -> None:
    raw = 1000 + 50 * np.random.default_rng(0).random((100, 8, 2))
    np.save(tmp_path / "own.npy", raw)
    run = trained("recurrent-ae", data_file=str(tmp_path / "own.npy"))
    low, high = np.array(run.data.units).T
    y, x = ((values - low) / (high - low) for values in (run.reconstruct(raw), raw))
    assert 0 <= y.min() <= y.max() <= 1
    np.testing.assert_allclose(run.score(raw), ((y - x) ** 2).mean(axis=(1, 2)), rtol=1e-3)
    np.testing.assert_allclose(run.decode(run.encode(raw)), run.reconstruct(raw), rtol=1e-5)
    np.testing.assert_allclose(run.interpolate(raw[0], raw[1])[0], run.reconstruct(raw[0])[0], rtol=1e-5)
    assert not run.reconstruct(raw, lengths=np.full(100, 5))[:, 5:].any(), "behind the end"


def test_threads_do_not_disturb_each_other(
    trained: Callable[..., Trained], digits: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    vae, all_have_seeds = trained("vae"), threading.Barrier(4)
    alone = [(vae.sample(20, seed), vae.encode(digits)) for seed in range(4)]
    monkeypatch.setattr(rng, "_require_size", lambda shape: all_have_seeds.wait(20))  # called before each draw
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda seed: (vae.sample(20, seed % 4), vae.encode(digits)), range(16)))
    for number, found in enumerate(together):
        for one, other in zip(found, alone[number % 4], strict=True):
            np.testing.assert_array_equal(one, other)


# Refusals


@pytest.mark.parametrize(
    ("use", "message"),
    [
        (lambda t, x: t.restore(x), "ae cannot restore: that is for deconv"),
        (lambda t, x: t.damage(x), "ae cannot restore: that is for deconv"),
        (lambda t, x: t.classify(x), "ae cannot classify: that is for sae, cnn, ddnet"),
        (lambda t, x: t.sample(1), "ae cannot sample: that is for vae, conv-vae, gan, dcgan, wgan-gp"),
        (lambda t, x: t.encode(x[0, 0, 0]), r"inputs has shape \(28,\), must be \(N, 1, 28, 28\)"),
        (lambda t, x: t.encode(x // 255), "inputs: the largest uint8 value is 1, must be up to 255"),
        (lambda t, x: t.encode([Image.new("L", (9, 9)), x[0]]), "inputs holds PIL images and other things"),
        (lambda t, x: t.interpolate(x[:2], x[1]), "start holds 2 examples, must be one"),
        (lambda t, x: t.encode(x[:0]), r"inputs has shape \(0, 1, 28, 28\), must be \(N, 1, 28, 28\)"),
        (lambda t, x: t.encode(np.full_like(x, np.nan, dtype=float)), "inputs holds NaN or infinity"),
        (lambda t, x: t.encode(np.array(["digit"])), "inputs holds <U5, must be numbers"),
        *(
            (lambda t, x, use=use: getattr(t, use)(x, lengths=[3]), "ae knows no lengths: they belong to sequences")
            for use in ("encode", "reconstruct", "score")
        ),
        (lambda t, x: t.decode(np.zeros((1, 4))), r"codes has shape \(1, 4\), must be \(N, 3\)"),
        (lambda t, x: t.encode([[1], [1, 2]]), "inputs is no array"),
        (lambda t, x: t.interpolate(x[0], x[1][:, :9]), r"end has shape \(1, 9, 28\), must be"),
        (lambda t, x: t.interpolate(x[0], x[1], steps=5.0), "steps is 5.0, must be an integer from 2"),
        (lambda t, x: t.interpolate(x[0], x[1], steps=1), "steps is 1, must be an integer from 2 to 1,000,000"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(
    trained: Callable[..., Trained], digits: np.ndarray, use: Callable[[Trained, np.ndarray], object], message: str
) -> None:
    with pytest.raises(UseError, match=message):
        use(trained("ae"), digits)


@pytest.mark.parametrize(
    ("lengths", "message"),
    [
        ([3], r"lengths has shape \(1,\), must be \(2,\)"),
        ([0, 64], "lengths are int64 from 0 to 64, must be integers from 1 to 64"),
        ([1, 65], "lengths are int64 from 1 to 65, must be integers from 1 to 64"),
        ([1.5, 2], r"lengths are float64 from 1\.5 to 2\.0, must be integers from 1 to 64"),
        (["a", "b"], "lengths holds <U1, must be numbers"),
    ],
)
def test_impossible_lengths_are_refused(trained: Callable[..., Trained], lengths: list[object], message: str) -> None:
    rae, x = trained("recurrent-ae", data="waves-varied"), np.zeros((2, 64, 1))
    for use in (rae.encode, rae.reconstruct, rae.score):
        with pytest.raises(UseError, match=message):
            use(x, lengths)


@pytest.mark.parametrize("kind", ["int64", "float32"])
def test_images_that_are_not_scaled_are_refused(trained: Callable[..., Trained], digits: np.ndarray, kind: str) -> None:
    message = r"inputs holds values from 0 to 255, images must be in \[0, 1\], or uint8"
    for use in (
        trained("ae").encode,
        trained("ae").reconstruct,
        trained("ae").score,
        trained("deconv", scale=2).damage,
    ):
        with pytest.raises(UseError, match=message):
            use(digits.astype(kind))


def test_noise_may_leave_the_range_where_the_model_learned_from_noise(
    trained: Callable[..., Trained], digits: np.ndarray
) -> None:
    noisy = digits / np.float32(255) + np.random.default_rng(0).normal(0, 0.3, digits.shape)
    denoising = trained("ae", corrupt="gaussian:0.3")
    assert denoising.reconstruct(noisy).shape == digits.shape
    assert trained("deconv", task="denoise", noise=0.1).restore(noisy).shape == digits.shape
    for use in (denoising.reconstruct, trained("deconv", task="denoise", noise=0.1).restore):
        with pytest.raises(UseError, match=r"holds values from 0 to 255, images must be in \[0, 1\], or uint8"):
            use(digits.astype(int))
    with pytest.raises(UseError, match=r"images must be in \[0, 1\], or uint8"):
        trained("ae").reconstruct(noisy)


@pytest.mark.parametrize("seed", [-1, 2**64, 1.5])
def test_impossible_seeds_are_refused(trained: Callable[..., Trained], digits: np.ndarray, seed: float) -> None:
    message = re.escape(f"seed is {seed}, must be an integer from 0 to {2**64 - 1:,}")
    gan, deconv = trained("gan"), trained("deconv", scale=2)
    for use in (gan.sample, gan.noise, lambda count, seed: deconv.damage(digits[:count], seed)):
        with pytest.raises(UseError, match=message):
            use(1, seed=seed)
    with pytest.raises(UseError, match=message):
        gan.interpolate_noise(0, seed)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        *(
            ({"count": count}, rf"count is {count!r}, must be an integer from 1 to")
            for count in (0, 3.5, "3", True, None)
        ),
        *(({"count": 1, "temperature": t}, rf"temperature is {t!r}, must be a number from 0") for t in (-1.0, "1")),
        ({"count": 1, "temperature": float("nan")}, "temperature is nan, must be a number from 0 to 1,000,000"),
    ],
)
def test_impossible_samples_are_refused(trained: Callable[..., Trained], options: dict[str, Any], message: str) -> None:
    with pytest.raises(UseError, match=message):
        trained("vae").sample(**options)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("name", ["vae", "gan"])
def test_the_widest_noise_still_gives_pixels(trained: Callable[..., Trained], name: str) -> None:
    images = trained(name).sample(3, temperature=1e6)
    assert 0 <= images.min() <= images.max() <= 1


def test_a_classifier_has_no_code(trained: Callable[..., Trained], digits: np.ndarray) -> None:
    with pytest.raises(UseError, match="cnn cannot encode: that is for ae, sae"):
        trained("cnn", epochs=1).encode(digits)


def test_a_run_says_in_one_line_what_it_is(trained: Callable[..., Trained]) -> None:
    count = sum(p.size for p in trained("vae").model.parameters())
    assert re.fullmatch(rf"Trained\(vae: {count:,} parameters, (1 epoch|\d+ epochs) on mnist5k\)", repr(trained("vae")))
    for verb in re.search("can</th><td>(.*?)</td>", trained("vae")._repr_html_())[1].split(", "):
        getattr(trained("vae"), verb)
    assert "sample, " in trained("vae")._repr_html_()
    assert "sample" not in trained("ae")._repr_html_()
    assert "<td>classify</td>" in trained("cnn")._repr_html_()


def test_the_ends_of_a_path_may_be_bytes_or_floats(trained: Callable[..., Trained], digits: np.ndarray) -> None:
    floats = digits / np.float32(255)
    expected = trained("vae").interpolate(digits[0], digits[1])
    np.testing.assert_allclose(trained("vae").interpolate(digits[0], floats[1]), expected, atol=1e-6)


# Export


def test_exports_the_weights_alone(trained: Callable[..., Trained], tmp_path: Path) -> None:
    vae = trained("vae")
    weights = load_file(vae.export(tmp_path / "vae.safetensors"))
    assert weights.keys() == vae.model.state_dict().keys()
    for name, array in vae.model.state_dict().items():
        np.testing.assert_array_equal(weights[name], backend.to_device(array, "cpu"))


def test_five_lines_of_the_readme(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small_run(tmp_path / "runs" / "vae")
    monkeypatch.chdir(tmp_path)
    readme = (Path(__file__).parents[2] / "README.md").read_text()
    (block,) = (part.split("```")[0] for part in readme.split("```python\n")[1:] if "minigen.load" in part)
    assert len([line for line in block.splitlines() if line]) <= 5
    names: dict[str, np.ndarray] = {}
    exec(block, names)
    assert [names[name].shape for name in ("digits", "codes", "between")] == [(16, 1, 28, 28), (16, 3), (10, 1, 28, 28)]
