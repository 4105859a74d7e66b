"""Figures of a run: curves, reconstructions, samples, interpolation, the map of codes."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from minigen import backend, random
from minigen.autograd import Tensor, no_grad
from minigen.data import Dataset, Loader, Split
from minigen.evaluation.generator_measures import draw
from minigen.evaluation.rows import Row, loss_name, score_name
from minigen.models.corruption import corrupted
from minigen.models.model import Encodes, Model, Reconstructs, Samples

_PANELS = 5  # in a row
_FEW = 5  # epochs, each of which is marked: a line of one point is nothing


def draw_all(model: Model, data: Dataset, rows: Sequence[Row]) -> dict[str, Figure]:
    """Every figure that the model can give, by name; rows: those of its epochs in metrics.jsonl."""
    images = len(model.input_shape) == 3
    drawn = {}
    model.eval()
    with no_grad(), random.stream(model.config.seed):
        if rows:
            drawn["curves"] = curves(rows)
        if rows and any("/" in name for name in rows[0]["train"]):
            drawn["gradient_norms"] = gradient_norms(rows)
        if model.input_shape[-1] > 1 and isinstance(model, Reconstructs):
            drawn["reconstructions"] = reconstructions(model, data.test)
        if isinstance(model, Samples):
            drawn["samples"] = samples(model)
        if images and isinstance(model, Encodes):
            drawn["interpolation"] = interpolation(model, data.test)
        if isinstance(model, Encodes):
            drawn["latent_map"] = latent_map(model, data)
    return drawn


def image_grid(images: Any, columns: int) -> Any:
    """(N, C, H, W) in [0, 1] -> one picture (rows·H, columns·W) or with a last axis of 3 colours."""
    count, channels, height, width = images.shape
    rows = -(-count // columns)
    paper = 0 if channels == 1 else 1  # grey images are drawn dark on light
    sheet = np.full((rows * columns, channels, height, width), paper, dtype=np.float32)
    sheet[:count] = np.clip(images, 0, 1)
    picture = sheet.reshape(rows, columns, channels, height, width).transpose(0, 3, 1, 4, 2)
    picture = picture.reshape(rows * height, columns * width, channels)
    return picture[..., 0] if channels == 1 else picture


def show_images(images: Any, columns: int, title: str, labels: list[str] | None = None) -> Figure:
    """A figure of images in a grid; `labels` name the rows."""
    picture = image_grid(images, columns)
    _, height, width = images.shape[1:]
    scale = 28 / max(28, width) * 0.5  # inches per image
    figure = Figure(figsize=(columns * scale + 1.0, picture.shape[0] / height * scale + 0.6), layout="constrained")
    axes = figure.add_subplot()
    axes.imshow(picture, cmap="gray_r", vmin=0, vmax=1, interpolation="nearest")
    axes.set_title(title, fontsize=10)
    axes.set_xticks([])
    if labels is None:
        axes.set_yticks([])
    else:
        axes.set_yticks([(row + 0.5) * height for row in range(len(labels))], labels)
        axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    return figure


def enlarged(images: Any, height: int) -> Any:
    """Images (N, C, h, w), each pixel as a square, so that small ones stand beside those of `height`."""
    scale = height // images.shape[2]
    return images.repeat(scale, axis=2).repeat(scale, axis=3)


def curves(rows: Sequence[Row]) -> Figure:
    """Training and validation measures by epoch: a panel for what is minimised, for each other term, and for each
    measure of a generator's samples.
    """
    epochs = [row["epoch"] for row in rows]
    marker = "o" if len(epochs) <= _FEW else ""
    measured = [row["train"] | row.get("samples", {}) for row in rows]
    names = [name for name in measured[0] if "/" not in name]  # gradient_norms shows the layers
    columns = min(len(names), _PANELS)
    figure = Figure(figsize=(3.2 * columns, 2.8 * -(-len(names) // columns)), layout="constrained")
    for position, name in enumerate(names):
        axes = figure.add_subplot(-(-len(names) // columns), columns, position + 1)
        axes.plot(epochs, [row[name] for row in measured], marker=marker, label="training")
        held_out = [row.get("validation", {}) for row in rows]
        measure = name if name in held_out[0] else None
        if name == loss_name(rows[0]) and held_out[0]:
            measure = score_name(rows[0])
        if measure is not None:
            axes.plot(epochs, [row[measure] for row in held_out], marker=marker, label="validation")
            axes.legend(frameon=False, fontsize=8)
        axes.set_title(name.replace("_", " "), fontsize=10)
        axes.set_xlabel("epoch")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        axes.spines[["top", "right"]].set_visible(False)
    return figure


def gradient_norms(rows: Sequence[Row]) -> Figure:
    """The mean norm of each layer's gradient in the first epoch and in the last, from the input to the output."""
    nets: dict[str, list[str]] = {}
    for net, layer in (name.split("/") for name in rows[0]["train"] if "/" in name):
        nets.setdefault(net, []).append(layer)
    depth = max(len(layers) for layers in nets.values())
    at_depth = [dict.fromkeys(layers[i] for layers in nets.values() if i < len(layers)) for i in range(depth)]
    figure = Figure(figsize=(9.0, 3.4), layout="constrained")
    for axes, row in zip(figure.subplots(1, 2, sharey=True), (rows[0], rows[-1]), strict=True):
        for net, layers in nets.items():
            axes.plot([row["train"][f"{net}/{layer}"] for layer in layers], marker="o", label=net)
        axes.set_yscale("log")
        axes.set_title(f"gradient norm by layer, epoch {row['epoch']}", fontsize=10)
        axes.set_xticks(range(depth), ["\n".join(layers) for layers in at_depth], fontsize=8)
        axes.legend(frameon=False, fontsize=8)
        axes.spines[["top", "right"]].set_visible(False)
    return figure


