"""Typical mistakes: exercise -> (old text of the solution, new text, a word of what the reader must be told)."""

MISTAKES = {
    "answer_balance": [
        ("1.386", "0.693", "two terms"),
        ("1.386", "2", "bits"),
        ("1.386", "0.0", "not 0"),
        ("1.386", "0.25", "then the sum"),
        ("1.386", "-1.386", "sign"),
    ],
    "discriminator_loss": [
        (
            "ops.softplus(-real).mean() + ops.softplus(made).mean()",
            "ops.softplus(real).mean() + ops.softplus(-made).mean()",
            "exchanged",
        ),
        ("ops.softplus(made)", "ops.softplus(-made)", "called made"),
        ("-real", "real", "called real"),
        (" + ops.softplus(made).mean()", "", "made images is missing"),
        ("ops.softplus(-real).mean() + ", "", "real images is missing"),
        (".mean()", ".sum()", "not the sum"),
        ("return ", "return -1.0 * ", "wrong"),
        (
            "ops.softplus(-real).mean() + ops.softplus(made).mean()",
            "(ops.softplus(-real) + ops.softplus(made)).mean() / 2.0",
            "and then",
        ),
        ("ops.softplus(-real)", "-ops.log(ops.sigmoid(real))", "±1000 is not finite"),
        ("ops.softplus(made)", "ops.softplus(type(made)(made.data))", "dmade is 0 everywhere"),
    ],
    "generator_loss": [
        ("-made", "made", "opposite"),
        ("ops.softplus(-made).mean()", "-ops.softplus(made).mean()", "minimax"),
        ("ops.softplus(-made)", "-ops.softplus(-made)", "with a minus"),
        (".mean()", ".sum()", "not the sum"),
        ("ops.softplus(-made)", "(-made)", "averaged themselves"),
        ("ops.softplus(-made)", "-ops.sigmoid(made)", "logarithm is missing"),
        ("ops.softplus(-made)", "-ops.log(ops.sigmoid(made))", "not finite"),
    ],
    "best_discriminator": [
        ("p_real / (p_real", "p_made / (p_real", "exchanged"),
        ("(p_real + p_made)", "p_made", "larger than 1"),
        ("p_real / (", "(p_real - p_made) / (", "negative"),
        ("p_real / (p_real + p_made)", "p_real * 0 + 0.5", "agree"),
        ("p_real / (p_real + p_made)", "p_real**2 / (p_real**2 + p_made**2)", "squared"),
        (" / (p_real + p_made)", "", "divide"),
    ],
    "discriminator_step": [
        ("discriminator.parameters()", "generator.parameters()", "moves the generator"),
        ("p.data -= lr", "p.data += lr", "uphill"),
        ("p.data -= lr * g.data", "p.data = p.data * 1", "not moved"),
    ],
}
