"""Typical mistakes: exercise -> (old text of the solution, new text, a word of what the reader must be told)."""

MISTAKES = {
    "answer_left": [
        ("9.54e-7", "2.5", "not added"),
        ("9.54e-7", "0.025", "ten"),
        ("9.54e-7", "0.25", "one of them"),
        ("9.54e-7", "1048576", "1 / that"),
        ("9.54e-7", "2.38e-7", "eleven"),
    ],
    "gradient_norms": [
        ("minigen.grad(loss(x), outputs)", "minigen.grad(loss(x), outputs)[::-1]", "to the last"),
        (" ** 0.5", "", "root"),
        ("for g in minigen.grad(loss(x), outputs)", "for g in outputs", "not of their gradients"),
        ("(g.data**2).sum()) ** 0.5", "abs(g.data).sum())", "sum of |g|"),
        ("(g.data**2).sum()", "(g.data**2).mean()", "mean"),
        ("(g.data**2).sum()) ** 0.5", "abs(g.data).max())", "another norm"),
        ("outputs.append(x)", "outputs.insert(0, x)", "to the last"),
        ("(g.data**2).sum()) ** 0.5", "g.data.sum())", "cancel"),
        ("x = layer(x)\n        outputs.append(x)", "outputs.append(x)\n        x = layer(x)", "grad"),
    ],
}
