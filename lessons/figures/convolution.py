"""Diagrams of part III: autoencoders, convolutions, restoring, deep stacks, LSTMs."""

from __future__ import annotations

import math

from drawing import Drawing, diagram


@diagram("08-hourglass")
def hourglass() -> Drawing:
    """An autoencoder: 784 pixels, 200 units, a code of 32 numbers, 200 units, 784 pixels; the target is the input."""
    d = Drawing(700, 270)
    heights = (
        ("image\n784", 190, "data"),
        ("200", 110, "data"),
        ("code z\n32", 56, "mark"),
        ("200", 110, "data"),
        ("x̂\n784", 190, "data"),
    )
    for i, (words, height, color) in enumerate(heights):
        d.box(40 + 140 * i, 125 - height / 2, 62, height, words, color)
        if i:
            d.arrow((40 + 140 * i - 78, 125), (40 + 140 * i - 3, 125), color="parameter")
    d.text(211, 30, "encoder", "parameter")
    d.text(491, 30, "decoder", "parameter")
    d.arrow(
        (71, 222),
        (71, 250),
        (631, 250),
        (631, 223),
        color="gradient",
        words="loss: the output is compared with the input",
        at=(0, -12),
    )
    return d


@diagram("08-pca")
def pca() -> Drawing:
    """Points in a plane, their first principal axis, and each point's projection onto it: the lost part is
    perpendicular.
    """
    d = Drawing(560, 320)
    angle = math.radians(-28)
    ux, uy = math.cos(angle), math.sin(angle)
    d.arrow((280 - 235 * ux, 165 - 235 * uy), (280 + 235 * ux, 165 + 235 * uy), color="parameter")
    for i in range(22):
        t = 185 * math.sin(1.7 * i + 0.4) * (0.45 + 0.55 * math.cos(0.9 * i) ** 2)
        off = 40 * math.sin(2.9 * i + 1)
        px, py = 280 + t * ux, 165 + t * uy
        x, y = px - off * uy, py + off * ux
        d.line([(x, y), (px, py)], "mark", thin=True)
        d.circle(px, py, 2.6, color="parameter")
        d.circle(x, y, 4.5, color="data")
    d.text(522, 98, "first axis u", "parameter", anchor="end", style="small")
    d.text(40, 36, "centred images x", "data", anchor="start", style="small")
    d.text(40, 56, "reconstruction (x·u) u", "parameter", anchor="start", style="small")
    d.text(40, 76, "what is lost", "mark", anchor="start", style="small")
    d.text(280, 302, "the axis that loses least is the axis along which x·u varies most", style="small faint")
    return d


@diagram("09-tied")
def tied() -> Drawing:
    """One matrix W is used twice, transposed in the encoder and as it is in the decoder; two gradients arrive at it
    and add up.
    """
    d = Drawing(680, 260)
    d.box(30, 150, 80, 56, "x", "data")
    d.box(250, 150, 110, 56, "a = x Wᵀ + b\nh = relu(a)", "data")
    d.box(520, 150, 120, 56, "s = h W + c", "data")
    d.box(300, 30, 170, 50, "W (K, D)", "parameter")
    d.arrow((110, 178), (247, 178), color="data")
    d.arrow((360, 178), (517, 178), color="data")
    d.arrow((335, 80), (313, 147), color="parameter", words="encodes", at=(-66, 0))
    d.arrow((440, 80), (560, 147), color="parameter", words="decodes", at=(-46, 10))
    d.arrow((290, 147), (305, 83), color="gradient", dashed=True)
    d.arrow((600, 147), (472, 68), color="gradient", dashed=True)
    d.text(590, 66, "∂L/∂W = two parts, added", "gradient", style="small")
    return d


