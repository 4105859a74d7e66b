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
            "ops.softplus(-real).mean() + ops.softplus(fake).mean()",
            "ops.softplus(real).mean() + ops.softplus(-fake).mean()",
            "exchanged",
        ),
        ("ops.softplus(fake)", "ops.softplus(-fake)", "called fake"),
        ("-real", "real", "called real"),
        (" + ops.softplus(fake).mean()", "", "fake images is missing"),
        ("ops.softplus(-real).mean() + ", "", "real images is missing"),
        (".mean()", ".sum()", "not the sum"),
        ("return ", "return -1.0 * ", "wrong"),
        (
            "ops.softplus(-real).mean() + ops.softplus(fake).mean()",
            "(ops.softplus(-real) + ops.softplus(fake)).mean() / 2.0",
            "and then",
        ),
        ("ops.softplus(-real)", "-ops.log(ops.sigmoid(real))", "±1000 is not finite"),
        ("ops.softplus(fake)", "ops.softplus(type(fake)(fake.data))", "dfake is 0 everywhere"),
    ],
    "generator_loss": [
        ("-fake", "fake", "opposite"),
        ("ops.softplus(-fake).mean()", "-ops.softplus(fake).mean()", "minimax"),
        ("ops.softplus(-fake)", "-ops.softplus(-fake)", "with a minus"),
        (".mean()", ".sum()", "not the sum"),
        ("ops.softplus(-fake)", "(-fake)", "averaged themselves"),
        ("ops.softplus(-fake)", "-ops.sigmoid(fake)", "logarithm is missing"),
        ("ops.softplus(-fake)", "-ops.log(ops.sigmoid(fake))", "not finite"),
    ],
    "best_discriminator": [
        ("p_real / (p_real", "p_fake / (p_real", "exchanged"),
        ("(p_real + p_fake)", "p_fake", "larger than 1"),
        ("p_real / (", "(p_real - p_fake) / (", "negative"),
        ("p_real / (p_real + p_fake)", "p_real * 0 + 0.5", "agree"),
        ("p_real / (p_real + p_fake)", "p_real**2 / (p_real**2 + p_fake**2)", "squared"),
        (" / (p_real + p_fake)", "", "divide"),
    ],
    "discriminator_step": [
        ("discriminator.parameters()", "generator.parameters()", "moves the generator"),
        ("p.data -= lr", "p.data += lr", "uphill"),
        ("p.data -= lr * g.data", "p.data = p.data * 1", "not moved"),
    ],
    "play": [
        (
            "x - 0.7 * gradient_x(ahead_x, ahead_y), y + 0.7 * gradient_y(ahead_x, ahead_y)",
            "ahead_x, ahead_y",
            "distance",
        ),
        ("0.7", "0.01", "distance"),
        ("0.7", "1.5", "distance"),
        ("calls // 4", "calls", "more often"),
        ("return x, y", "return x", "two numbers"),
        ("y + 0.7", "y - 0.7", "distance"),
    ],
}
