"""Typical mistakes: exercise -> (old text of the solution, new text, a word of what the reader must be told)."""

MISTAKES = {
    "distance": [
        ("np.sort(a) - np.sort(b)", "a - b", "sort both"),
        ("np.sort(b)", "b", "sort b"),
        ("abs(np.sort(a) - np.sort(b)).mean()", "abs(a.mean() - b.mean())", "of the means"),
        (".mean()", ".sum()", "not the sum"),
        ("abs(np.sort(a) - np.sort(b))", "((np.sort(a) - np.sort(b)) ** 2)", "squared"),
        ("abs(", "(", "absolute value of each"),
        ("np.sort(a) - np.sort(b)", "a[:, None] - b", "all pairs"),
        ("np.sort(b)", "np.sort(b)[::-1]", "wrong"),
    ],
    "gradient_penalty": [
        ("mix * real + (1 - mix) * fake", "real", "real images only"),
        ("mix * real + (1 - mix) * fake", "fake", "fake images only"),
        ("mix * real + (1 - mix) * fake", "mix * fake + (1 - mix) * real", "reverse"),
        (".sum((1, 2, 3))", ".sum(1)", "channels"),
        ("** 2).mean()", "** 2).sum()", "not their sum"),
        ("norm - 1.0", "norm", "must be 1"),
        ("ops.sqrt((slope**2).sum((1, 2, 3)))", "(slope**2).sum((1, 2, 3))", "root"),
        (".sum((1, 2, 3))", ".sum()", "one for the batch"),
        (", create_graph=True", "", "create_graph=True"),
        ("norm = ops.sqrt((slope**2)", "norm = ops.sqrt((Tensor(slope.data) ** 2)", "create_graph=True"),
        ("(1 - mix) * fake", "(1 - np.random.default_rng(0).random(fake.shape)) * fake", "wrong"),
    ],
    "critic_loss": [
        ("on_fake.mean() - on_real.mean()", "on_real.mean() - on_fake.mean()", "negative of the distance"),
        ("on_fake.mean() - on_real.mean()", "ops.softplus(on_fake).mean() + ops.softplus(-on_real).mean()", "no logit"),
        ("loss + weight * penalty", "loss + penalty", "weight-fold"),
        ("on_fake.mean() - on_real.mean()", "on_fake.sum() - on_real.sum()", "wrong"),
    ],
}
