"""Typical mistakes: exercise -> (old text of the solution, new text, a word of what the reader must be told)."""

MISTAKES = {
    "psnr": [
        (".mean(axis=(1, 2, 3))", ".mean()", "of each image"),
        ("10 * np.log10", "np.log", "not ln"),
        ("10 * np.log10", "20 * np.log10", "squared error"),
        ("10 * np.log10", "np.log10", "10 is missing"),
        ("1 / error", "error", "larger PSNR"),
        ("1 / error", "255**2 / error", "peak is 1"),
        ("((restored - true) ** 2)", "abs(restored - true)", "squared"),
        (".mean(axis=(1, 2, 3))", ".sum(axis=(1, 2, 3))", "do not add"),
        (" / error)).mean()", " / error))", "shape"),
    ],
    "answer_root": [
        ("0.1", "0.01", "take its root"),
        ("0.1", "10", "1 / 10"),
        ("0.1", "0.316", "100"),
        ("0.1", "100", "1 / e"),
        ("0.1", "0.135", "powers of 10"),
    ],
}
