"""Typical mistakes: exercise -> (old text of the solution, new text, a word of what the reader must be told)."""

MISTAKES = {
    "answer_slope": [
        ("10.0", "4", "value"),
        ("10.0", "12", "-2x"),
        ("10.0", "8", "(2x)'"),
        ("10.0", "-10", "sign"),
        ("10.0", "6", "3x²"),
    ],
    "answer_error": [
        ("0.01", "3.01", "how far"),
        ("0.01", "0.31", "forward"),
        ("0.01", "0.001", "divide by h"),
        ("0.01", "0.02", "2h"),
        ("0.01", "-0.01", "sign"),
        ("0.01", "'1 %'", "number"),
    ],
    "central_difference": [
        ("(2 * h)", "h", "2h"),
        ("(2 * h)", "(4 * h)", "2h"),
        ("(f(x + step) - f(x - step)) / (2 * h)", "(f(x + step) - f(x)) / h", "one-sided"),
        ("step[i] = h", "step[i] = h = 1e-5", "argument h"),
        ("f(x + step) - f(x - step)", "f(x - step) - f(x + step)", "sign"),
        ("step = np.zeros(x.shape)", "step = x", "changes x"),
        ("return gradient", "return gradient.sum()", "shape"),
        ("return gradient", "gradient", "return"),
        ("gradient[i] =", "gradient.flat[0] +=", "wrong in"),
    ],
    "gradient_error": [
        ("g = np.random.default_rng(seed).standard_normal(f(x).shape)", "g = np.zeros(f(x).shape)", "passes"),
        ("g = np.random.default_rng(seed).standard_normal(f(x).shape)", "g = np.full(f(x).shape, 2.0)", "passes"),
        ("(2 * h)", "h", "fails"),
    ],
    "best_slope": [
        ("h = 2e-2", "h = 1e-1", "mark"),
        ("h = 2e-2", "h = 1e-6", "mark"),
        ("16 * better[1] - better[0]) / 15", "4 * better[1] - better[0]) / 3", "mark"),
        ("return (16 * better[1] - better[0]) / 15", "return slopes[2]", "mark"),
        ("(4 * slopes[k + 1] - slopes[k]) / 3", "(2 * slopes[k + 1] - slopes[k])", "mark"),
        ("h = 2e-2", "import numpy as np; x = np.array([x]); h = 2e-2", "number"),
    ],
}
