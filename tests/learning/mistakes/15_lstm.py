"""Typical mistakes: exercise -> (old text of the solution, new text, a word of what the reader must be told)."""

MISTAKES = {
    "answer_left": [
        ("0.00515", "45", "not added"),
        ("0.00515", "0.9", "one step"),
        ("0.00515", "0.99485", "lost"),
        ("0.00515", "0.00573", "49"),
        ("0.00515", "194.03", "1 /"),
    ],
    "lstm_step": [
        ("sigmoid(f) * c + sigmoid(i)", "sigmoid(i) * c + sigmoid(f)", "f keeps"),
        ("i, f, g, o = np", "i, f, o, g = np", "order"),
        (" + bias", "", "bias"),
        (" + h @ weight_hh.T", "", "W_hh"),
        ("sigmoid(f) * c + ", "", "kept"),
        ("sigmoid(o) * np.tanh(c), c", "sigmoid(o) * c, c", "tanh is missing"),
        ("return sigmoid(o) * np.tanh(c), c", "return np.tanh(c), c", "output gate"),
        ("np.tanh(g)", "sigmoid(g)", "c' is"),
        ("return sigmoid(o) * np.tanh(c), c", "return sigmoid(o) * np.tanh(c)", "two arrays"),
        ("axis=1", "axis=0", "line"),
    ],
    "lstm_step_backward": [
        ("    dc = dc + dh * o * (1 - squashed**2)\n", "", "through h'"),
        ("dc = dc + dh * o", "dc = dh * o", "later steps"),
        ("(1 - squashed**2)", "1", "tanh'(c')"),
        ("axis=1), dc * f", "axis=1), dc", "forget gate"),
        ("* i * (1 - i)", "", "slope is missing"),
        ("(1 - g**2)", "g * (1 - g)", "1 - g²"),
        ("c_before * f * (1 - f)", "c * f * (1 - f)", "old c"),
        ("dh * squashed * o", "dh * c * o", "tanh(c')"),
        ("[da_i, da_f, da_g, da_o]", "[da_f, da_i, da_g, da_o]", "block of i"),
        ("o * (1 - o)", "(1 - o**2)", "s·(1 - s)"),
    ],
}
