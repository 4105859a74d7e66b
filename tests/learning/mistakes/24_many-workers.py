"""Typical mistakes: exercise -> (old text of the solution, new text, a word of what the reader must be told)."""

MISTAKES = {
    "answer_mean": [
        ("1.4", "1.5", "alike"),
        ("1.4", "1.6", "exchanged"),
        ("1.4", "3", "sum"),
        ("1.4", "140", "by 100"),
        ("1.4", "-1.4", "sign"),
    ],
    "combine": [
        ("count / sum(counts)", "1 / len(counts)", "by its count"),
        ("count / sum(counts)", "count", "number of examples"),
        (" * (count / sum(counts))", "", "is a mean"),
        ("count / sum(counts)", "1 / count", "inverse"),
        ("count / sum(counts)", "count / len(counts)", "not of workers"),
        ("        if count:\n            total", "        total", "not finite"),
        ("total += g *", "total = g *", "wrong"),
        ("np.zeros(gradients[0].shape)", "gradients[0]", "wrong"),
    ],
    "all_reduce": [
        ("sum(values) for", "sum(values) / len(values) for", "not the mean"),
        ("[sum(values) for _ in values]", "sum(values)", "a list"),
        ("[sum(values) for _ in values]", "list(values)", "gave itself"),
        ("[sum(values) for _ in values]", "[sum(values) - value for value in values]", "others gave"),
        ("[sum(values) for _ in values]", "[sum(values[: k + 1]) for k, _ in enumerate(values)]", "gave itself"),
        ("[sum(values) for _ in values]", "[sum(values)] + values[1:]", "gave itself"),
        (
            "return [sum(values) for _ in values]",
            "values[0] += sum(values[1:]); return [values[0] for _ in values]",
            "has changed",
        ),
    ],
    "all_reduce_adjoint": [
        ("[sum(gradients) for _ in gradients]", "list(gradients)", "from all"),
        ("sum(gradients) for", "sum(gradients) / len(gradients) for", "not the mean"),
        ("[sum(gradients) for _ in gradients]", "[sum(gradients) - g for g in gradients]", "its own"),
        ("sum(gradients) for", "sum(gradients) * len(gradients) for", "once for each"),
        ("[sum(gradients) for _ in gradients]", "sum(gradients)", "a list"),
        ("sum(gradients) for", "-sum(gradients) for", "sign"),
    ],
}
