"""Module and Parameter: what every layer and every model is."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from html import escape
from typing import Any

from minigen import backend
from minigen.autograd import Tensor, creation
from minigen.backend import Array
from minigen.ops.operands import checked_dtype

_MOST_ROWS = 40  # of the table of parameters in a notebook


class Parameter(Tensor):
    """A tensor that is trained: it requires a gradient, and a Module finds it by itself."""

    __slots__ = ()

    def __init__(self, data: Array) -> None:
        super().__init__(data, requires_grad=True)

    def __setattr__(self, name: str, value: Any) -> None:
        """`p.data = array` takes an array as the constructor does; no older graph is differentiated after it."""
        if name == "data":
            value, self._changed = Tensor(value).data, next(creation)
        super().__setattr__(name, value)


class Module:
    """A function with parameters. Its parts are the Parameters and Modules that its attributes hold.

    A subclass assigns its parts in `__init__` and computes in `forward`. Names in `state_dict` are the
    paths of attributes ("encoder.0.weight"), the same as torch.nn gives them.

    Raises:
        TypeError: an attribute that is a parameter, a module or a buffer is set to something else (None is
            allowed), or has the name of a method; or an attribute is a tensor with requires_grad, or a list, tuple or
            dict of layers, which would not be trained.
    """

    training = True
    _buffer_names: tuple[str, ...] = ()
    _forward_hooks: tuple[ForwardHook, ...] = ()

    def forward(self, *inputs: Any) -> Any:
        """The function itself; `module(x)` calls it."""
        raise NotImplementedError(f"{type(self).__name__} has no forward")

    def __call__(self, *inputs: Any, **options: Any) -> Any:
        """`forward`, which subclasses define, and then the hooks."""
        try:
            output = self.forward(*inputs, **options)
        except (TypeError, AttributeError) as error:
            x = inputs[0] if inputs else None
            is_data = hasattr(x, "__array__") or isinstance(x, (list, float, int))
            if is_data and not (isinstance(x, Tensor) or hasattr(error, "__notes__")):
                found = f"{type(self).__name__}: the input is {backend.described(x)}"
                error.add_note(f"{found}: if a tensor was meant, minigen.tensor makes one")
            raise
        for hook in self._forward_hooks:
            hook(self, inputs, output)
        return output

    def register_forward_hook(self, hook: ForwardHook) -> HookHandle:
        """Call hook(module, inputs, output) after each call of the module, until the handle's `remove()`."""
        self._forward_hooks = (*self._forward_hooks, hook)
        return HookHandle(self, hook)

    def __setattr__(self, name: str, value: Any) -> None:
        """Parts keep their kind: what replaced a parameter by accident would not be trained or saved."""
        old = vars(self).get(name)
        for kind, article in ((Parameter, "a parameter"), (Module, "a module")):
            if isinstance(old, kind) and not (value is None or isinstance(value, kind)):
                hint = f"; .{name}.data = … changes its numbers" if kind is Parameter else ""
                raise TypeError(
                    f"{type(self).__name__}: {name} is {article}, cannot become {backend.described(value)}{hint}"
                )
        if name in self._buffer_names and not (value is None or backend.is_array(value)):
            raise TypeError(f"{type(self).__name__}: {name} is a buffer, cannot become {backend.described(value)}")
        is_part = isinstance(value, (Parameter, Module)) or name in self._buffer_names
        if is_part and inspect.isfunction(getattr(type(self), name, None)):
            raise TypeError(f"{type(self).__name__}: {name} is a method, cannot become {backend.described(value)}")
        self._require_parts_are_found(name, value)
        object.__setattr__(self, name, value)

    def _require_parts_are_found(self, name: str, value: Any) -> None:
        """Refuse a list or dict with layers that no attribute holds, and a trainable tensor that is no Parameter."""
        if isinstance(value, Tensor) and value.requires_grad and not (value._edges or isinstance(value, Parameter)):
            raise TypeError(
                f"{type(self).__name__}: {name} is a tensor that requires a gradient, which would not be trained or "
                f"saved: nn.Parameter(array) would, {name}.detach() is a constant"
            )
        if isinstance(value, (list, tuple, set, dict)):
            own = {id(part) for part in vars(self).values()}
            if lost := [part for part in _parts_within(value) if id(part) not in own]:
                found, wanted = type(value).__name__, "ModuleDict" if isinstance(value, dict) else "ModuleList"
                raise TypeError(
                    f"{type(self).__name__}: {name} is a {found} with a {type(lost[0]).__name__}, which would not be "
                    f"trained or saved: nn.{wanted}({name}) holds layers, an attribute holds a parameter"
                )

    def register_buffer(self, name: str, value: Array) -> None:
        """An array, or None, that is saved with the module but not trained, such as running statistics."""
        self._buffer_names = (*self._buffer_names, name)
        setattr(self, name, value)

    def named_children(self) -> Iterator[tuple[str, Module]]:
        """(name, module) for each direct part that is a module."""
        for name, value in vars(self).items():
            self._require_parts_are_found(name, value)  # the list may have grown
            if isinstance(value, Module):
                yield name, value

    def named_modules(self, prefix: str = "") -> Iterator[tuple[str, Module]]:
        """(path, module) for this module (path "") and all within it, a module before its parts."""
        yield prefix, self
        for name, child in self.named_children():
            yield from child.named_modules(f"{prefix}.{name}" if prefix else name)

    def _named_state(self) -> Iterator[tuple[str, Module, str, Any]]:
        """(path, module, name, value) for each parameter and buffer; it is the attribute `name` of the module."""
        for path, module in self.named_modules():
            for name, value in vars(module).items():
                if isinstance(value, Parameter) or (name in module._buffer_names and value is not None):
                    yield f"{path}.{name}" if path else name, module, name, value

    def named_parameters(self) -> Iterator[tuple[str, Parameter]]:
        """(path, parameter), each parameter once even if two modules share it."""
        seen = set()
        for path, _, _, value in self._named_state():
            if isinstance(value, Parameter) and id(value) not in seen:
                seen.add(id(value))
                yield path, value

    def parameters(self) -> Iterator[Parameter]:
        """All parameters, each once."""
        for _, parameter in self.named_parameters():
            yield parameter

    def state_dict(self) -> dict[str, Array]:
        """Parameters and buffers by path: the arrays themselves, not copies."""
        return {
            path: value.data if isinstance(value, Parameter) else value for path, _, _, value in self._named_state()
        }

    def load_state_dict(self, state: Mapping[str, Array]) -> None:
        """Copy values into the parameters and buffers; nothing changes unless all of them fit.

        Raises:
            KeyError: names are missing or unknown; the message lists them.
            ValueError: a shape differs, or an array holds no real numbers.
        """
        own = self.state_dict()
        missing, unknown = sorted(own.keys() - state.keys()), sorted(state.keys() - own.keys())
        if missing or unknown:
            raise KeyError(f"load_state_dict: missing {missing or 'nothing'}, unknown {unknown or 'nothing'}")
        for name, array in own.items():
            if array.shape != state[name].shape:
                raise ValueError(f"load_state_dict: {name} has shape {state[name].shape}, must be {array.shape}")
            if not backend.holds_real_numbers(state[name]):
                raise ValueError(f"load_state_dict: {name} is an array of {state[name].dtype}, must be of real numbers")
        for name, array in own.items():
            array[...] = backend.to_device(state[name], backend.device_of(array))
        for parameter in self.parameters():
            parameter._changed = next(creation)

    def to(self, device: str | None = None, dtype: str | None = None) -> Module:
        """Move parameters, gradients and buffers to "cpu" or "gpu", or convert them to "float32" or "float64".

        Do so before an optimizer is made: its state has the parameters' device and dtype.

        Raises:
            TypeError: the dtype is neither float32 nor float64.
        """
        dtype = None if dtype is None else checked_dtype("Module.to", dtype)
        for _, module, name, value in self._named_state():
            if isinstance(value, Parameter):
                value.data = _converted(value.data, device, dtype)
                if value.grad is not None:
                    value.grad = Tensor(_converted(value.grad.data, device, dtype))
            else:
                setattr(module, name, _converted(value, device, dtype))
        return self

    def train(self, mode: bool = True) -> Module:
        """Set training mode, in which dropout drops and batch normalisation uses the batch's statistics."""
        for _, module in self.named_modules():
            module.training = mode
        return self

    def eval(self) -> Module:
        """Set evaluation mode: no dropout, running statistics."""
        return self.train(False)

    def zero_grad(self) -> None:
        """Set all gradients to None."""
        for parameter in self.parameters():
            parameter.grad = None

    def requires_grad_(self, on: bool = True) -> Module:
        """Let the parameters take gradients, or freeze them."""
        for parameter in self.parameters():
            parameter.requires_grad = on
        return self

    def __repr__(self) -> str:
        """As torch prints it: the arguments that are not their defaults, then the parts, one per line."""
        words = []
        for name, parameter in inspect.signature(type(self).__init__).parameters.items():
            value = vars(self).get(name, parameter.default)
            if isinstance(parameter.default, bool):
                value = value is not None and value is not False
            if isinstance(value, (int, float, str, tuple)) and value != parameter.default:
                words.append(f"{name}={value!r}")
        parts = [f"({name}): {child!r}".replace("\n", "\n  ") for name, child in self.named_children()]
        inside = "\n  " + "\n  ".join(parts) + "\n" if parts else ""
        return f"{type(self).__name__}({', '.join(words)}{inside})"

    def _repr_html_(self) -> str:
        """For notebooks: the parts as text, and a table of the parameters."""
        rows = [f"<td>{escape(n)}</td><td>{'×'.join(map(str, p.shape))}</td>" for n, p in self.named_parameters()]
        rows = [*rows[:_MOST_ROWS], *["<td>…</td>"] * (len(rows) > _MOST_ROWS)]
        total = sum(parameter.size for parameter in self.parameters())
        table = "".join(f"<tr>{row}</tr>" for row in rows)
        return f"<pre>{escape(repr(self))}</pre>{total:,} parameters<table>{table}</table>"


ForwardHook = Callable[[Module, tuple[Any, ...], Any], object]


class HookHandle:
    """Removes a hook that `register_forward_hook` added."""

    def __init__(self, module: Module, hook: ForwardHook) -> None:
        self.module, self.hook = module, hook

    def remove(self) -> None:
        """Call the hook no more; nothing if it was removed before."""
        self.module._forward_hooks = tuple(hook for hook in self.module._forward_hooks if hook is not self.hook)


def _parts_within(value: Any) -> Iterator[Module | Parameter]:
    """The modules and parameters in a list or dict, also in lists within it."""
    if isinstance(value, (Module, Parameter)):
        yield value
    elif isinstance(value, (list, tuple, set, dict)):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _parts_within(item)


def _converted(array: Array, device: str | None, dtype: str | None) -> Array:
    if device is not None:
        array = backend.to_device(array, device)
    if dtype is not None and array.dtype.kind == "f":
        array = array.astype(dtype)
    return array
