"""Typical mistakes: exercise -> (old text of the solution, new text, a word of what the reader must be told)."""

MISTAKES = {
    "answer_queue": [
        ("10003", "13000", "overlap"),
        ("10003", "3000", "longer"),
        ("10003", "10000", "last one"),
        ("10003", "13", "1,000"),
        ("10003", "3010", "slower"),
    ],
    "standardize": [
        ("xp.sqrt", "__import__('numpy').sqrt", "call xp.sqrt"),
        ("xp.mean(x", "__import__('numpy').mean(x", "call xp.mean"),
        (
            "(xp.sqrt(xp.mean(centred * centred, axis=0)) + 1e-6)",
            "[float(d) + 1e-6 for d in xp.sqrt(xp.mean(centred * centred, axis=0))]",
            "waits",
        ),
        ("return centred /", "return x /", "subtract the mean"),
        ("axis=0", "axis=None", "axis=0"),
        ("xp.sqrt(xp.mean(centred * centred, axis=0))", "xp.mean(centred * centred, axis=0)", "not by its square"),
        ("    return centred", "    if (centred > 1e9): return centred\n    return centred", "line"),
        (" / (xp.sqrt(xp.mean(centred * centred, axis=0)) + 1e-6)", "", "divide by the deviation"),
    ],
}