def reconstructions(model: Any, test: Split, count: int = 10) -> Figure:
    """Test images, or sequences as pictures, above their reconstructions; with --corrupt, damaged in between.

    A column for each of the first `count` examples, fewer where the test set has fewer.
    """
    x = _first(model, test, count)
    kind = "image" if x.ndim == 4 else "sequence"
    how = getattr(model.config, "corrupt", "none")
    rows, names = [x.numpy()], [kind]
    if how != "none":
        x = Tensor(corrupted(x.data, how, training=True))
        rows, names = [*rows, x.numpy()], [*names, how]
    pictures = np.concatenate([*rows, model.reconstruct(x).numpy()])
    if pictures.ndim == 3:  # a sequence of several values (T, D) is a picture too
        pictures = pictures[:, None]
    return show_images(pictures, len(x), f"test {kind}s and their reconstructions", [*names, "from code"])


def samples(model: Any, columns: int = 10) -> Figure:
    """Images from noise, which is the same in every run of one seed."""
    images = draw(model, columns * columns, _device(model), model.config.seed)
    return show_images(images, columns, "samples: noise of N(0, 1), decoded")


def interpolation(model: Encodes, test: Split, rows: int = 5, columns: int = 10) -> Figure:
    """From one test image's code to another's on a straight line, each point decoded; a single image is both ends."""
    codes = model.encode(_first(model, test, 2 * rows)).numpy()
    rows = max(1, len(codes) // 2)
    steps = np.linspace(0, 1, columns, dtype=np.float32)[:, None]
    path = np.concatenate([(1 - steps) * codes[row] + steps * codes[-1 - row] for row in range(rows)])
    images = model.decode(Tensor(backend.to_device(path, _device(model)))).numpy()
    return show_images(images, columns, "between the codes of two test images")


def latent_map(model: Any, data: Dataset, count: int = 1000) -> Figure:
    """Test images' or sequences' codes in the plane of their two greatest variances, coloured by class."""
    batch = Loader(data.test, count, 0, _device(model), shuffle=False).first(count)
    lengths = () if batch.lengths is None else (batch.lengths,)
    return code_map(model.encode(Tensor(batch.inputs), *lengths).numpy(), data.test.labels[:count], data.classes)


def code_map(codes: Any, labels: Any, names: Sequence[str]) -> Figure:
    """Codes (N, Z) in the plane of their two greatest variances.

    labels: (N,), each point's class, by which it is coloured; None: each point has a name of its own.
    """
    plane, share = project(codes)
    figure = Figure(figsize=(5.5, 4.6), layout="constrained")
    axes = figure.add_subplot()
    if labels is None:
        axes.scatter(plane[:, 0], plane[:, 1], s=8, alpha=0.7, linewidths=0)
        for name, point in zip(names, plane, strict=True):
            axes.annotate(name, point, fontsize=6, xytext=(2, 2), textcoords="offset points", parse_math=False)
    else:
        for label, name in enumerate(names):
            points = plane[labels == label]
            color = f"C{label}"
            axes.scatter(points[:, 0], points[:, 1], s=8, color=color, label=name, alpha=0.7, linewidths=0)
        axes.legend(frameon=False, fontsize=8, loc="center left", bbox_to_anchor=(1, 0.5), markerscale=2)
    axes.set_title(f"codes of {len(plane)} inputs ({share:.0%} of their variance)", fontsize=10)
    axes.spines[["top", "right"]].set_visible(False)
    return figure


def project(codes: Any) -> tuple[Any, float]:
    """Codes (N, Z) on their two principal axes (N, 2), and the share of the variance that these show.

    A code of two numbers or one is shown as it is.
    """
    if codes.shape[1] <= 2:
        return np.pad(codes, [(0, 0), (0, 2 - codes.shape[1])]), 1.0
    centred = codes - codes.mean(axis=0)
    _, singular, axes = np.linalg.svd(centred, full_matrices=False)
    plane = centred @ axes[:2].T
    share = (singular[:2] ** 2).sum() / max((singular**2).sum(), np.finfo(singular.dtype).tiny)
    return np.pad(plane, [(0, 0), (0, 2 - plane.shape[1])]), float(share)


def _first(model: Any, split: Split, count: int) -> Tensor:
    return Tensor(Loader(split, count, 0, _device(model), shuffle=False).first(count).inputs)


def _device(model: Any) -> str:
    return str(next(model.parameters()).device)


def png(figure: Figure) -> bytes:
    """The figure as the content of a PNG file."""
    content = io.BytesIO()
    figure.savefig(content, format="png", dpi=120, metadata={"Software": None})
    return content.getvalue()
