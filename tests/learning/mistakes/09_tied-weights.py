"""Typical mistakes: exercise -> (old text of the solution, new text, a word of what the reader must be told)."""

MISTAKES = {
    "tied_gradient": [
        ("return encoder + decoder", "return decoder", "encoder's use"),
        ("return encoder + decoder", "return encoder", "decoder's use"),
        ("h @ w - target", "target - h @ w", "target - y"),
        ("return encoder + decoder", "return (encoder + decoder) / 2", "mean"),
        ("return encoder + decoder", "return (encoder + decoder) / len(x)", "division by N"),
        ("h @ w - target", "h @ w - x", "not with x"),
        ("return encoder + decoder", "return 2 * (encoder + decoder)", "2 times the right value"),
        ("return encoder + decoder", "return (encoder + decoder).T", "shape"),
    ],
    "answer_tied": [
        ("79284", "157684", "once"),
        ("79284", "78400", "biases"),
        ("79284", "78500", "decoder"),
        ("79284", "79184", "code"),
        ("79284", "156800", "shared"),
    ],
}
