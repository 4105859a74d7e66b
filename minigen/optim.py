"""Optimizers: SGD, RMSprop, Adam, AdamW; gradient clipping; a learning-rate schedule.

Each rule is written for one parameter p, its gradient g and the rule's own state, and changes p and the
state in place: the arrays that a model or an optimizer holds are the same ones from first step to last.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from numbers import Real

from minigen import backend
from minigen.autograd import Tensor, creation
from minigen.backend import Array
from minigen.nn.module import Module, Parameter

PART = 2**18  # numbers of a large parameter that are updated at once


class Optimizer:
    """What all rules share: the parameters, the step count and the state arrays.

    Args:
        parameters: what is trained; a parameter that is given twice counts once.
        lr: the learning rate, which may be changed between steps.

    Attributes:
        steps: the number of calls of `step`.
        counts: the number of updates that each parameter has had.
        parts: the slice of each flattened parameter that this worker updates, if there are several. Its gradients are
            then those of these slices. None where one optimizer updates all.

    Raises:
        TypeError: `parameters` is a tensor or a module, or holds something that is no leaf requiring a gradient.
        ValueError: there are no parameters, or lr, or another number of the rule, is negative or no number.
    """

    state_names: tuple[str, ...] = ()

    def __init__(self, parameters: Iterable[Parameter], lr: float) -> None:
        self.parameters = checked_parameters(type(self).__name__, parameters)
        self._require_at_least_0(lr=lr)
        self.lr = lr
        self.steps = 0
        self.parts: list[slice] | None = None
        self.counts = [0] * len(self.parameters)
        self.state = {
            f"{position}.{name}": backend.of(p.data).zeros_like(p.data)
            for position, p in enumerate(self.parameters)
            for name in self.state_names
        }

    def _require_at_least_0(self, below: float = math.inf, **settings: float) -> None:
        for name, value in settings.items():
            if not (isinstance(value, Real) and 0 <= value < below):
                limit = "" if below == math.inf else f" and below {below}"
                raise ValueError(f"{type(self).__name__}: {name} is {value!r}, must be a number of at least 0{limit}")

    def __repr__(self) -> str:
        count = sum(p.size for p in self.parameters)
        return f"{type(self).__name__}({len(self.parameters)} parameters of {count:,} numbers, lr={self.lr:g})"

    def zero_grad(self) -> None:
        """Set all gradients to None."""
        for p in self.parameters:
            p.grad = None

    def step(self) -> None:
        """Update each parameter that has a gradient, in place. Losses computed before can no longer be differentiated.

        Raises:
            ValueError: a gradient has another shape than its parameter.
        """
        self.steps += 1
        for position, p in enumerate(self.parameters):
            if p.grad is None:
                continue
            if not isinstance(p.grad, Tensor):
                found = f"a parameter of shape {p.shape} has as its gradient {backend.described(p.grad)}"
                raise TypeError(f"{type(self).__name__}: {found}, must have a tensor")
            if not p.data.ndim:
                p.data = backend.of(p.data).asarray(p.data)  # w.data * 2 of a 0-d array is a scalar
            arrays = [p.data, *(self.state[f"{position}.{name}"] for name in self.state_names)]
            if self.parts is not None:
                arrays = [array.reshape(-1)[self.parts[position]] for array in arrays]
            if p.grad.shape != arrays[0].shape:
                found = f"a parameter of shape {p.shape} has a gradient {p.grad.shape}"
                part = "" if self.parts is None else f" (this worker updates {arrays[0].size} of its numbers)"
                raise ValueError(f"{type(self).__name__}: {found}{part}")
            self.counts[position] += 1
            for p_part, g, *state in _in_parts([arrays[0], p.grad.data, *arrays[1:]]):
                self.update(p_part, g, self.counts[position], *state)
            p._changed = next(creation)

    def update(self, p: Array, g: Array, t: int, *state: Array) -> None:
        """The rule for the t-th update of a parameter, element by element: p and its state change in place, g does not.

        p may be a part of a parameter; g and the state are then the same part.
        """
        raise NotImplementedError

    def state_dict(self) -> dict[str, Array]:
        """The state arrays by "position.name", and "counts"."""
        return self.state | {"counts": backend.module("cpu").array(self.counts, "int64")}

    def load_state_dict(self, state: Mapping[str, Array], steps: int | None = None) -> None:
        """Continue from a saved state; nothing changes unless all of it fits.

        Args:
            steps: the number of calls of `step`; also the count of every parameter, for a state that holds none.

        Raises:
            ValueError: names, shapes or counts are not those of this rule and these parameters.
        """
        own, name = self.state_dict(), type(self).__name__
        if steps is not None and "counts" not in state:
            state = {**state, "counts": backend.module("cpu").full_like(own["counts"], steps)}
        missing, unknown = sorted(own.keys() - state.keys()), sorted(state.keys() - own.keys())
        if missing or unknown:
            raise ValueError(
                f"{name}: the state is of another rule or other parameters, missing {missing[:3] or 'nothing'}, "
                f"unknown {unknown[:3] or 'nothing'}"
            )
        for key, array in own.items():
            if state[key].shape != array.shape or not backend.holds_real_numbers(state[key]):
                found = f"{state[key].dtype} of shape {state[key].shape}"
                raise ValueError(f"{name}: state {key} is {found}, must be numbers of shape {array.shape}")
        counts = [int(count) for count in backend.to_device(state["counts"], "cpu")]
        if min(counts) < 0:
            raise ValueError(f"{name}: counts hold {min(counts)}, must not be negative")
        for key, array in self.state.items():
            array[...] = backend.to_device(state[key], backend.device_of(array))
        self.counts, self.steps = counts, max(counts) if steps is None else steps


def _in_parts(arrays: list[Array]) -> Iterator[list[Array]]:
    """Rows of a large parameter, which stay in the processor's cache through all lines of a rule; a GPU takes all."""
    p = arrays[0]
    if p.size <= PART or backend.device_of(p) != "cpu":
        yield arrays
        return
    rows = max(1, len(p) * PART // p.size)
    for start in range(0, len(p), rows):
        yield [array[start : start + rows] for array in arrays]


def checked_parameters(caller: str, parameters: Iterable[Parameter]) -> list[Parameter]:
    """The parameters as a list, each once.

    Raises:
        TypeError: it is a single tensor or a module, or one of them is no leaf that requires a gradient.
        ValueError: there are none.
    """
    if isinstance(parameters, Tensor | Module):
        raise TypeError(
            f"{caller}: parameters is a {type(parameters).__name__}, must be a list of parameters: "
            "[weight], or net.parameters()"
        )
    found = {id(p): p for p in parameters}
    if not found:
        raise ValueError(f"{caller}: parameters is empty, must hold at least one parameter")
    for position, p in enumerate(found.values()):
        if isinstance(p, dict):
            raise TypeError(f"{caller}: parameter {position} is a dict: use one optimizer per group")
        if not isinstance(p, Tensor):
            raise TypeError(f"{caller}: parameter {position} is {backend.described(p)}, must be an nn.Parameter")
        if p._edges or not (p.requires_grad or isinstance(p, Parameter)):
            why = "was computed from other tensors" if p._edges else "does not require a gradient"
            raise TypeError(f"{caller}: parameter {position}, of shape {p.shape}, {why}: it would never be trained")
    return list(found.values())


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
        *,
        nesterov: bool = False,
        weight_decay: float = 0.0,
    ) -> None:
        self._require_at_least_0(momentum=momentum, weight_decay=weight_decay)
        if nesterov and not momentum:
            raise ValueError(f"SGD: nesterov needs a momentum above 0, which is {momentum}")
        self.momentum, self.nesterov, self.weight_decay = momentum, nesterov, weight_decay
        self.state_names = ("momentum_buffer",) if momentum else ()
        super().__init__(parameters, lr)

    def update(self, p: Array, g: Array, t: int, *state: Array) -> None:
        """Update one parameter."""
        step = g + self.weight_decay * p if self.weight_decay else g.copy()
        if self.momentum:
            (b,) = state
            b *= self.momentum
            b += step
            if self.nesterov:
                step += self.momentum * b
            else:
                step = b.copy()
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
        self._require_at_least_0(alpha=alpha, below=1)
        self._require_at_least_0(eps=eps)
        self.alpha, self.eps = alpha, eps
        super().__init__(parameters, lr)

    def update(self, p: Array, g: Array, t: int, *state: Array) -> None:
        """Update one parameter."""
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
    """p ← p - lr·m̂/(√v̂ + eps) with m ← β₁·m + (1 - β₁)·g, v ← β₂·v + (1 - β₂)·g².

    m and v start at 0, which m̂ = m/(1 - β₁ᵗ) and v̂ = v/(1 - β₂ᵗ) correct in the t-th update of the parameter. One that
    joins late begins with t = 1.

    Args:
        betas: β₁ and β₂, how much of the running means m and v is kept in each step.
        eps: keeps the division finite.
        weight_decay: the factor of an L2 penalty, added to the gradient (AdamW decays the parameter itself).

    Source: Kingma & Ba 2015, algorithm 1; as torch.optim.Adam.
    """

    state_names = ("exp_avg", "exp_avg_sq")

    def __init__(
        self,
        parameters: Iterable[Parameter],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
    ) -> None:
        two = isinstance(betas, (tuple, list)) and len(betas) == 2
        if not two or not all(isinstance(beta, Real) and 0 <= beta < 1 for beta in betas):
            raise ValueError(f"{type(self).__name__}: betas is {betas}, must be two numbers of at least 0 and below 1")
        self._require_at_least_0(eps=eps, weight_decay=weight_decay)
        self.betas, self.eps, self.weight_decay = betas, eps, weight_decay
        super().__init__(parameters, lr)

    def update(self, p: Array, g: Array, t: int, *state: Array) -> None:
        """Update one parameter."""
        self.move(p, g + self.weight_decay * p if self.weight_decay else g, t, *state)

    def move(self, p: Array, g: Array, t: int, *state: Array) -> None:
        """Update one parameter, with both corrections as one factor: m̂/√v̂ = (m/√v)·√(1-β₂ᵗ)/(1-β₁ᵗ)."""
        xp = backend.of(p)
        m, v = state
        beta1, beta2 = self.betas
        root = math.sqrt(1 - beta2**t)

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
        scratch *= self.lr * root / (1 - beta1**t)
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
        super().__init__(parameters, lr, betas, eps, weight_decay)

    def update(self, p: Array, g: Array, t: int, *state: Array) -> None:
        """Update one parameter."""
        p *= 1 - self.lr * self.weight_decay
        self.move(p, g, t, *state)


