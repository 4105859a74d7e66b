"""Diagrams of parts IV and V: sampling, variational autoencoders, GANs, and many machines."""

from __future__ import annotations

import math

from drawing import Drawing, diagram


@diagram("17-paths")
def paths() -> Drawing:
    """Left: z is drawn from a distribution with mean μ, and the gradient stops at the draw. Right: z = μ + σ ε; the
    draw stands aside and the gradient passes.
    """
    d = Drawing(740, 290)
    d.text(170, 28, "blocked: z is drawn", style="strong")
    d.circle(70, 130, 30, "μ, σ", "parameter")
    d.box(145, 100, 80, 60, "draw z", "plain", style="dashed")
    d.circle(300, 130, 28, "f(z)", "data")
    d.arrow((100, 130), (142, 130), color="data")
    d.arrow((225, 130), (269, 130), color="data")
    d.arrow((290, 104), (250, 78), (195, 78), color="gradient")
    d.text(178, 78, "✕", "mark", style="strong")
    d.text(120, 62, "no derivative", "mark", style="small")
    d.line([(370, 20), (370, 270)], "plain", dashed=True)
    d.text(560, 28, "open: z = μ + σ ε", style="strong")
    d.circle(430, 130, 30, "μ, σ", "parameter")
    d.box(510, 105, 110, 50, "z = μ + σ ε", "data")
    d.circle(695, 130, 28, "f(z)", "data")
    d.circle(565, 225, 26, "ε", "plain")
    d.arrow((565, 199), (565, 158), color="plain")
    d.arrow((460, 130), (507, 130), color="data")
    d.arrow((620, 130), (664, 130), color="data")
    d.arrow((686, 103), (650, 78), (480, 78), (448, 105), color="gradient", words="∂z/∂μ = 1, ∂z/∂σ = ε", at=(0, -12))
    d.text(600, 226, "drawn from N(0, 1),\nnothing to learn", anchor="start", style="small faint")
    return d


@diagram("18-vae")
def vae() -> Drawing:
    """The VAE: the encoder gives μ and ln σ², noise makes the code z, the decoder gives pixel probabilities; the loss
    has a reconstruction term and a KL term.
    """
    d = Drawing(760, 300)
    d.box(24, 100, 74, 60, "x\n784", "data")
    d.box(140, 100, 92, 60, "encoder", "parameter")
    d.box(280, 66, 90, 44, "μ", "data")
    d.box(280, 150, 90, 44, "ln σ²", "data")
    d.box(420, 108, 118, 46, "z = μ + σ ε", "mark")
    d.box(580, 100, 82, 60, "decoder", "parameter")
    d.box(694, 100, 50, 60, "x̂", "data")
    d.circle(479, 226, 22, "ε", "plain")
    d.arrow((479, 204), (479, 157), color="plain")
    d.arrow((98, 130), (137, 130), color="data")
    d.arrow((232, 118), (277, 90), color="data")
    d.arrow((232, 142), (277, 170), color="data")
    d.arrow((370, 90), (418, 120), color="data")
    d.arrow((370, 170), (418, 142), color="data")
    d.arrow((538, 131), (577, 131), color="data")
    d.arrow((662, 130), (691, 130), color="data")
    d.box(250, 232, 150, 46, "KL( q(z|x) ‖ p(z) )", "gradient")
    d.box(590, 232, 150, 46, "−ln p(x|z)", "gradient")
    d.arrow((325, 194), (325, 229), color="gradient")
    d.arrow((719, 160), (719, 229), color="gradient")
    d.text(560, 256, "+", style="strong")
    d.text(380, 30, "what one image costs, in nats: both terms", style="small faint")
    return d


@diagram("18-model")
def model() -> Drawing:
    """The graphical model: z is drawn from a standard normal, x from the decoder; q goes the other way, from x to z,
    for each image.
    """
    d = Drawing(440, 300)
    d.box(80, 24, 280, 230, "", "plain", 12)
    d.text(348, 238, "each image", anchor="end", style="small faint")
    d.circle(220, 80, 32, "z", "mark")
    d.circle(220, 200, 32, "x", "data")
    d.arrow((232, 111), (232, 168), color="data")
    d.text(246, 140, "p(x|z)", "data", anchor="start", style="small")
    d.arrow((208, 169), (208, 112), color="parameter", dashed=True)
    d.text(194, 140, "q(z|x)", "parameter", anchor="end", style="small")
    d.text(270, 66, "p(z) = N(0, I)", anchor="start", style="small")
    d.text(220, 278, "decoder: solid · encoder: dashed", style="small faint")
    return d


