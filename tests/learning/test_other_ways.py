"""Right answers that look different from the solution are accepted."""

from __future__ import annotations

import ast

import pytest

from minigen.learning.grading import Verdict, grade
from tests.learning.test_exercises import EXERCISES, solution

OTHER_WAYS = {
    "01_derivatives-central_difference": """
g = np.empty_like(x)
for i in np.ndindex(x.shape):
    a, b = x.copy(), x.copy()
    a[i] += h
    b[i] -= h
    g[i] = (f(a) - f(b)) / h / 2
return g
""",
    "02_scalar-autograd-backward": """
order, seen, stack = [], set(), [(output, False)]
while stack:
    n, done = stack.pop()
    if done:
        order.append(n)
    elif n not in seen:
        seen.add(n)
        stack.append((n, True))
        stack += [(p, False) for p, _ in n.edges]
g = dict.fromkeys(order, 0.0)
g[output] = 1.0
for n in reversed(order):
    for p, s in n.edges:
        g[p] += g[n] * s
return g
""",
    "03_tensors-multiply": """
v = a.data * b.data
da = lambda g: unbroadcast(g * b, a.shape)
db = lambda g: unbroadcast(a * g, b.shape)
return record(v, (a, da), (b, db))
""",
    "03_tensors-unbroadcast": """
while g.ndim > len(shape):
    g = g.sum(0)
for d, n in enumerate(shape):
    if n == 1:
        g = g.sum(d, keepdim=True)
return g
""",
    "05_losses-log_softmax": """
m = x.data.max(-1, keepdims=True)
v = x.data - m - np.log(np.exp(x.data - m).sum(-1, keepdims=True))
return record(v, (x, lambda g: g - ops.softmax(x) * g.sum(-1, keepdim=True)))
""",
    "05_losses-binary_cross_entropy": """
s = np.maximum(x.data, 0) - x.data * t.data + np.log1p(np.exp(-abs(x.data)))
return record(s, (x, lambda g: g * (ops.sigmoid(x) - t)), (t, lambda g: -g * x))
""",
    "05_losses-first_weight": """
return generator.normal(0, (2 / inputs) ** 0.5, (outputs, inputs))
""",
    "06_optimizers-adam_step": """
np.copyto(m, beta1 * m + (1 - beta1) * g)
np.copyto(v, beta2 * v + (1 - beta2) * g**2)
mh = m / (1 - beta1**t)
vh = v / (1 - beta2**t)
p[...] -= lr * mh / (vh**0.5 + eps)
""",
    "08_autoencoder-pca": """
m = x.mean(0)
w, v = np.linalg.eigh(np.cov(x.T))
return m, v[:, ::-1][:, :k].T
""",
    "10_convolution-im2col": """
r = dilation * (kernel - 1) + 1
w = np.lib.stride_tricks.sliding_window_view(x, (r, r), axis=(1, 2))[:, ::stride, ::stride, ::dilation, ::dilation]
return w.transpose(0, 3, 4, 1, 2).reshape(len(x) * kernel**2, -1)
""",
    "13_restoring-images-psnr": """
n = len(true)
return np.mean([-10 * np.log10(np.mean((restored[i] - true[i]) ** 2)) for i in range(n)])
""",
    "14_deep-deconvolution-gradient_norms": """
hs = []
for f in layers:
    x = f(x)
    hs.append(x)
L = loss(x)
return [(minigen.grad(L, h)[0] ** 2).sum().item() ** 0.5 for h in hs]
""",
    "16_recurrent-autoencoder-auc": """
high, low = scores[anomalous], scores[~anomalous]
wins = 0.0
for a in high:
    for b in low:
        wins += 1.0 if a > b else 0.5 if a == b else 0.0
return wins / (len(high) * len(low))
""",
    "18_vae-kl": """
return ((mean**2 + log_var.exp() - 1 - log_var) / 2).sum(dim=1)
""",
    "21_wgan-gp-gradient_penalty": """
x = minigen.tensor(mix * real + (1 - mix) * fake, requires_grad=True)
g = minigen.grad(critic(x).sum(), x, create_graph=True)[0].flatten(1)
return ((ops.sqrt((g * g).sum(1) + 1e-12) - 1) ** 2).mean()
""",
    "22_two-machines-standardize": """
m = x.mean(0)
d = x - m
s = xp.mean(d**2, axis=0) ** 0.5
return d / (s + 1e-6)
""",
    "24_many-workers-combine": """
n = sum(counts)
return sum(c / n * g for g, c in zip(gradients, counts) if c)
""",
}


@pytest.mark.parametrize(("name", "body"), OTHER_WAYS.items(), ids=OTHER_WAYS)
def test_another_way_is_right_too(name, body):
    lesson, exercise = EXERCISES[name]
    text, part = solution(lesson), lesson.solution(exercise.name)
    (function,) = ast.parse(part).body
    function.body = ast.parse(body).body
    assert grade(exercise, text.replace(part, ast.unparse(function))) == Verdict("solved")