@diagram("10-kernel")
def kernel() -> Drawing:
    """A 3 by 3 kernel on a 5 by 5 image with padding 1 and stride 2: nine positions give a 3 by 3 output."""
    d = Drawing(640, 320)
    size = 34

    def shade(i: int, j: int) -> str:
        return "data" if 0 < i < 6 and 0 < j < 6 else "plain"

    d.cells(30, 40, [["0" if shade(i, j) == "plain" else "" for j in range(7)] for i in range(7)], size, shade)
    d.frame(30 + 2 * size, 40, 3 * size, 3 * size, "parameter")
    d.frame(30, 40, 3 * size, 3 * size, "parameter", dashed=True)
    d.arrow((64, 24), (132, 24), color="parameter", words="stride 2", at=(66, 0))
    d.cells(350, 100, [["w" for _ in range(3)] for _ in range(3)], size, "parameter")
    d.text(401, 84, "kernel (3, 3)", "parameter", style="small")
    d.arrow((275, 151), (345, 151), color="data")
    d.arrow((457, 151), (515, 151), color="data")
    d.cells(
        520, 100, [["", "y", ""], ["", "", ""], ["", "", ""]], size, lambda i, j: "mark" if (i, j) == (0, 1) else "data"
    )
    d.text(571, 84, "output (3, 3)", "data", style="small")
    d.text(149, 298, "5 × 5 image, padding 1", "data", style="small")
    d.text(480, 240, "y = sum of window · kernel", style="small")
    d.text(480, 264, "size = ⌊(5 + 2·1 − 3) / 2⌋ + 1 = 3", style="small")
    return d


@diagram("10-im2col")
def im2col() -> Drawing:
    """im2col copies each 2 by 2 window of a 3 by 3 image into a column; then the convolution is one matrix product."""
    d = Drawing(720, 300)
    image = [[1, 2, 3], [4, 5, 6], [7, 8, 9]]
    windows = [(i, j) for i in range(2) for j in range(2)]
    columns = [[image[i + a][j + b] for i, j in windows] for a in range(2) for b in range(2)]
    d.cells(30, 90, image, 36, "data")
    d.frame(30, 90, 72, 72, "mark")
    d.text(84, 68, "image (3, 3)", "data", style="small")
    d.arrow((150, 144), (285, 144), color="data", words="im2col", at=(0, -12))
    d.cells(430, 72, columns, 36, lambda i, j: "mark" if j == 0 else "data")
    d.text(502, 50, "columns (4, 4): a window each", "data", style="small")
    d.cells(298, 126, [["w0", "w1", "w2", "w3"]], 30, "parameter")
    d.text(358, 106, "W (1, 4)", "parameter", style="small")
    d.arrow((582, 144), (606, 144), color="data")
    d.cells(612, 126, [["y", "y", "", ""]], 24, lambda i, j: "mark" if j == 0 else "data")
    d.text(660, 106, "Y (1, 4)", "data", style="small")
    d.text(
        360,
        262,
        "5 stands in every window: one pixel becomes four numbers, and the work becomes one product",
        style="small faint",
    )
    return d


@diagram("10-col2im")
def col2im() -> Drawing:
    """col2im adds each column's gradient back where its window lay; the middle pixel receives four contributions."""
    d = Drawing(720, 280)
    windows = (("gradient", 0, 0), ("data", 0, 1), ("parameter", 1, 0), ("mark", 1, 1))
    d.cells(24, 76, [["a", "b", "c", "d"]] * 4, 32, lambda i, j: windows[j][0])
    d.text(88, 56, "gradient of the columns", "gradient", style="small")
    d.arrow((158, 140), (196, 140), color="gradient")
    for k, (color, i, j) in enumerate(windows):
        x, letter = 204 + 100 * k, "abcd"[k]
        inside = [[i <= r < i + 2 and j <= c < j + 2 for c in range(3)] for r in range(3)]
        d.cells(
            x, 104, [[letter if here else "" for here in row] for row in inside], 25,
            lambda r, c, inside=inside, color=color: color if inside[r][c] else "plain",
        )  # fmt: skip
        d.text(x + 87, 141, "+" if k < 3 else "=")
    d.cells(604, 95, [["a", "a+b", "b"], ["a+c", "all", "b+d"], ["c", "c+d", "d"]], 34, "gradient")
    d.text(
        360, 228, "Each column goes back to where its window lay. Where windows overlap, numbers add up:", style="small"
    )
    d.text(360, 250, "one contribution at a corner, two at an edge, four in the middle.", style="small")
    return d


