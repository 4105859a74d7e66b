"""Figures of a run: curves, reconstructions, samples, interpolation, the map of codes."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from minigen import backend, rng
from minigen.autograd import Tensor, no_grad
from minigen.data import Batch, Dataset, Split
from minigen.data.own_sequences import in_units
from minigen.evaluation.batches import codes
from minigen.evaluation.drawing import Figure, class_colors, legend, logarithmic, styled, whole_ticks
from minigen.evaluation.generator_measures import draw
from minigen.evaluation.rows import Numbers, Row, loss_name, score_name
from minigen.evaluation.text import counted, shown
from minigen.models.corruption import corrupted
from minigen.models.model import Encodes, Model, Reconstructs, Samples

DPI = 120
MOST_LINES = 7  # variables of a sequence that are drawn as lines; more of them are the columns of a picture
_LARGEST = 20.0  # inches of a figure of images
_PANELS = 5  # per row
_FEW = 5  # epochs or steps that are marked one by one, as a line of a single point is invisible


def draw_all(model: Model, data: Dataset, rows: Sequence[Row]) -> dict[str, Figure]:
    """All figures that the model allows, by name; rows: those of its epochs in metrics.jsonl."""
    images = len(model.input_shape) == 3
    drawn = {}
    model.eval()
    with no_grad(), rng.stream(model.config.seed):
        if rows:
            drawn["curves"] = curves(rows)
        if rows and any("/" in name for name in rows[0]["train"]):
            drawn["gradient_norms"] = gradient_norms(rows)
        if isinstance(model, Reconstructs) and (images or model.input_shape[-1] > MOST_LINES):
            drawn["reconstructions"] = reconstructions(model, data.test)
        if isinstance(model, Samples):
            drawn["samples"] = samples(model)
        if images and isinstance(model, Encodes):
            drawn["interpolation"] = interpolation(model, data.test)
        if isinstance(model, Encodes):
            drawn["latent_map"] = latent_map(model, data)
    return drawn


def image_grid(images: Any, columns: int) -> Any:
    """(N, C, H, W) in [0, 1] -> one picture (rows·H, columns·W), with a last axis of 3 for colours."""
    count, channels, height, width = images.shape
    rows = -(-count // columns)
    paper = 0 if channels == 1 else 1  # grey images are drawn dark on light
    sheet = np.full((rows * columns, channels, height, width), paper, dtype=np.float32)
    sheet[:count] = np.clip(images, 0, 1)
    picture = sheet.reshape(rows, columns, channels, height, width).transpose(0, 3, 1, 4, 2)
    picture = picture.reshape(rows * height, columns * width, channels)
    return picture[..., 0] if channels == 1 else picture


def grid_levels(images: Any, columns: int, scale: int) -> Any:
    """The picture that `image_grid` gives as levels 0 … 255: grey is dark on light, each pixel scale × scale."""
    picture = image_grid(images, columns)
    levels = np.round(255 * (1 - picture if picture.ndim == 2 else picture)).astype(np.uint8)
    return levels.repeat(scale, axis=0).repeat(scale, axis=1)


@styled
def show_images(images: Any, columns: int, title: str, labels: list[str] | None = None) -> Figure:
    """A figure of images in a grid; `labels` name the rows.

    Images are half an inch large, larger where they are few or have more pixels, but the figure is at most 20 inches.
    """
    title = shown(title, 100)
    picture = image_grid(images, columns)
    height, width = images.shape[2:]
    inches = max(min(max(5 / columns, 0.5), 1.5) / max(height, width), 1 / DPI)  # per pixel
    inches = min(inches, _LARGEST / max(picture.shape[:2]))
    margin = 0.3 + 0.08 * max(map(len, "\n".join(labels).split("\n"))) if labels else 0.2
    wide = max(picture.shape[1] * inches + margin, 0.085 * len(title))
    figure = Figure(figsize=(wide, picture.shape[0] * inches + 0.5), layout="constrained")
    axes = figure.add_subplot()
    axes.imshow(picture, cmap="gray_r", vmin=0, vmax=1, interpolation="nearest")
    figure.suptitle(title, fontsize=10)
    axes.set_xticks([])
    axes.set_yticks([(row + 0.5) * height for row in range(len(labels or []))], labels or [])
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    return figure


def enlarged(images: Any, height: int) -> Any:
    """Images (N, C, h, w) with each pixel as a square, to be shown beside larger ones of `height` pixels."""
    scale = height // images.shape[2]
    return images.repeat(scale, axis=2).repeat(scale, axis=3)


@styled
def show_sequences(
    x: Any, decoded: Any, titles: Sequence[str], lengths: Any = None, columns: int = 4, units: Any = ()
) -> Figure:
    """A panel for each sequence and its reconstruction, if any; a single variable is drawn in its own units.

    x, decoded: (N, T, D) in [0, 1]; titles: of the panels; lengths: (N,) or None, and units, as in Dataset.
    """
    columns, variables = min(columns, len(x)), x.shape[2]
    rows = -(-len(x) // columns)
    figure = Figure(figsize=(max(2.4 * columns, 4) + 0.5, 1.4 * rows + 1), layout="constrained")
    panels = figure.subplots(rows, columns, squeeze=False, sharex=True, sharey=True)
    single = variables == 1
    colors = [("0.6", "C3")] if single else [(f"C{variable}",) * 2 for variable in range(variables)]
    ends = [x.shape[1]] * len(x) if lengths is None else lengths
    both = np.stack([x] if decoded is None else [x, decoded], axis=1)  # (N, 1 or 2, T, D)
    both = in_units(both, units) if single else both
    from_code: list[Any] = []
    for axes, title, (true, *made), end in zip(panels.flat, titles, both, ends, strict=False):
        marker, steps = "o" if end <= _FEW else "", range(1, end + 1)
        handles = []
        for variable, (color, of_code) in enumerate(colors):
            handles += axes.plot(
                steps, true[:end, variable], lw=2, alpha=1 if single else 0.4, color=color, marker=marker
            )
            for y in made:
                from_code = axes.plot(steps, y[:end, variable], lw=1, color=of_code, marker=marker, markersize=3)
        axes.set_title(shown(title), fontsize=8)
        whole_ticks(axes.xaxis)
    for axes in panels.flat[len(x) :]:
        axes.set_visible(False)
    names = ["sequence"] if single else [f"variable {number}" for number in range(1, variables + 1)]
    legend(panels[0, -1], [*handles, *from_code], names + ["from code"] * len(from_code), outside=True)
    figure.supxlabel("step", fontsize=8)
    scaled = "value" if not units else "value, as in the file" if single else "value, scaled to [0, 1]"
    figure.supylabel(scaled, fontsize=8)
    return figure


@styled
def curves(rows: Sequence[Row]) -> Figure:
    """Training and validation measures by epoch: a panel for what is minimised, for each other term, and for each
    measure of a generator's samples. An epoch may lack one, as where a net took no step.
    """
    marker = "o" if len(rows) <= _FEW else ""
    measured = [row["train"] | row.get("samples", {}) for row in rows]
    held_out = [row.get("validation", {}) for row in rows]
    names = list(dict.fromkeys(name for row in measured for name in row if "/" not in name))  # others: gradient_norms

    def course(axes: Any, numbers: Sequence[Numbers], name: str, dashes: str) -> list[Any]:
        points = [(row["epoch"], found[name]) for row, found in zip(rows, numbers, strict=True) if name in found]
        return list(axes.plot(*zip(*points, strict=True), marker=marker, ls=dashes))

    columns = min(len(names), _PANELS)
    figure = Figure(figsize=(3.2 * columns, 2.8 * -(-len(names) // columns)), layout="constrained")
    for position, name in enumerate(names):
        axes = figure.add_subplot(-(-len(names) // columns), columns, position + 1)
        lines = course(axes, measured, name, "-")
        measure = name if name in held_out[0] else None
        if name == loss_name(rows[0]) and held_out[0]:
            measure = score_name(rows[0])
        if measure is not None:
            lines += course(axes, held_out, measure, "--")
            legend(axes, lines, ["training", "validation"])
        axes.set_title(shown(name.replace("_", " ")))
        axes.set_xlabel("epoch")
        whole_ticks(axes.xaxis)
    return figure


@styled
def gradient_norms(rows: Sequence[Row]) -> Figure:
    """The mean norm of each layer's gradient in the first epoch and in the last, from the input to the output."""
    nets: dict[str, list[str]] = {}
    for net, layer in (name.split("/") for name in rows[0]["train"] if "/" in name):
        nets.setdefault(net, []).append(layer)
    depth = max(len(layers) for layers in nets.values())
    at_depth = [dict.fromkeys(layers[i] for layers in nets.values() if i < len(layers)) for i in range(depth)]
    ends = rows[:1] if len(rows) == 1 else [rows[0], rows[-1]]
    figure = Figure(figsize=(max(4.5, 0.7 * depth + 0.8) * len(ends), 3.4), layout="constrained")
    panels = figure.subplots(1, len(ends), sharey=True, squeeze=False)[0]
    for axes, row in zip(panels, ends, strict=True):
        lines = [
            axes.plot([row["train"].get(f"{net}/{layer}", math.nan) for layer in layers], marker="o")[0]
            for net, layers in nets.items()
        ]
        logarithmic(axes, "y")
        axes.set_title(f"gradient norm by layer, epoch {row['epoch']}")
        axes.set_xticks(
            range(depth), ["\n".join(shown(name, 10) for name in layers) for layers in at_depth], fontsize=8
        )
        legend(axes, lines, list(nets))
    return figure


