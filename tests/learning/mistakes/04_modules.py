"""Typical mistakes: exercise -> (old text of the solution, new text, a word of what the reader must be told)."""

MISTAKES = {
    "answer_parameters": [
        ("318010", "317600", "biases"),
        ("318010", "318784", "per input"),
        ("318010", "314000", "second layer"),
        ("318010", "318400", "410"),
        ("318010", "3136000", "added"),
    ],
    "parameters": [
        ("[part] if part.requires_grad else []", "[part]", "a constant"),
        (
            "{id(p): p for inner in parts for p in parameters(inner)}",
            "dict(enumerate(p for inner in parts for p in parameters(inner)))",
            "once",
        ),
        ("part if isinstance(part, list) else ", "", "in a list"),
        (
            "for p in parameters(inner)}",
            "for p in [inner] if isinstance(inner, Tensor) and inner.requires_grad}",
            "inside an object",
        ),
        ("list(found.values())", "found.values()", "must return a list"),
        ("list(found.values())", "list(found.values())[::-1]", "in their order"),
        (' if hasattr(part, "__dict__") else ()', "", "vars()"),
    ],
    "train": [
        ("w.grad = None", "pass", "None before backward"),
        ("w.data -= lr", "w.data += lr", "uphill"),
        ("w.data -= lr * w.grad.data", "w.data = w.data - lr * w.grad.data", "in place"),
        ("value.item()", "value", "item()"),
        ("w.data -= lr * w.grad.data", "w.data -= lr * w.grad.data / 2", "the matrix after 5 steps"),
        ("range(steps)", "range(steps - 1)", "the matrix after 5 steps"),
        (
            "        for w in weights:\n            w.data",
            "        for w in weights[:1]:\n            w.data",
            "only the first",
        ),
        (
            "losses.append(value.item())\n        for w in weights:\n            w.data -= lr * w.grad.data",
            "for w in weights:\n            w.data -= lr * w.grad.data\n        losses.append(loss().item())",
            "before its step",
        ),
    ],
}
