"""Typical mistakes: exercise -> (old text of the solution, new text, a word of what the reader must be told)."""

MISTAKES = {
    "answer_size": [
        ("14", "16", "padding"),
        ("14", "12", "last stamp"),
        ("14", "3", "convolution's"),
        ("14", "15", "both"),
        ("14", "18", "does not add"),
    ],
    "stamps": [
        ("+= y[i, j]", "= y[i, j]", "add where they overlap"),
        ("* weight", "* weight[::-1, ::-1]", "flipped"),
        ("* weight", "* weight.T", "transposed"),
        ("+= y[i, j]", "-= y[i, j]", "sign"),
        ("(length - 1) * stride + kernel", "length * stride", "shape"),
        ("(length - 1) * stride + kernel", "length * stride + kernel", "shape"),
        ("+= y[i, j] * weight", "+= weight", "times y[i, j]"),
        (
            "[i * stride : i * stride + kernel, j * stride : j * stride + kernel]",
            "[i : i + kernel, j : j + kernel]",
            "wrong in",
        ),
    ],
    "max_pool": [
        ("return record(", "return x.reshape(n, c, h // 2, 2, w // 2, 2).max((3, 5)); record(", "own `max`"),
        (" * largest", " * (largest | True)", "largest of each block alone"),
        (" * largest", " * ~largest", "largest of each block alone"),
        (" * largest", " * largest * 2", "2 times the right value"),
        (" * largest", " * largest * -1", "sign"),
        ("blocks.max(", "blocks.min(", "smallest"),
        ("blocks.max(", "blocks.mean(", "mean"),
        (".reshape(x.shape)", "", "shape"),
        ("axis=(3, 5)", "axis=(2, 4)", "shape"),
        (
            "g.reshape(n, c, h // 2, 1, w // 2, 1) * largest",
            "type(g)(g.data.reshape(n, c, h // 2, 1, w // 2, 1) * largest)",
            ".data",
        ),
    ],
}
