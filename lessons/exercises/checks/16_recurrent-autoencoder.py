"""Checks of lesson 16."""

import numpy as np

from minigen.learning import exercise, number, same


@exercise(
    "gap",
    "Compare each anomaly with each normal sequence: scores[anomalous][:, None] against scores[~anomalous].",
    "The mean of the booleans is the fraction of pairs; add half the fraction of ties.",
    without="roc_auc",
)
def auc(your):
    generator = np.random.default_rng(20)
    for text, scores, anomalous in (
        ("random scores", generator.standard_normal(40), generator.random(40) < 0.3),
        ("a perfect detector", np.array([1.0, 2, 3, 4]), np.array([False, False, True, True])),
        ("scores with ties", generator.integers(0, 4, 60).astype(float), generator.random(60) < 0.2),
        ("one score for all", np.ones(10), np.arange(10) < 3),
    ):
        high, low = scores[anomalous][:, None], scores[~anomalous]
        wins, ties = float((high > low).mean()), float((high == low).mean())
        mistakes = (
            {"equal scores count half, not nothing": wins, "equal scores count half, not whole": wins + ties}
            if ties
            else {}
        )
        if text == "random scores":
            mistakes |= {
                "a larger score must mean an anomaly": 1 - wins,
                "a probability: divide by the number of pairs": wins * high.size * low.size,
            }
            mistakes |= {"divide by the number of pairs, not of sequences": wins * high.size * low.size / 40}
            mistakes |= {
                "the accuracy at one threshold is not the AUC": float(((scores > scores.mean()) == anomalous).mean())
            }
        same(your.auc(scores, anomalous), wins + ties / 2, f"the AUC of {text}", mistakes)


@exercise(
    "pencil",
    "Of 10,000 sequences 100 are anomalous. How many of these are flagged, and how many others?",
    "90 / (90 + 495)",
)
def answer_precision(your):
    mistakes = {
        0.9: "that is the part of the anomalies that is flagged",
        0.95: "most sequences are normal: 5 % of them are many",
        0.009: "of the flagged, not of all",
    }
    mistakes |= {0.1818: "flagged are 90 + 495: add both", 0.0585: "that is the part that is flagged"}
    number(your.answer_precision, 90 / 585, mistakes, rtol=0.01)
