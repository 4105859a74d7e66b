"""The gradient penalty's second-order gradients: PyTorch's to 1e-8, for every weight of the critic."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from twins.side_by_side import Batch as TorchBatch  # noqa: E402
from twins.side_by_side import Noise  # noqa: E402
from twins.wgan_gp import WGANGP as Twin  # noqa: E402, N811

from minigen import Tensor, rng  # noqa: E402
from minigen.data import Batch  # noqa: E402
from minigen.models.wgan_gp import WGANGP, WGANGPConfig  # noqa: E402


@pytest.mark.parametrize("shape", [(1, 8, 8), (3, 12, 8)], ids=str)
@pytest.mark.parametrize("count", [1, 7])
def test_second_order_gradients_are_torchs(shape: tuple[int, int, int], count: int) -> None:
    config = WGANGPConfig(latent=5, filters=6)
    rng.manual_seed(count)
    model = WGANGP(config, shape, 10)
    model.to(dtype="float64")
    noise = Noise(1)
    twin = Twin(config, shape, 10, noise).double()
    twin.load_state_dict({name: torch.tensor(np.array(value)) for name, value in model.state_dict().items()})
    x = np.random.default_rng(count).random((count, *shape))

    with noise.given_to_minigen():
        batch = Batch(x, np.zeros(count, np.int64), None, np.arange(count))
        ours = model.discriminator_loss(Tensor(batch.inputs), model.noise(batch.inputs)).terms
    theirs = twin.discriminator_loss(TorchBatch(torch.tensor(x), torch.zeros(count), None)).terms
    for name, value in theirs.items():
        assert ours[name].item() == pytest.approx(value.item(), rel=1e-10), name

    for term in ("penalty", "d_loss"):
        model.zero_grad()
        twin.zero_grad()
        ours[term].backward()
        theirs[term].backward(retain_graph=True)
        expected = dict(twin.discriminator.named_parameters())
        for name, parameter in model.discriminator.named_parameters():
            own = np.zeros(parameter.shape) if parameter.grad is None else parameter.grad.data
            other = np.zeros(parameter.shape) if expected[name].grad is None else expected[name].grad.numpy()
            np.testing.assert_allclose(own, other, rtol=1e-8, atol=1e-10, err_msg=f"{term} to {name}")
            assert np.any(own) or name.endswith("bias"), "no bias changes the slope, and the last one nothing"
