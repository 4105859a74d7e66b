"""Typical mistakes: exercise -> (old text of the solution, new text, a word of what the reader must be told)."""

MISTAKES = {
    "answer_elements": [
        ("60", "12", "5 meets"),
        ("60", "20", "last axis"),
        ("60", "17", "multiplied"),
        ("60", "300", "repeated"),
        ("60", "15", "4 of these"),
    ],
    "unbroadcast": [
        ("    g = g.sum(tuple(range(g.ndim - len(shape)))) if g.ndim > len(shape) else g\n", "", "shape"),
        ("return g.sum(repeated, keepdim=True) if repeated else g", "return g", "sum what was repeated"),
        ("keepdim=True", "keepdim=False", "shape"),
        ("g.sum(repeated", "g.mean(repeated", "mean"),
        ("tuple(range(g.ndim - len(shape)))", "tuple(range(len(shape), g.ndim))", "shape"),
        ("g.sum(tuple(range(g.ndim - len(shape))))", "g[(0,) * (g.ndim - len(shape))]", "pick one"),
        ("return g.sum", "return -g.sum", "sign"),
    ],
    "multiply": [
        ("unbroadcast(g * b, a.shape)", "g * b", "unbroadcast"),
        ("unbroadcast(g * a, b.shape)", "g * a", "unbroadcast"),
        ("g * b", "g * a", "wrong in"),
        ("g * b", "g", "da is g, unchanged"),
        ("g * b", "g * b * 2", "2 times the right value"),
        ("g * b", "g * -b", "sign"),
        ("g * b", "g * b.data", ".data"),
        ("a.data * b.data,", "a.data + b.data,", "wrong in"),
        ("\n        (b, lambda g: unbroadcast(g * a, b.shape)),", "", "db is 0 everywhere"),
        ("(b, lambda g: unbroadcast(g * a, b.shape)),\n    )", ").data", "must be a Tensor"),
    ],
    "product": [
        ("g @ b.T", "g @ b", "transposed"),
        ("g @ b.T", "b @ g", "transposed"),
        ("a.T @ g", "g.T @ a", "transposed"),
        ("a.T @ g", "a @ g", "transposed"),
        ("g @ b.T", "(g @ b.T) * 2", "2 times the right value"),
        ("(b, lambda g: a.T @ g)", "(b, lambda g: a.T @ g * 0)", "0 everywhere"),
        ("a.data @ b.data", "a.data * b.data", "wrong in"),
        ("a.T @ g", "type(a)(a.data.T) @ g", ".data"),
    ],
    "relu": [
        ("active = x.data > 0", "active = x.data < 0", "wrong in"),
        ("g * active", "g", "is g, unchanged"),
        ("np.maximum(x.data, 0)", "np.minimum(x.data, 0)", "wrong in"),
        ("np.maximum(x.data, 0)", "abs(x.data)", "wrong in"),
    ],
}
