"""Typical mistakes: exercise -> (old text of the solution, new text, a word of what the reader must be told)."""

MISTAKES = {
    "output_padding": [
        (
            "return size - ((pooled - 1) * stride - 2 * padding + kernel)",
            "return ((pooled - 1) * stride - 2 * padding + kernel) - size",
            "missing",
        ),
        ("// stride + 1", "/ stride + 1", "must be an integer"),
        (
            "return size - ((pooled - 1) * stride - 2 * padding + kernel)",
            "return (pooled - 1) * stride - 2 * padding + kernel",
            "without it",
        ),
        ("pooled - 1) * stride - 2 * padding", "pooled - 1) * stride - padding", "both sides"),
        ("// stride + 1", "// stride", "yours"),
        ("+ kernel)", "+ kernel) + 0.0", "must be an integer"),
        ("pooled - 1", "pooled", "yours"),
    ],
    "unpool": [
        ("return flat.reshape(n, c, *size)", "return values.repeat(2, 2).repeat(2, 3)", "repeats"),
        (
            "switches.reshape(n, c, -1)",
            "switches.reshape(n, c, -1) // size[1] // 2 * 2 * size[1] + switches.reshape(n, c, -1) % size[1] // 2 * 2",
            "corner",
        ),
        ("flat.reshape(n, c, *size)", "flat.reshape(n, c, size[1], size[0]).swapaxes(2, 3)", "wrong"),
        ("flat.reshape(n, c, *size)", "flat", "shape"),
        ("values.reshape", "-values.reshape", "sign"),
        ("np.zeros((n", "np.ones((n", "wrong"),
        ("switches.reshape(n, c, -1)", "switches.reshape(n, c, -1) - 1", "wrong in"),
        ("values.reshape(n, c, -1)", "values.swapaxes(2, 3).reshape(n, c, -1)", "wrong in"),
    ],
    "answer_dense": [
        ("50192", "50176", "biases"),
        ("50192", "53312", "each feature"),
        ("50192", "3152", "weight for each feature"),
        ("50192", "272", "flatten"),
        ("50192", "3136", "features"),
    ],
}
