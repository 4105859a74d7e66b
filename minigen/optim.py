"""Optimizers: SGD, RMSprop, Adam, AdamW; gradient clipping; a learning-rate schedule.

Each rule is written for one parameter p, its gradient g and the rule's own state, and changes p and the
state in place: the arrays that a model or an optimizer holds are the same ones from first step to last.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from minigen import backend
from minigen.autograd import Tensor
from minigen.backend import Array
from minigen.nn.module import Parameter


class Optimizer:
    """What all rules share: the parameters, the step count and the state arrays.

    Args:
        parameters: what is trained.
        lr: the learning rate, which may be changed between steps.

    Attributes:
        steps: how many updates were made.

    Raises:
        TypeError: `parameters` holds something else, such as a module.
        ValueError: there are no parameters, or lr is negative.
    """

    state_names: tuple[str, ...] = ()

    def __init__(self, parameters: Iterable[Parameter], lr: float) -> None:
        self.parameters = list(parameters)
        name = type(self).__name__
        if not self.parameters:
            raise ValueError(f"{name}: parameters is empty, must hold at least one parameter")
        for p in self.parameters:
            if not isinstance(p, Tensor):
                raise TypeError(f"{name}: parameters holds a {type(p).__name__}, not parameters: net.parameters()")
        if lr < 0:
            raise ValueError(f"{name}: lr is {lr}, must not be negative")
        self.lr = lr
        self.steps = 0
        self.state = {
            f"{position}.{name}": backend.of(p.data).zeros_like(p.data)
            for position, p in enumerate(self.parameters)
            for name in self.state_names
        }

    def zero_grad(self) -> None:
        """Forget the gradients."""
        for p in self.parameters:
            p.grad = None

    def step(self) -> None:
        """Update each parameter that has a gradient, in place; do not differentiate an older graph after it."""
        self.steps += 1
        for position, p in enumerate(self.parameters):
            if p.grad is None:
                continue
            self.update(p.data, p.grad.data, *(self.state[f"{position}.{name}"] for name in self.state_names))

    def update(self, p: Array, g: Array, *state: Array) -> None:
        """The rule, in place: p and its state change, g does not."""
        raise NotImplementedError

    def state_dict(self) -> dict[str, Array]:
        """The state arrays by "position.name" and nothing else; `steps` is saved beside them."""
        return self.state

    def load_state_dict(self, state: Mapping[str, Array], steps: int) -> None:
        """Continue from a saved state.

        Raises:
            ValueError: names or shapes differ from this optimizer's.
        """
        for name, array in self.state.items():
            if name not in state or state[name].shape != array.shape:
                found = state[name].shape if name in state else "nothing"
                raise ValueError(f"{type(self).__name__}: saved state {name} is {found}, must be {array.shape}")
        for name, array in self.state.items():
            array[...] = backend.to_device(state[name], backend.device_of(array))
        self.steps = steps


class SGD(Optimizer):
    """p ← p - lr·b with b ← momentum·b + g (+ weight_decay·p), as torch.optim.SGD.

    Args:
        momentum: how much of the last direction is kept; with `nesterov` the step looks ahead by it.
        nesterov: step along g + momentum·b (Sutskever et al. 2013).
        weight_decay: L2 penalty's factor, added to the gradient.

    Raises:
        ValueError: nesterov without momentum.
    """

    def __init__(
        self,
        parameters: Iterable[Parameter],
        lr: float = 1e-3,
        momentum: float = 0.0,
        nesterov: bool = False,
        weight_decay: float = 0.0,
    ) -> None:
        if nesterov and momentum <= 0:
            raise ValueError(f"SGD: nesterov needs a momentum above 0, which is {momentum}")
        self.momentum, self.nesterov, self.weight_decay = momentum, nesterov, weight_decay
        self.state_names = ("momentum_buffer",) if momentum else ()
        super().__init__(parameters, lr)

    def update(self, p: Array, g: Array, *state: Array) -> None:
        """One parameter."""
        step = g + self.weight_decay * p if self.weight_decay else g.copy()
        if self.momentum:
            (b,) = state
            b *= self.momentum
            b += step
            step = step + self.momentum * b if self.nesterov else b.copy()
        step *= self.lr
        p -= step


class RMSprop(Optimizer):
    """p ← p - lr·g/(√v + eps) with v ← alpha·v + (1 - alpha)·g², as torch.optim.RMSprop.

    Source: Tieleman & Hinton 2012, Coursera lecture 6.5. Document 000's optimizer for its VAE.
    """

    state_names = ("square_avg",)

    def __init__(
        self, parameters: Iterable[Parameter], lr: float = 1e-2, alpha: float = 0.99, eps: float = 1e-8
    ) -> None:
        self.alpha, self.eps = alpha, eps
        super().__init__(parameters, lr)

    def update(self, p: Array, g: Array, *state: Array) -> None:
        """One parameter."""
        xp = backend.of(p)
        (v,) = state
        scratch = xp.multiply(g, g, out=xp.empty_like(p))
        scratch *= 1 - self.alpha
        v *= self.alpha
        v += scratch
        xp.sqrt(v, out=scratch)
        scratch += self.eps
        xp.divide(g, scratch, out=scratch)
        scratch *= self.lr
        p -= scratch


class Adam(Optimizer):
    """p ← p - lr·m̂/(√v̂ + eps), m and v the running means of g and g², m̂ and v̂ freed of their start at 0.

    Args:
        betas: how much of the running means of g and of g² is kept each step.
        eps: keeps the division finite.

    t counts all steps, also those in which a parameter had no gradient (torch counts for each parameter).
    Source: Kingma & Ba 2015, algorithm 1; as torch.optim.Adam.

    Raises:
        ValueError: a beta is not in [0, 1).
    """

    state_names = ("exp_avg", "exp_avg_sq")

    def __init__(
        self,
        parameters: Iterable[Parameter],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
    ) -> None:
        if not all(0 <= beta < 1 for beta in betas):
            raise ValueError(f"{type(self).__name__}: betas is {betas}, must be two numbers of at least 0 and below 1")
        self.betas, self.eps = betas, eps
        super().__init__(parameters, lr)

    def update(self, p: Array, g: Array, *state: Array) -> None:
        """The two bias corrections are taken out of the loop: m̂/√v̂ = (m/√v)·√(1-β₂ᵗ)/(1-β₁ᵗ)."""
        xp = backend.of(p)
        m, v = state
        beta1, beta2 = self.betas
        root = math.sqrt(1 - beta2**self.steps)

        scratch = xp.subtract(g, m, out=xp.empty_like(p))
        scratch *= 1 - beta1
        m += scratch

        xp.multiply(g, g, out=scratch)
        scratch *= 1 - beta2
        v *= beta2
        v += scratch

        xp.sqrt(v, out=scratch)
        scratch += self.eps * root
        xp.divide(m, scratch, out=scratch)
        scratch *= self.lr * root / (1 - beta1**self.steps)
        p -= scratch


class AdamW(Adam):
    """Adam whose weight decay acts on the parameter, not through the gradient: p ← (1 - lr·weight_decay)·p first.

    Source: Loshchilov & Hutter 2019, algorithm 2; as torch.optim.AdamW.
    """

    def __init__(
        self,
        parameters: Iterable[Parameter],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
    ) -> None:
        self.weight_decay = weight_decay
        super().__init__(parameters, lr, betas, eps)

    def update(self, p: Array, g: Array, *state: Array) -> None:
        """One parameter."""
        p *= 1 - self.lr * self.weight_decay
        super().update(p, g, *state)


def grad_norm(parameters: Iterable[Parameter]) -> Array:
    """√(Σ g²) over all gradients, as a 0-d array on their device: nothing waits for a GPU."""
    flat = [p.grad.data.reshape(-1) for p in parameters if p.grad is not None]
    if not flat:
        raise ValueError("grad_norm: no parameter has a gradient, call backward first")
    xp = backend.of(flat[0])
    return xp.sqrt(sum(xp.dot(g, g) for g in flat))


def clip_grad_norm_(parameters: Iterable[Parameter], max_norm: float) -> Array:
    """Scale all gradients by one factor so that their norm does not exceed max_norm; the norm before it.

    Source: Pascanu et al. 2013, algorithm 1; as torch.nn.utils.clip_grad_norm_.

    Raises:
        TypeError: `parameters` is a single tensor.
        ValueError: max_norm is not positive, or there are no gradients.
    """
    if isinstance(parameters, Tensor):
        raise TypeError("clip_grad_norm_: parameters is one tensor, must be a list of them")
    if max_norm <= 0:
        raise ValueError(f"clip_grad_norm_: max_norm is {max_norm}, must be positive")
    parameters = list(parameters)
    norm = grad_norm(parameters)
    factor = backend.of(norm).minimum(float(max_norm) / (norm + 1e-6), 1.0)
    for p in parameters:
        if p.grad is not None:
            p.grad = Tensor(p.grad.data * factor)
    return norm


def warmup_cosine(step: int, warmup_steps: int, total_steps: int) -> float:
    """The factor of the learning rate at `step` (from 0): a linear rise, then half a cosine down to 0.

    Source: Loshchilov & Hutter 2017, "SGDR", equation 5, with the warm-up of Goyal et al. 2017.
    """
    if step < warmup_steps:
        return (step + 1) / warmup_steps
    progress = (step - warmup_steps) / max(1, total_steps - warmup_steps)
    return 0.5 * (1 + math.cos(math.pi * min(1.0, progress)))