@diagram("11-stamps")
def stamps() -> Drawing:
    """A transposed convolution stamps the kernel once per input number, stride apart, and adds; with kernel 3 and
    stride 2 the stamps overlap in one row and column.
    """
    d = Drawing(680, 320)
    d.cells(40, 110, [["a", "b"], ["c", "d"]], 40, lambda i, j: (("data", "gradient"), ("parameter", "mark"))[i][j])
    d.text(80, 92, "input (2, 2)", style="small")
    d.arrow((135, 150), (215, 150), words="stride 2", at=(0, -12))
    size = 40
    for i in range(2):
        for j in range(2):
            d.box(
                235 + 2 * j * size,
                50 + 2 * i * size,
                3 * size,
                3 * size,
                color=(("data", "gradient"), ("parameter", "mark"))[i][j],
                round=0,
                style="veil",
            )
    counts = [[(2 if i == 2 else 1) * (2 if j == 2 else 1) for j in range(5)] for i in range(5)]
    for i, row in enumerate(counts):
        for j, n in enumerate(row):
            d.frame(235 + j * size, 50 + i * size, size, size, "plain", thin=True)
            d.text(235 + (j + 0.5) * size, 50 + (i + 0.5) * size, f"{n}", style="strong" if n > 1 else "")
    d.text(335, 30, "output (5, 5): how many stamps lie on each number", style="small")
    d.text(460, 110, "a · kernel at the upper left,\nb · kernel two to the right, …", anchor="start", style="small")
    d.text(460, 190, "where stamps overlap they add:\nthe cause of the checkerboard", anchor="start", style="small")
    d.text(235, 275, "size = (2 − 1) · 2 + 3 = 5", anchor="start", style="small")
    return d


@diagram("11-switches")
def switches() -> Drawing:
    """Max pooling keeps each window's largest number and its place; unpooling puts numbers back at those places."""
    d = Drawing(700, 260)
    image = [[1, 5, 2, 0], [3, 2, 1, 4], [0, 1, 7, 2], [6, 2, 3, 1]]
    best = {(0, 1), (1, 3), (3, 0), (2, 2)}
    d.cells(30, 70, image, 36, lambda i, j: "mark" if (i, j) in best else "data")
    d.arrow((182, 142), (252, 142), color="data", words="max pool", at=(0, -12))
    d.cells(262, 106, [[5, 4], [6, 7]], 36, "mark")
    d.arrow((342, 142), (412, 142), color="data", words="unpool", at=(0, -12))
    back = [[image[i][j] if (i, j) in best else 0 for j in range(4)] for i in range(4)]
    d.cells(424, 70, back, 36, lambda i, j: "mark" if (i, j) in best else "plain")
    d.arrow(
        (102, 218),
        (102, 240),
        (496, 240),
        (496, 217),
        color="parameter",
        words="the switches: where each maximum stood",
        at=(0, -11),
    )
    d.text(102, 52, "x (4, 4)", style="small")
    d.text(298, 88, "(2, 2)", style="small")
    d.text(496, 52, "(4, 4): three quarters are 0", style="small")
    return d


@diagram("12-mirror")
def mirror() -> Drawing:
    """The convolutional autoencoder: the second convolution halves the image, its counterpart doubles it, shapes mirror
    each other.
    """
    d = Drawing(740, 270)
    stages = (
        (1, "1 × 28 × 28", 150),
        (3, "8 × 28 × 28", 150),
        (3, "16 × 14 × 14", 90),
        (0, "code z\n16", 46),
        (3, "16 × 14 × 14", 90),
        (3, "8 × 28 × 28", 150),
        (1, "1 × 28 × 28", 150),
    )
    for i, (sheets, words, height) in enumerate(stages):
        x = 58 + 104 * i
        for sheet in range(max(sheets, 1)):
            d.box(
                x - 15 + 5 * sheet,
                120 - height / 2 + 5 * sheet,
                24 if sheets == 3 else 30,
                height - 8,
                color="data" if sheets else "mark",
                round=3,
            )
        d.text(x, 228, words, style="small")
        if i:
            d.arrow((x - 72, 120), (x - 32, 120), color="parameter")
    d.text(162, 24, "conv2d, strides 1 and 2", "parameter", style="small")
    d.text(578, 24, "conv_transpose2d, strides 2 and 1", "parameter", style="small")
    d.text(370, 60, "dense", "parameter", style="small")
    return d


