"""Exercises of lesson 8: the autoencoder, and PCA as its linear case.

Fill the gaps, then run: python -m minigen.learn 08
"""

import numpy as np

# Pencil: the variances of a data set along its principal axes are 9, 4 and 1. PCA keeps one number per example.
# What is the mean squared error per example, summed over its three coordinates?
answer_left = 5


def pca(x, k):
    """The mean of the data and its first k principal axes: the best linear autoencoder with a code of k numbers.

    x: (N, D), an example in each row.
    Returns the mean (D,) and the axes (k, D): unit vectors, orthogonal, the axis of the largest variance first.
    np.linalg.svd(a, full_matrices=False) gives U, S, Vᵀ with a = U·diag(S)·Vᵀ and the largest S first.
    """
    mean = x.mean(axis=0)
    _, _, axes = np.linalg.svd(x - mean, full_matrices=False)
    return mean, axes[:k]


def reconstruct(x, mean, axes):
    """The reconstruction of x (N, D): encode each example as k numbers, then decode them. Returns (N, D)."""
    code = (x - mean) @ axes.T
    return mean + code @ axes