def reconstructions(model: Any, test: Split, count: int = 10) -> Figure:
    """Test images, or sequences as pictures, above their reconstructions; with --corrupt, damaged in between.

    There is a column for each of the first `count` examples, or fewer if the test set is smaller.
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
    title = f"{counted(len(x), f'test {kind}')} and {'its reconstruction' if len(x) == 1 else 'their reconstructions'}"
    return show_images(pictures, len(x), title, [*names, "reconstructed"])


def samples(model: Any, columns: int = 10) -> Figure:
    """Images from noise that is the same in every run of one seed."""
    images = draw(model, columns * columns, model.config.device, model.config.seed)
    return show_images(images, columns, "samples: noise of N(0, 1), decoded")


def interpolation(model: Any, test: Split, rows: int = 5, columns: int = 10) -> Figure:
    """From one test image's code to another's on a straight line, each point decoded; a single image is both ends."""
    codes = model.encode(_first(model, test, 2 * rows)).numpy()
    rows = max(1, len(codes) // 2)
    steps = np.linspace(0, 1, columns, dtype=np.float32)[:, None]
    path = np.concatenate([(1 - steps) * codes[row] + steps * codes[-1 - row] for row in range(rows)])
    images = model.decode(Tensor(backend.to_device(path, model.config.device))).numpy()
    return show_images(images, columns, "from the code of one test image to that of another")


def latent_map(model: Any, data: Dataset, count: int = 1000) -> Figure:
    """Test images' or sequences' codes in the plane of their two greatest variances, coloured by class."""
    part = data.test.first(count)
    return code_map(codes(model, part), part.labels, data.classes)


@styled
def code_map(codes: Any, labels: Any, names: Sequence[str]) -> Figure:
    """Codes (N, Z) in the plane of their two greatest variances.

    labels: (N,), the index in `names` of each point's class, by which it is coloured; None: each point has a name of
    its own, which is written beside it where it touches none written before.
    """
    plane, share = project(codes)
    figure = Figure(figsize=(5.5, 4.6), layout="constrained")
    axes = figure.add_subplot()
    look: dict[str, Any] = {"s": 8 if len(plane) > 100 else 25, "alpha": 0.7, "linewidths": 0}
    if labels is None:
        axes.scatter(plane[:, 0], plane[:, 1], **look)
        names = [shown(name, 20) for name in names]
        for at in _apart(plane, names):
            axes.annotate(names[at], plane[at], fontsize=6, xytext=(3, 3), textcoords="offset points")
    else:
        present = np.unique(labels)
        handles = [
            axes.scatter(*plane[labels == label].T, color=color, **look)
            for label, color in zip(present, class_colors(len(present)), strict=True)
        ]
        legend(axes, handles, [names[label] for label in present], outside=True)
    axes.locator_params("x", nbins=6)  # more of them would touch where they are long, as -0.025 is
    linear = codes.shape[1] <= 2
    axes.set_xlabel("z1" if linear else "first principal axis", fontsize=8)
    axes.set_ylabel("z2" if linear else "second principal axis", fontsize=8)
    seen = f", {share:.0%} of their variance" if share and not linear else ""
    axes.set_title(f"codes of {counted(len(plane), 'input')}{seen}")
    return figure


def _apart(plane: Any, names: Sequence[str]) -> list[int]:
    """The names that can be written beside their points (N, 2) without touching one another."""
    low, size = plane.min(axis=0), np.ptp(plane, axis=0)
    corners = (plane - low) / np.where(size > 0, size, 1) * (3.6, 3.7)  # inches, about
    written: list[int] = []
    for at, name in enumerate(names):
        across, up = np.abs(corners[written] - corners[at]).T
        widest = [0.055 * max(len(name), len(names[other])) + 0.08 for other in written]
        if not ((across < widest) & (up < 0.1)).any():
            written.append(at)
    return written


def project(codes: Any) -> tuple[Any, float]:
    """Codes (N, Z) on their two principal axes (N, 2), and the share of the variance that these show.

    A code of two numbers or one is shown as it is; equal codes, as that of a single input, have no variance: 0.
    """
    if codes.shape[1] <= 2:
        return np.pad(codes, [(0, 0), (0, 2 - codes.shape[1])]), 1.0
    centred = codes - codes.mean(axis=0)
    _, singular, axes = np.linalg.svd(centred, full_matrices=False)
    plane = centred @ axes[:2].T
    share = (singular[:2] ** 2).sum() / max((singular**2).sum(), np.finfo(singular.dtype).tiny)
    return np.pad(plane, [(0, 0), (0, 2 - plane.shape[1])]), float(share)


def _first(model: Any, split: Split, count: int) -> Tensor:
    return Tensor(Batch.of(split.first(count), model.config.device).inputs)


@styled
def png(figure: Figure) -> bytes:
    """The figure as the content of a PNG file."""
    content = io.BytesIO()
    figure.savefig(content, format="png", dpi=DPI, metadata={"Software": None})
    return content.getvalue()