@diagram("13-pairs")
def pairs() -> Drawing:
    """A true image is damaged on purpose; the net sees the damaged one and must give the true one."""
    d = Drawing(700, 220)
    d.box(30, 60, 110, 60, "true image x", "data")
    d.box(235, 60, 130, 60, "damaged y", "data")
    d.box(450, 60, 90, 60, "net", "parameter")
    d.box(590, 60, 90, 60, "x̂", "data")
    d.arrow((140, 90), (232, 90), color="plain", words="damage", at=(0, -12))
    d.arrow((365, 90), (447, 90), color="data")
    d.arrow((540, 90), (587, 90), color="data")
    d.arrow(
        (85, 120),
        (85, 180),
        (635, 180),
        (635, 123),
        color="gradient",
        words="loss (x̂ − x)²: many x fit one y, and their mean is blurred",
        at=(0, -12),
    )
    return d


@diagram("14-ddnet")
def ddnet() -> Drawing:
    """Both nets shrink the image from 28 to 3 pixels with three convolutions and poolings; then DDNet enlarges it to 28
    with three deconvolutions, the CNN stays at 3; both end in ten scores.
    """
    d = Drawing(740, 325)
    lower = ("1, 28, 28", "a, 14, 14", "b, 7, 7", "c, 3, 3")
    for middle, name, upper, op in (
        (80, "DDNet", ("b, 7, 7", "a, 14, 14", "1, 28, 28"), "3 × conv_transpose2d, stride 2"),
        (212, "CNN", ("b, 3, 3", "a, 3, 3", "a, 3, 3"), "3 × conv2d"),
    ):
        d.text(16, middle, name, anchor="start", style="strong")
        d.text(242, middle - 48, "3 × (conv2d, relu, max pool)", "parameter", style="small")
        d.text(494, middle - 48, op, "parameter", style="small")
        x = edge = 116.0
        for i, shape in enumerate((*lower, *upper)):
            half = 1.15 * int(shape.split()[-1])
            if i:
                d.arrow((edge + 5, middle), (x - half - 4, middle), color="parameter")
            d.box(x - half, middle - half, 2 * half, 2 * half, color="data", round=2)
            d.text(x, middle + 46, shape, style="small")
            x, edge = x + 84, x + half
        d.arrow((edge + 5, middle), (667, middle), color="parameter")
        d.box(670, middle - 28, 58, 56, "10\nscores", "data")
    d.arrow((699, 300), (116, 300), color="gradient", words="∂L/∂h passes back through all seven layers of each net")
    return d


