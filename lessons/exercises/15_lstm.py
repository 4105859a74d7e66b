"""Exercises of lesson 15: the LSTM, and back-propagation through time by hand.

Fill the gaps, then run: python -m minigen.learn 15
All arrays are plain, float64. N examples, I inputs, H hidden numbers; the blocks of H rows are in the order i, f, g, o.
"""

import numpy as np

# Pencil: the forget gate is 0.9 in each of 50 steps. What fraction of dL/dc reaches the cell state 50 steps earlier?
answer_left = None


def sigmoid(x):
    """1 / (1 + e⁻ˣ)"""
    return 1 / (1 + np.exp(-x))


def lstm_step(x, h, c, weight_ih, weight_hh, bias):
    """One step of an LSTM.

    a = x·W_ihᵀ + h·W_hhᵀ + b           (N, 4H), cut into four blocks a_i, a_f, a_g, a_o
    i, f, o = σ(a_i), σ(a_f), σ(a_o)    g = tanh(a_g)
    c' = f·c + i·g                      h' = o·tanh(c')

    x: (N, I).   h, c: (N, H).   weight_ih: (4H, I).   weight_hh: (4H, H).   bias: (4H,).
    Returns (h', c').
    """
    raise NotImplementedError("your turn")


def lstm_step_backward(dh, dc, i, f, g, o, c_before, c):
    """The same step backwards, from dL/dh' and dL/dc' to dL/da and dL/dc.

    dh, dc: what reaches h' and c' from later steps.   i, f, g, o: the gates, behind σ and tanh.   c_before, c: c, c'.
    h' = o·tanh(c') sends a second gradient to c', which adds to dc. All arrays are (N, H).
    Returns (da, dc_before): (N, 4H) in the order i, f, g, o, and (N, H).
    """
    raise NotImplementedError("your turn")
