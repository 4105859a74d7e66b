"""What every model must say, and that it can be copied."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

from minigen import random
from minigen.models import MODELS, Model
from minigen.models.config import Config


@pytest.mark.parametrize("method", ["objectives", "evaluate"])
def test_a_model_that_lacks_a_method_is_not_built(method: str) -> None:
    class Incomplete(Model):
        def __init__(self, config: Config) -> None:
            self.config = config

    def given(*_: object) -> None:
        raise NotImplementedError

    other = {"objectives": "evaluate", "evaluate": "objectives"}[method]
    kind = type("Lacking", (Incomplete,), {other: given})
    with pytest.raises(TypeError, match=f"abstract class Lacking .*{method}"):
        kind(Config())
    assert isinstance(type("Whole", (kind,), {method: given})(Config()), Model)


@pytest.mark.parametrize("name", ["ae", "ddnet", "recurrent-ae", "wgan-gp"])
def test_a_model_is_copied_whole(name: str) -> None:
    random.manual_seed(0)
    shape = (8, 2) if name == "recurrent-ae" else (1, 16, 16)
    model = MODELS[name](MODELS[name].config_type(), shape, 3)
    for copied in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        state, own = copied.state_dict(), model.state_dict()
        assert state.keys() == own.keys()
        for key, array in own.items():
            assert state[key] is not array
            np.testing.assert_array_equal(state[key], array)
