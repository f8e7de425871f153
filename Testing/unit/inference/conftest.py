"""Small networks and cards that the inference tests share."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from readingroom import networks
from readingroom.inference.cards import Card, CardInput
from readingroom.inference.publish import save_card


def _small_network():
    torch.manual_seed(3)
    return networks.build("unet3d", inputs=1, outputs=3, widths=(4, 8)).eval()


def _small_card():
    return Card(
        name="small",
        version="1",
        architecture="unet3d",
        arguments={"inputs": 1, "outputs": 3, "widths": [4, 8]},
        input=CardInput(multiple=2, window=(-100.0, 300.0), normalisation="minus_one_one"),
        classes=("BACKGROUND", "HEART", "AORTA"),
        licence="Apache-2.0",
    )


@pytest.fixture
def user_models(tmp_path, monkeypatch):
    """An empty bundled folder and an empty user's folder; gives the user's."""
    monkeypatch.setenv("READINGROOM_RESOURCES", str(tmp_path / "resources"))
    monkeypatch.setenv("READINGROOM_MODELS", str(tmp_path / "models"))
    return tmp_path / "models"


@pytest.fixture
def network():
    return _small_network()


@pytest.fixture
def small_card():
    """The card of the small network, not yet saved."""
    return _small_card()


@pytest.fixture
def saved_card(network, small_card, user_models):
    """The small network's card in the user's folder, without an ONNX graph."""
    return save_card(network, small_card, user_models, onnx=False)


@pytest.fixture(scope="session")
def onnx_card(tmp_path_factory):
    """The small network's card with an ONNX graph (slow to export, so made once)."""
    return save_card(_small_network(), _small_card(), tmp_path_factory.mktemp("onnx"))


@pytest.fixture
def image():
    """One channel of smooth noise on an odd grid ``(1, 21, 18, 15)``."""
    return np.random.default_rng(1).normal(size=(1, 21, 18, 15)).astype(np.float32)
