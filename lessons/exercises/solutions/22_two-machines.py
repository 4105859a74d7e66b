"""Exercises of lesson 22: one array library for two machines.

Fill the gaps, then run: python -m minigen.learn 22
"""

# Pencil: a program sends 1,000 operations to a GPU and waits for the last one only. Sending takes 10 µs each, execution
# 3 µs each. How many µs does the program take?
answer_queue = 10003


def standardize(x, xp):
    """(x - mean) / (deviation + 10⁻⁶), with the mean and the deviation of each column: (N, D) -> (N, D).

    x: an array of NumPy or of CuPy, and xp the module that it belongs to: xp.sqrt, xp.mean, …
    Code for both machines calls no function of NumPy itself, and takes no number out of an array: that would wait for
    the card. deviation = √(mean of (x - mean)²).
    """
    centred = x - xp.mean(x, axis=0)
    return centred / (xp.sqrt(xp.mean(centred * centred, axis=0)) + 1e-6)