@diagram("18-gap")
def bound() -> Drawing:
    """ln p(x) is the ELBO plus KL(q || p(z|x)): since that KL is never negative, the ELBO lies below."""
    d = Drawing(640, 220)
    d.line([(60, 190), (600, 190)], "plain")
    d.box(110, 40, 110, 150, "ln p(x)", "data", 0)
    d.box(315, 84, 140, 106, "ELBO", "parameter", 0)
    d.box(315, 40, 140, 44, "KL( q ‖ p(z|x) )", "mark", 0)
    d.line([(220, 40), (600, 40)], "plain", dashed=True)
    d.arrow((470, 84), (470, 43), color="mark")
    d.text(484, 64, "the gap: 0 if q is exact", "mark", anchor="start", style="small")
    d.text(484, 138, "what training raises", "parameter", anchor="start", style="small")
    d.text(275, 118, "=", style="strong")
    return d


@diagram("20-nets")
def nets() -> Drawing:
    """A GAN: the generator makes images from noise, the discriminator says how real an image looks; each has its own
    loss and its own optimizer.
    """
    d = Drawing(760, 320)
    d.circle(60, 210, 28, "z", "plain")
    d.box(120, 180, 120, 60, "generator G", "parameter")
    d.box(290, 180, 90, 60, "G(z)", "data")
    d.box(290, 60, 90, 60, "real x", "data")
    d.box(450, 116, 140, 64, "discriminator D", "parameter")
    d.box(645, 116, 90, 64, "logit a", "data")
    d.arrow((88, 210), (117, 210), color="data")
    d.arrow((240, 210), (287, 210), color="data")
    d.arrow((380, 90), (447, 132), color="data")
    d.arrow((380, 210), (447, 166), color="data")
    d.arrow((590, 148), (642, 148), color="data")
    d.arrow(
        (690, 116), (690, 56), (520, 56), (520, 113), color="gradient", words="D learns: real 1, fake 0", at=(-6, -12)
    )
    d.arrow(
        (690, 180),
        (690, 282),
        (180, 282),
        (180, 243),
        color="gradient",
        words="G learns: fakes should look real",
        at=(-60, -12),
    )
    d.text(460, 302, "the gradient passes through D, whose weights stay", style="small faint")
    return d


@diagram("21-transport")
def transport() -> Drawing:
    """Two heaps of earth and the cheapest plan that moves one onto the other; the cost is mass times distance."""
    d = Drawing(680, 260)
    base = 200
    d.line([(30, base), (650, base)], "plain")
    for centre, color, name in ((170, "data", "fake: q"), (490, "parameter", "real: p")):
        d.line([(centre + x, base - 110 * math.exp(-((x / 52) ** 2))) for x in range(-140, 141, 4)], color)
        d.text(centre, 66, name, color)
    for x, top in ((-38, base - 12), (0, base - 58), (38, base - 35)):
        d.arrow((170 + x, top), (490 + x - 4, top), color="mark")
    d.text(330, 110, "each grain moves by θ", "mark", style="small")
    d.text(330, 234, "JS says ln 2 wherever they do not overlap; W says how far apart they are", style="small faint")
    return d


@diagram("21-critic")
def critic() -> Drawing:
    """The gradient penalty: at a point between a real and a fake one, the critic's slope is computed as a tensor; its
    distance from 1 enters the loss, which is differentiated once more.
    """
    d = Drawing(760, 260)
    d.box(24, 40, 90, 44, "real x", "data")
    d.box(24, 150, 90, 44, "fake G(z)", "data")
    d.box(150, 92, 160, 52, "x̂ = ε x + (1−ε) G(z)", "data")
    d.box(350, 92, 90, 52, "critic f", "parameter")
    d.box(500, 92, 110, 52, "∂f/∂x̂", "gradient")
    d.box(652, 92, 96, 52, "(‖·‖ − 1)²", "mark")
    for start, end in (((114, 62), (148, 102)), ((114, 172), (148, 134)), ((310, 118), (347, 118))):
        d.arrow(start, end, color="data")
    d.arrow((440, 118), (497, 118), color="gradient", words="grad", at=(0, -12))
    d.arrow((610, 118), (649, 118), color="data")
    d.arrow(
        (700, 144),
        (700, 225),
        (395, 225),
        (395, 147),
        color="gradient",
        words="differentiated again: to the critic’s weights",
        at=(0, -12),
    )
    return d


