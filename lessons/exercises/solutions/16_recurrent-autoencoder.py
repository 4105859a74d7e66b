"""Exercises of lesson 16: the recurrent autoencoder, and anomalies.

Fill the gaps, then run: python -m minigen.learn 16
"""

import numpy as np


def auc(scores, anomalous):
    """The probability that a random anomaly has a larger score than a random normal sequence; equal scores count half.

    scores: (N,), the reconstruction error of each sequence.   anomalous: (N,) booleans.   Returns a number from 0 to 1.
    """
    high, low = scores[anomalous], scores[~anomalous]
    wins = (high[:, None] > low).mean()
    ties = (high[:, None] == low).mean()
    return wins + ties / 2


# Pencil: 1 % of the sequences are anomalous. A detector flags 90 % of the anomalies and 5 % of the normal sequences.
# What fraction of the flagged sequences is anomalous?
answer_precision = 0.1538
