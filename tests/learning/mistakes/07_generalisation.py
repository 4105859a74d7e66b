"""Typical mistakes: exercise -> (old text of the solution, new text, a word of what the reader must be told)."""

MISTAKES = {
    "answer_error": [
        ("0.0095", "0.3", "√n"),
        ("0.0095", "9e-5", "root"),
        ("0.0095", "3e-4", "not by n"),
        ("0.0095", "9.49", "part of 1"),
        ("0.0095", "0.0316", "missing"),
        ("0.0095", "0.95", "percent"),
    ],
    "dropout": [
        ("kept / (1 - p)", "kept * 1.0", "scale what is kept"),
        ("kept / (1 - p)", "kept / p", "divide by 1 - p"),
        ("kept / (1 - p)", "~kept / (1 - p)", "what stays"),
        ("kept / (1 - p)", "kept * (1 - p)", "do not multiply"),
        ("lambda g: g * scale", "lambda g: g", "zeroed gets no gradient"),
        ("lambda g: g * scale", "lambda g: g * kept", "scaled gets a scaled one"),
        ("g * scale", "type(g)(g.data * scale)", ".data"),
        ("record(x.data * scale, (x, lambda g: g * scale))", "type(x)(x.data * scale)", "no derivative"),
    ],
    "split": [
        ("generator.permutation(count)", "list(range(count))", "sorted"),
        ("order[held_out:], order[:held_out]", "order[:held_out], order[held_out:]", "must be 7 and 3"),
        ("order[held_out:], order[:held_out]", "order[held_out:], generator.permutation(count)[:held_out]", "both"),
        ("order[held_out:]", "order", "must be 7 and 3"),
        ("generator.permutation(count)", "generator.integers(0, count, count)", "part"),
        ("generator.permutation(count)", "generator.permutation(count) + 1", "neither"),
        ("generator.permutation(count)", "__import__('numpy').random.default_rng().permutation(count)", "same seed"),
        ("return order[held_out:], ", "return ", "two arrays"),
    ],
    "early_stopping": [
        ("loss < losses[best]", "loss <= losses[best]", "[2.0, 2.0, 2.0, 2.0]"),
        (">= patience", "> patience", "must be"),
        ("best = 0", "best = losses.index(min(losses))", "epochs that were trained"),
        ("return best, epoch\n", "return epoch, best\n", "must be"),
        ("len(losses) - 1", "len(losses)", "must be"),
        ("loss < losses[best]", "epoch and loss < losses[epoch - 1]", "must be"),
        ("return best, len", "return losses[best], len", "must be"),
    ],
    "fit": [
        ("range(10)", "range(1)", "the mark is 0.022"),
        ("range(10)", "range(9, 10)", "the mark is 0.022"),
        ("np.argmin(errors)", "np.argmax(errors)", "the mark is 0.022"),
        ("(np.polyval(c, held_out_x) - held_out_y)", "(np.polyval(c, x) - y)", "the mark is 0.022"),
        ("return lambda x: np.polyval(both, x)", "return both", "must return a function"),
        ("return lambda x: np.polyval(both, x)", "return lambda x: np.polyval(both, x).mean()", "shape"),
    ],
}
