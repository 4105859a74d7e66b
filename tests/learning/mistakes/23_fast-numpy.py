"""Typical mistakes: exercise -> (old text of the solution, new text, a word of what the reader must be told)."""

MISTAKES = {
    "momentum_step": [
        ("    np.multiply(b, lr, out=scratch)\n    p -= scratch", "    p -= lr * b", "new array"),
        ("    b *= momentum\n    b += g", "    b[...] = momentum * b + g", "new array"),
        ("    b *= momentum\n", "", "momentum first"),
        ("    b += g\n", "", "is wrong"),
        ("p -= scratch", "p += scratch", "subtract"),
        ("np.multiply(b, lr, out=scratch)", "np.multiply(g, lr, out=scratch)", "not by g"),
        ("np.multiply(b, lr, out=scratch)", "np.multiply(b, lr, out=g)", "g has changed"),
        ("out=scratch)\n    p -= scratch", "out=scratch)\n    p = p - scratch", "not moved"),
        ("np.multiply(b, lr, out=scratch)", "np.multiply(b, 1.0, out=scratch)", "times lr"),
    ],
    "weighted_sum": [
        ("x.ravel()", 'x.ravel(order="K")', "layout must not"),
        ("x.ravel()", 'x.ravel(order="F")', "layout must not"),
        ("x.ravel()", "x.T.ravel()", "layout must not"),
    ],
}
