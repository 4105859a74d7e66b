"""Exercises of lesson 14: what the gradients really do.

Fill the gaps, then run: python -m minigen.learn 14
"""

import minigen

# Pencil: the slope of a sigmoid is at most 1/4. What fraction of a gradient gets through ten of them, at most?
answer_left = None


def gradient_norms(layers, x, loss):
    """‖∂L/∂h‖ for the output h of each layer, from the first to the last: where does the gradient fade?

    layers: functions from a tensor to a tensor; each takes what the one before it gives, the first takes x.
    loss: a function from the last output to a tensor of one element.
    Returns a list of numbers. minigen.grad(loss, tensors) gives the gradients of computed tensors, too.
    """
    raise NotImplementedError("your turn")
