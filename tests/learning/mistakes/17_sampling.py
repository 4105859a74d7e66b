"""Typical mistakes: exercise -> (old text of the solution, new text, a word of what the reader must be told)."""

MISTAKES = {
    "pathwise_gradient": [
        ("slope(mean + deviation * noise)", "slope(noise)", "not at z"),
        ("slope(mean + deviation * noise).mean()", "slope(mean)", "at the mean"),
        (".mean()", "", "mean over the draws"),
        (".mean()", ".sum()", "not their sum"),
        ("deviation * noise", "noise", "not ε"),
        ("deviation * noise", "deviation**2 * noise", "σ²·ε"),
        ("slope(mean + deviation * noise).mean()", "(slope(mean + deviation * noise) * noise).mean()", "dz/dσ"),
        ("slope(mean", "-slope(mean", "sign"),
    ],
    "score_gradient": [
        (" / deviation**2", "", "by σ²"),
        ("deviation**2", "deviation", "not by σ"),
        ("(f(z) * (z - mean) / deviation**2)", "f(z)", "factor"),
        ("z - mean", "mean - z", "sign"),
        ("(z - mean)", "z", "subtracted"),
        (
            "(f(z) * (z - mean) / deviation**2).mean()",
            "f(z).mean() * ((z - mean) / deviation**2).mean()",
            "product of means",
        ),
        (".mean()", "", "mean over the draws"),
    ],
    "sample": [
        ("np.exp(0.5 * log_var)", "np.exp(2 * log_var)", "variance"),
        ("np.exp(0.5 * log_var)", "0.5 * log_var", "variance"),
        ("np.exp(0.5 * log_var)", "np.sqrt(abs(log_var))", "variance"),
        ("mean + deviation * noise", "deviation * noise", "mean"),
    ],
}
