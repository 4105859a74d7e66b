"""Typical mistakes: exercise -> (old text of the solution, new text, a word of what the reader must be told)."""

MISTAKES = {
    "auc": [
        (" + ties / 2", "", "not nothing"),
        ("ties / 2", "ties", "not whole"),
        (">", "<", "must mean"),
        ("(high[:, None] > low).mean()", "(high[:, None] > low).sum()", "divide by the number"),
        ("(high[:, None] > low).mean()", "(high[:, None] > low).sum() / len(scores)", "not of sequences"),
        ("return wins + ties / 2", "return ((scores > scores.mean()) == anomalous).mean()", "threshold"),
        ("return wins + ties / 2", "return 0.5", "the AUC of random scores"),
    ],
    "answer_precision": [
        ("0.1538", "0.9", "anomalies that is flagged"),
        ("0.1538", "0.95", "are many"),
        ("0.1538", "0.009", "not of all"),
        ("0.1538", "0.1818", "add both"),
        ("0.1538", "0.0585", "is flagged"),
        ("0.1538", "15.38", "percent"),
    ],
}
