"""The two-dimensional networks: shapes, the Hessian layer against mathematics, attention."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import ndimage

from readingroom import networks
from readingroom.networks.attention2d import DualAttention, GatedAttention
from readingroom.networks.hessianlayer import HessianLayer
from readingroom.networks.wirenet import unpack

SMALL = {
    "wirenet": {"widths": [8, 8, 16], "depths": [1, 1]},
    "unet2d": {"widths": [4, 8, 8]},
    "fganet": {"widths": [4, 8, 8, 8]},
    "wirelocator": {"widths": [4, 4, 8]},
}


def on_grid(function, size=48):
    y, x = np.mgrid[:size, :size] - (size - 1) / 2.0
    return function(x, y)


def of_layer(image, scales, stride=1):
    layer = HessianLayer(scales, stride)
    with torch.no_grad():
        return layer(torch.from_numpy(image.astype(np.float32))[None, None])[0].numpy()


def test_eigenvalues_of_a_polynomial_are_exact():
    # Second derivatives 2·3, 2·(-1) and 2 everywhere: blurring adds a constant only.
    image = on_grid(lambda x, y: 3 * x**2 - y**2 + 2 * x * y)
    large, small = of_layer(image, [1.5])[:, 20:28, 20:28]
    wanted = 1.5**2 * np.linalg.eigvalsh([[6, 2], [2, -2]])
    assert large == pytest.approx(wanted[1], rel=1e-4)
    assert small == pytest.approx(wanted[0], rel=1e-4)


@pytest.mark.parametrize("scale", [1.0, 2.0])
def test_ridge_as_theory_has_it(scale):
    # exp(-d²/2s²) blurred by a Gaussian of scale t: second derivative -s / (s² + t²)^1.5.
    s, angle = 2.0, 0.6
    image = on_grid(
        lambda x, y: -np.exp(-((x * np.sin(angle) - y * np.cos(angle)) ** 2) / 2 / s**2)
    )
    large, small = of_layer(image, [scale])[:, 23:25, 23:25]
    ys, xs = np.mgrid[23:25, 23:25] - 23.5
    d2 = (xs * np.sin(angle) - ys * np.cos(angle)) ** 2
    v = s**2 + scale**2
    wanted = scale**2 * s / v**1.5 * (1 - d2 / v) * np.exp(-d2 / 2 / v)
    assert large == pytest.approx(wanted, rel=0.04)
    assert small == pytest.approx(0, abs=0.02)


def test_layer_agrees_with_numpy_on_noise():
    image = np.random.default_rng(4).normal(size=(40, 40))
    scales = [1.5, 2.0]
    found = of_layer(image, scales)[:, 10:30, 10:30]
    for n, scale in enumerate(scales):
        blurred = [
            ndimage.gaussian_filter(image, scale, order, truncate=5)
            for order in ((0, 2), (2, 0), (1, 1))
        ]
        xx, yy, xy = (scale**2 * part[10:30, 10:30] for part in blurred)
        pairs = np.linalg.eigvalsh(np.moveaxis(np.array([[xx, xy], [xy, yy]]), (0, 1), (-2, -1)))
        # The taps end at 3 scales and are corrected to be exact on polynomials.
        assert found[n] == pytest.approx(pairs[..., 1], abs=0.04)
        assert found[2 + n] == pytest.approx(pairs[..., 0], abs=0.04)


def test_constant_image_has_no_ridge():
    assert np.abs(of_layer(np.full((40, 40), 5.0), [1.0, 1.6])[:, 12:28, 12:28]).max() < 1e-3


def test_stride_two_samples_between_pixels():
    image = on_grid(lambda x, y: np.exp(-(x**2) / 18) * np.cos(y / 4))
    half = of_layer(image, [1.6], stride=2)
    whole = of_layer(image, [1.6])
    between = whole.reshape(2, 24, 2, 24, 2).mean(axis=(2, 4))
    assert half[:, 6:18, 6:18] == pytest.approx(between[:, 6:18, 6:18], abs=0.01)


def test_hessian_layer_lets_gradients_through():
    image = torch.rand(1, 1, 9, 9, dtype=torch.float64, requires_grad=True)
    layer = HessianLayer([0.7]).double()
    assert torch.autograd.gradcheck(layer, image)


@pytest.mark.parametrize("size", [(64, 64), (32, 96)])
@pytest.mark.parametrize("name", ["unet2d", "fganet"])
def test_logits_have_the_size_of_the_frame(name, size):
    network = networks.build(name, **SMALL[name]).eval()
    assert network(torch.rand(2, 2, *size)).shape == (2, 2, *size)


def test_wirenet_packs_four_pixels_into_one():
    network = networks.build("wirenet", **SMALL["wirenet"]).eval()
    packed = network(torch.rand(2, 2, 32, 64))
    assert packed.shape == (2, 8, 16, 32)
    laid_out = unpack(packed)
    assert laid_out.shape == (2, 2, 32, 64)
    numbers = packed[0].detach().numpy()
    parts = numbers.reshape(2, 2, 2, 16, 32).transpose(0, 3, 1, 4, 2)
    assert np.array_equal(parts.reshape(2, 32, 64), laid_out[0].detach().numpy())


def test_locator_answers_for_cells_of_eight():
    network = networks.build("wirelocator", **SMALL["wirelocator"]).eval()
    assert network(torch.rand(1, 2, 64, 32)).shape == (1, 1, 8, 4)


@pytest.mark.parametrize("name", sorted(SMALL))
def test_every_weight_learns(name):
    torch.manual_seed(0)
    network = networks.build(name, **SMALL[name]).train()
    for part in network.modules():
        if isinstance(part, DualAttention):
            # From 0 on the weights would only move at the second step.
            torch.nn.init.ones_(part.position.weight)
            torch.nn.init.ones_(part.channel.weight)
    network(torch.randn(2, 2, 64, 64)).square().mean().backward()
    still = [n for n, p in network.named_parameters() if p.grad is None or not p.grad.any()]
    # A key's bias shifts all places alike, and softmax does not see it.
    assert [n for n in still if not n.endswith("key.bias")] == []


def test_network_without_hessian_and_attention():
    plain = networks.build("wirenet", **SMALL["wirenet"], hessian_scales=[], attention=False)
    assert plain.eval()(torch.rand(1, 2, 32, 32)).shape == (1, 8, 16, 16)


def test_untrained_attention_changes_nothing():
    x = torch.rand(2, 8, 5, 4)
    assert torch.allclose(DualAttention(8)(x), x)


def test_position_attention_is_blind_to_order():
    torch.manual_seed(1)
    block = DualAttention(8).position
    torch.nn.init.ones_(block.weight)
    x = torch.rand(1, 8, 4, 4)
    order = torch.randperm(16)
    mixed = x.flatten(2)[..., order].reshape(x.shape)
    wanted = block(x).flatten(2)[..., order]
    assert torch.allclose(block(mixed).flatten(2), wanted, atol=1e-5)


def test_gate_is_between_closed_and_open():
    gate = GatedAttention(4, 6)
    fine = torch.rand(1, 4, 8, 8)
    passed = gate(fine, torch.rand(1, 6, 8, 8))
    assert ((passed > 0) & (passed < fine)).all()
