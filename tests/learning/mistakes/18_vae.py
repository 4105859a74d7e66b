"""Typical mistakes: exercise -> (old text of the solution, new text, a word of what the reader must be told)."""

MISTAKES = {
    "answer_kl": [
        ("0.5", "1", "½"),
        ("0.5", "0.0", "means differ"),
        ("0.5", "0.7213", "bits"),
        ("0.5", "1.5", "-1"),
        ("0.5", "-0.5", "sign"),
    ],
    "kl": [
        (".sum(-1)", ".mean(-1)", "not their mean"),
        (".sum(-1)", ".sum()", "last axis"),
        (".sum(-1)", ".sum(0)", "not over examples"),
        ("0.5 * ", "", "½"),
        ("ops.exp(log_var) - 1.0 - log_var", "log_var**2 - 1.0 - ops.log(log_var**2)", "exp(log_var)"),
        ("ops.exp(log_var) - 1.0 - log_var", "ops.exp(2.0 * log_var) - 1.0 - 2.0 * log_var", "ln σ"),
        ("- log_var)", "+ log_var)", "minus"),
        (" - 1.0", "", "-1 is missing"),
        ("mean * mean", "mean", "squared"),
        ("mean * mean", "mean * type(mean)(mean.data)", "dmean is 0.5 times the right value"),
        ("0.5 *", "-0.5 *", "sign"),
    ],
    "gaussian_nll": [
        ("math.log(2 * math.pi) + ", "", "each number"),
        ("0.5 * ", "", "½"),
        (".sum(-1)", ".mean(-1)", "not their mean"),
        (".sum(-1)", ".sum()", "one number"),
        ("* ops.exp(-log_var)", "/ log_var", "not by ln σ²"),
        ("ops.exp(-log_var)", "ops.exp(log_var)", "do not multiply"),
        ("+ log_var +", "+", "thin"),
        ("ops.exp(-log_var)", "ops.exp(-0.5 * log_var)", "not by σ"),
    ],
    "negative_elbo": [
        ("error.sum() / count", "error.mean() * 2", "is wrong"),
        ("error.sum() / count", "error.sum()", "right"),
        ("error.sum() / count", "error.mean(-1).sum()", "right"),
        ("error + divergence", "error - divergence", "minus"),
    ],
}
