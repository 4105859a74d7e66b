"""Exercises of lesson 4: modules and a training loop.

Fill the gaps, then run: python -m minigen.learn 04
"""

from minigen import Tensor

# Pencil: how many parameters does a network 784 → 400 → 10 of two dense layers with biases have?
answer_parameters = None


def parameters(part):
    """All parameters of a network, in the order in which they are found, each once.

    part: an object whose attributes are its parts (vars(part) gives them), or a list of parts, or a parameter: a
    Tensor with requires_grad. Numbers, text and constant tensors are no parts. Two parts may share a parameter.
    Returns a list.
    """
    raise NotImplementedError("your turn")


def train(loss, weights, lr, steps):
    """Gradient descent: in each step w ← w - lr · dL/dw for each of the weights, with gradients of that step alone.

    loss: a function without arguments that computes a tensor of one element from the weights.
    weights: a list of Tensors with requires_grad. Change their arrays in place (w.data -= …): loss uses these tensors.
    Returns a list of the losses as numbers, one for each step, each computed before the step.
    """
    raise NotImplementedError("your turn")
