"""Typical mistakes: exercise -> (old text of the solution, new text, a word of what the reader must be told)."""

WHOLE = "(np.sin((1 - t) * angle) * a + np.sin(t * angle) * b) / np.sin(angle)"
MISTAKES = {
    "arc": [
        (WHOLE, "(1 - t) * a + t * b", "straight"),
        (
            "np.sin((1 - t) * angle) * a + np.sin(t * angle) * b",
            "np.sin(t * angle) * a + np.sin((1 - t) * angle) * b",
            "exchanged",
        ),
        (" / np.sin(angle)", "", "divide"),
        ("np.arccos(a @ b / np.sqrt((a @ a) * (b @ b)))", "a @ b / np.sqrt((a @ a) * (b @ b))", "arccos"),
        (WHOLE, "np.cos(t * angle) * a + np.sin(t * angle) * b", "right angle"),
        ("np.sqrt((a @ a) * (b @ b))", "((a @ a) * (b @ b))", "wrong"),
        ("np.arccos(a @ b / np.sqrt((a @ a) * (b @ b)))", "np.arccos(a @ b)", "not finite"),
    ],
    "training_loss": [
        ("weight * kl", "weight * kl * count / batch", "right"),
        ("weight * kl", "beta * kl", "right"),
        ("min(1.0, epoch / warm_up)", "epoch / warm_up", "stop at beta"),
        ("(error + cost).mean()", "(error + cost).sum()", "right"),
    ],
}
