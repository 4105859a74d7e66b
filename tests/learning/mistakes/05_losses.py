"""Typical mistakes: exercise -> (old text of the solution, new text, a word of what the reader must be told)."""

MISTAKES = {
    "answer_untrained": [
        ("2.302585", "3.3219", "bits"),
        ("2.302585", "1", "log₁₀"),
        ("2.302585", "0.1", "probability"),
        ("2.302585", "-2.302585", "sign"),
        ("2.302585", "0.2302585", "no mean"),
    ],
    "log_softmax": [
        ("x.data - x.data.max(axis=-1, keepdims=True)", "x.data", "±1000"),
        ("axis=-1, keepdims=True)", "axis=0, keepdims=True)", "axis=-1"),
        ("np.log(np.exp(shifted).sum(axis=-1, keepdims=True))", "np.log(np.exp(shifted).sum())", "last axis only"),
        ("record(value", "record(np.exp(value)", "logarithm is wanted"),
        ("g - ops.exp(log_softmax(x)) * g.sum(-1, keepdim=True)", "g - ops.exp(log_softmax(x)) * g", "Σ g"),
        ("g - ops.exp", "g + ops.exp", "Σ g"),
        ("g - ops.exp(log_softmax(x)) * g.sum(-1, keepdim=True)", "g", "g, unchanged"),
        ("g.sum(-1, keepdim=True)", "g.sum(0, keepdim=True)", "last axis"),
        ("ops.exp(log_softmax(x)) *", "type(x)(np.exp(value)) *", ".data"),
    ],
    "binary_cross_entropy": [
        ("ops.log(1.0 + ops.exp(-ops.abs(x)))", "ops.log(1.0 + ops.exp(x)) - ops.maximum(x, 0.0)", "not finite"),
        ("x * t", "x * (1.0 - t)", "exchanged"),
        ("+ ops.log(1.0 + ops.exp(-ops.abs(x)))", "", "is wrong in"),
        ("ops.log(1.0 + ops.exp(-ops.abs(x)))", "ops.log(1.0 + ops.exp(-ops.abs(x)))).mean()", "cannot be read"),
        (
            "return ops.maximum(x, 0.0) - x * t + ops.log(1.0 + ops.exp(-ops.abs(x)))",
            "return (ops.maximum(x, 0.0) - x * t + ops.log(1.0 + ops.exp(-ops.abs(x)))).mean()",
            "not their mean",
        ),
        (
            "return ops.maximum(x, 0.0) - x * t + ops.log(1.0 + ops.exp(-ops.abs(x)))",
            "return (ops.log(1.0 + ops.exp(-x))) * t",
            "second term",
        ),
        ("return ops.maximum(x, 0.0) - x * t", "return -ops.maximum(x, 0.0) + x * t", "is wrong in"),
        ("return ops.maximum(x, 0.0)", "x = type(x)(x.data); return ops.maximum(x, 0.0)", "dx is 0 everywhere"),
    ],
    "first_weight": [
        ("np.sqrt(2 / inputs)", "2 / inputs", "take its root"),
        ("np.sqrt(2 / inputs)", "np.sqrt(1 / inputs)", "halves"),
        ("np.sqrt(2 / inputs)", "np.sqrt(2 / outputs)", "not of outputs"),
        ("np.sqrt(2 / inputs)", "np.sqrt(2 / (inputs + outputs))", "Glorot"),
        (" * np.sqrt(2 / inputs)", "", "scaled"),
        ("(outputs, inputs))", "(inputs, outputs))", "shape"),
        ("generator.standard_normal((outputs, inputs))", "generator.random((outputs, inputs))", "mean"),
        ("generator.standard", "np.random.default_rng(0).standard", "given"),
    ],
}
