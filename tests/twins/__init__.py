"""Each model of minigen written once more in PyTorch, to be trained on the same weights, batches and noise.

A file here holds the twin of one model and its CASES; tests/models/test_twins_torch.py finds them by itself.
"""

from __future__ import annotations

import importlib
import pkgutil

from twins.side_by_side import Case, Twin


def all_cases() -> list[Case]:
    modules = (importlib.import_module(f"twins.{module.name}") for module in pkgutil.iter_modules(__path__))
    return [case for module in modules for case in getattr(module, "CASES", ())]


def twin_type(model: str) -> type[Twin]:
    """The twin of a model, by the model's name on the command line."""
    return next(case.twin for case in all_cases() if case.model == model)