@diagram("22-machines")
def machines() -> Drawing:
    """The processor writes orders into a queue and goes on; the card works through them; reading a number makes the
    processor wait.
    """
    d = Drawing(720, 220)
    d.text(30, 60, "processor", anchor="start")
    d.text(30, 140, "card", anchor="start")
    d.line([(120, 200), (700, 200)], "plain")
    d.text(690, 186, "time", anchor="end", style="small faint")
    for i in range(4):
        d.box(120 + 34 * i, 40, 30, 40, "", "parameter", 3)
        d.box(140 + 100 * i, 120, 96, 40, f"work {i + 1}", "data", 3)
        d.arrow((135 + 34 * i, 80), (143 + 100 * i, 118), color="plain", dashed=True)
    d.box(258, 40, 280, 40, "waits in loss.item()", "mark", 3, style="veil")
    d.arrow((538, 120), (538, 83), color="gradient")
    d.text(560, 60, "0.693", "gradient", anchor="start")
    d.text(185, 24, "orders", "parameter", style="small")
    return d


@diagram("23-layout")
def layout() -> Drawing:
    """The same image batch in memory: (N, C, H, W) keeps an image together; (C, H, W, N) keeps the same pixel of all
    images together.
    """
    d = Drawing(700, 230)
    kinds = ("data", "parameter", "gradient")
    for top, words, cells in (
        (50, "(N, C, H, W): image after image", [(n, p) for n in range(3) for p in range(4)]),
        (140, "(C, H, W, N): pixel after pixel", [(n, p) for p in range(4) for n in range(3)]),
    ):
        d.text(40, top - 18, words, anchor="start", style="small")
        for k, (n, p) in enumerate(cells):
            d.box(40 + 50 * k, top, 50, 34, f"{'ABC'[n]}{p}", kinds[n], 0)
    d.text(350, 206, "one window of a convolution then copies whole runs of neighbours", style="small faint")
    return d


@diagram("24-workers")
def workers() -> Drawing:
    """Each worker computes the gradient of its shard of the batch; the gradients are summed, and each worker takes the
    step on its third of the parameters.
    """
    d = Drawing(760, 320)
    for i in range(3):
        y = 40 + 92 * i
        d.box(24, y, 120, 60, f"rows {['0–41', '42–84', '85–127'][i]}", "data")
        d.box(196, y, 130, 60, "same weights", "parameter")
        d.box(378, y, 80, 60, f"g{'₀₁₂'[i]}", "gradient")
        d.arrow((144, y + 30), (193, y + 30), color="data")
        d.arrow((326, y + 30), (375, y + 30), color="gradient")
        d.arrow((458, y + 30), (506, 162), color="gradient")
        d.arrow((598, 162), (640, y + 30), color="gradient")
        d.box(643, y, 100, 60, "step on a\nthird of W", "parameter")
    d.circle(552, 162, 44, "g₀+g₁+g₂", "gradient")
    return d


@diagram("24-adjoint")
def adjoint() -> Drawing:
    """Forward: every worker receives the sum. Backward: the gradient of each input is the sum of what arrives at every
    copy.
    """
    d = Drawing(640, 250)
    for left, title, color, names, result in (
        (40, "forward", "data", ["x₀", "x₁", "x₂"], "x₀+x₁+x₂"),
        (360, "backward", "gradient", ["g₀", "g₁", "g₂"], "g₀+g₁+g₂"),
    ):
        d.text(left + 115, 24, title, style="strong")
        for i, name in enumerate(names):
            y = 62 + 64 * i
            d.circle(left + 20, y, 20, name, color)
            d.box(left + 150, y - 20, 100, 40, result, color)
            for j in range(3):
                d.line([(left + 40, y), (left + 147, 62 + 64 * j)], color, thin=True)
    return d