def grad_norm(parameters: Iterable[Parameter]) -> Array:
    """√(Σ g²) over all gradients, as a 0-d array on their device: nothing waits for a GPU."""
    once = {id(p): p for p in parameters}.values()
    flat = [p.grad.data.reshape(-1) for p in once if p.grad is not None]
    if not flat:
        raise ValueError("grad_norm: no parameter has a gradient, call backward first")
    xp = backend.of(flat[0])
    return xp.sqrt(sum(xp.dot(g, g) for g in flat))


def clip_grad_norm_(parameters: Iterable[Parameter], max_norm: float) -> Array:
    """Scale all gradients by one factor so that their norm does not exceed max_norm; returns the norm they had.

    Source: Pascanu et al. 2013, algorithm 1; as torch.nn.utils.clip_grad_norm_.

    Raises:
        TypeError: `parameters` is a single tensor, or holds something else.
        ValueError: max_norm is not positive, or there are no gradients.
    """
    if not max_norm > 0:
        raise ValueError(f"clip_grad_norm_: max_norm is {max_norm}, must be positive")
    parameters = checked_parameters("clip_grad_norm_", parameters)
    norm = grad_norm(parameters)
    clip_grads_with_norm_(parameters, max_norm, norm)
    return norm


def clip_grads_with_norm_(parameters: Iterable[Parameter], max_norm: float, total_norm: Array) -> None:
    """`clip_grad_norm_` for gradients whose norm, a 0-d array, is known; as torch.nn.utils.clip_grads_with_norm_."""
    factor = backend.of(total_norm).minimum(float(max_norm) / (total_norm + 1e-6), 1.0)
    for p in parameters:
        if p.grad is not None:
            p.grad = Tensor(p.grad.data * factor)


def warmup_cosine(step: int, warmup_steps: int, total_steps: int) -> float:
    """The factor of the learning rate at `step` (from 0): a linear rise, then half a cosine down to 0.

    Source: Loshchilov & Hutter 2017, "SGDR", equation 5, with the warm-up of Goyal et al. 2017.
    """
    if step < warmup_steps:
        return (step + 1) / warmup_steps
    progress = (step - warmup_steps) / max(1, total_steps - warmup_steps)
    return 0.5 * (1 + math.cos(math.pi * min(1.0, progress)))
