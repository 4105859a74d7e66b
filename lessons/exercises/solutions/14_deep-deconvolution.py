"""Exercises of lesson 14: what the gradients really do.

Fill the gaps, then run: python -m minigen.learn 14
"""

import minigen

# Pencil: the slope of a sigmoid is at most 1/4. What fraction of a gradient gets through ten of them, at most?
answer_left = 9.54e-7


def gradient_norms(layers, x, loss):
    """‖∂L/∂h‖ for the output h of each layer, from the first to the last: where does the gradient fade?

    layers: functions from a tensor to a tensor; each takes what the one before it gives, the first takes x.
    loss: a function from the last output to a tensor of one element.
    Returns a list of numbers. minigen.grad(loss, tensors) gives the gradients of computed tensors, too.
    """
    outputs = []
    for layer in layers:
        x = layer(x)
        outputs.append(x)
    return [float((g.data**2).sum()) ** 0.5 for g in minigen.grad(loss(x), outputs)]