@diagram("15-cell")
def cell() -> Drawing:
    """The LSTM cell: gates i, f, o between 0 and 1, candidate g; c = f·c + i·g flows along the top, h = o·tanh(c)
    leaves.
    """
    d = Drawing(720, 350)
    d.box(105, 30, 510, 285, "", "plain", 16)
    d.arrow((20, 75), (214, 75), color="data")
    d.arrow((246, 75), (354, 75), color="data")
    d.arrow((386, 75), (700, 75), color="data")
    d.text(45, 58, "cₜ₋₁", "data")
    d.text(675, 58, "cₜ", "data")
    d.circle(230, 75, 16, "×", "data")
    d.circle(370, 75, 16, "+", "data")
    d.circle(370, 160, 16, "×", "data")
    d.circle(520, 190, 16, "×", "data")
    for x, name, symbol in ((230, "σ", "f"), (320, "σ", "i"), (420, "tanh", "g"), (520, "σ", "o")):
        d.box(x - 25, 225, 50, 34, name, "parameter")
        d.line([(x, 282), (x, 262)], "data")
        d.text(x + (14 if symbol in "fo" else -12 if symbol == "i" else 14), 212, symbol, "parameter", style="small")
    d.line([(20, 282), (520, 282)], "data")
    d.line([(150, 340), (150, 282)], "data")
    d.text(50, 266, "hₜ₋₁", "data")
    d.text(166, 334, "xₜ", "data", anchor="start")
    d.arrow((230, 225), (230, 94), color="data")
    d.arrow((320, 225), (320, 160), (351, 160), color="data")
    d.arrow((420, 225), (420, 160), (389, 160), color="data")
    d.arrow((370, 144), (370, 94), color="data")
    d.arrow((520, 225), (520, 209), color="data")
    d.box(494, 106, 52, 30, "tanh", "plain")
    d.arrow((520, 75), (520, 103), color="data")
    d.arrow((520, 136), (520, 171), color="data")
    d.arrow((536, 190), (700, 190), color="data")
    d.text(675, 174, "hₜ", "data")
    d.text(560, 300, "cₜ = f · cₜ₋₁ + i · g", anchor="end", style="small faint")
    return d


@diagram("15-unrolled")
def unrolled() -> Drawing:
    """The LSTM unrolled over four steps with the same weights; the gradient runs back through every step and adds up
    in the weights.
    """
    d = Drawing(740, 300)
    for t in range(4):
        x = 110 + 160 * t
        d.box(x, 100, 90, 60, "LSTM", "data")
        d.arrow((x + 45, 215), (x + 45, 163), color="data")
        d.text(x + 45, 232, f"x{'₁₂₃₄'[t]}", "data")
        d.arrow((x + 45, 100), (x + 45, 62), color="data")
        d.text(x + 45, 46, f"h{'₁₂₃₄'[t]}", "data")
        if t < 3:
            d.arrow((x + 90, 120), (x + 157, 120), color="data")
            d.arrow((x + 160, 143), (x + 93, 143), color="gradient")
    d.text(50, 120, "h₀, c₀", "data")
    d.arrow((78, 120), (107, 120), color="data")
    d.arrow((712, 143), (683, 143), color="gradient")
    d.text(720, 165, "∂L/∂h₄", "gradient", anchor="end", style="small")
    d.text(370, 270, "one set of weights: its gradient is the sum over the steps", "parameter", style="small")
    return d


@diagram("16-recurrent-ae")
def recurrent_ae() -> Drawing:
    """The encoder's last state becomes the code z; the decoder receives z at every step and writes the sequence."""
    d = Drawing(740, 270)
    for t in range(3):
        d.box(30 + 95 * t, 110, 62, 46, "LSTM", "data")
        d.arrow((61 + 95 * t, 205), (61 + 95 * t, 159), color="data")
        d.text(61 + 95 * t, 222, f"x{'₁₂₃'[t]}", "data")
        d.arrow((92 + 95 * t, 133), ((122 if t < 2 else 124) + 95 * t, 133), color="data")
        d.box(440 + 95 * t, 110, 62, 46, "LSTM", "data")
        d.arrow((471 + 95 * t, 110), (471 + 95 * t, 72), color="data")
        d.text(471 + 95 * t, 56, f"x̂{'₁₂₃'[t]}", "data")
        if t < 2:
            d.arrow((502 + 95 * t, 133), (532 + 95 * t, 133), color="data")
    d.circle(345, 133, 27, "z", "mark")
    for t in range(3):
        d.arrow((345, 160), (345, 240), (471 + 95 * t, 240), (471 + 95 * t, 159), color="mark")
    d.text(560, 256, "the code, at every step", "mark", style="small")
    d.text(140, 70, "encoder", "parameter")
    d.text(410, 70, "decoder", "parameter")
    return d
