"""Typical mistakes: exercise -> (old text of the solution, new text, a word of what the reader must be told)."""

MISTAKES = {
    "answer_left": [
        ("5", "9", "is kept"),
        ("5", "14", "variance of the data"),
        ("5", "1.6667", "summed"),
        ("5", "1", "two are lost"),
        ("5", "10", "largest"),
        ("5", "-5", "sign"),
    ],
    "pca": [
        ("svd(x - mean", "svd(x", "subtract the mean"),
        ("axes[:k]", "axes[-k:][::-1]", "smallest"),
        ("axes[:k]", "axes[:, :k].T", "rows of Vᵀ"),
        ("axes[:k]", "axes[:k][::-1]", "first"),
        ("axes[:k]", "axes", "shape"),
        ("axes[:k]", "axes[:k] * 2", "unit"),
        ("x.mean(axis=0)", "x.mean()", "axis=0"),
        ("x.mean(axis=0)", "x.mean(axis=1)", "line"),
        ("return mean, axes[:k]", "return axes[:k]", "two arrays"),
    ],
    "reconstruct": [
        ("return mean + code", "return code", "again"),
        ("(x - mean)", "x", "subtract the mean before"),
        ("return mean + code @ axes", "return code", "decode it"),
        ("mean + code @ axes", "code @ axes - mean", "wrong"),
        ("code @ axes", "code @ axes * 2", "wrong"),
        ("(x - mean) @ axes.T\n    return mean + code", "x @ axes.T\n    return code", "nowhere"),
        ("code = (x", "x -= mean; code = (x + 0", "wrong"),
        ("axes.T", "axes", "line"),
    ],
}
