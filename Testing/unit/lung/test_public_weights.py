"""A published lung network's file becomes a card that draws lungs."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from readingroom import networks
from readingroom.errors import ReadingRoomError, RefusedInput
from readingroom.inference.cards import load_card
from readingroom.inference.engine import Engine
from readingroom.readers.lungnodule.lungnetwork import lobes_by_network, lungs_by_network
from readingroom.readers.lungnodule.publicweights import import_lungmask


@pytest.fixture(autouse=True)
def own_models(tmp_path, monkeypatch):
    monkeypatch.setenv("READINGROOM_MODELS", str(tmp_path / "models"))


def a_published_file(folder, outputs=3, name="weights.pth"):
    """A small network that calls everything darker than −500 HU class 1."""
    torch.manual_seed(0)
    network = networks.build("lungmaskunet", outputs=outputs, width=4, depth=3)
    state = {key: torch.zeros_like(value) for key, value in network.state_dict().items()}
    for key in state:
        if key.endswith("running_var"):
            state[key] += 1
    # Straight through the first level and the last skip connection: darkness on channel 0.
    convolutions = ["down_path.0.block.0", "down_path.0.block.3"]
    convolutions += ["up_path.1.conv_block.block.0", "up_path.1.conv_block.block.3"]
    for n, layer in enumerate(convolutions):
        channel = 4 if n == 2 else 0
        state[f"{layer}.weight"][0, channel, 1, 1] = -1.0 if n == 0 else 1.0
    state["down_path.0.block.0.bias"][0] = (1024 - 500) / 1624
    for key in state:
        if key.split(".")[-2] in ("2", "5") and key.endswith("weight"):
            state[key] += 1
    state["last.weight"][1, 0] = 1.0
    state["last.bias"][0] = 0.01
    state["down_path.0.residual_input_conv.weight"] = torch.zeros(4, 1, 1, 1)
    torch.save(state, folder / name)
    return folder / name


def two_dark_blocks():
    hu = np.full((4, 96, 128), 40, np.int16)
    hu[:, 20:80, 20:50] = -850
    return hu


def test_a_file_becomes_a_card(tmp_path):
    card = import_lungmask(a_published_file(tmp_path))
    assert card.name == "lungmask-r231"
    assert load_card("lungmask-r231").arguments == {"outputs": 3, "width": 4, "depth": 3}


def test_the_card_draws_lungs(tmp_path):
    import_lungmask(a_published_file(tmp_path))
    hu = two_dark_blocks()
    found = lungs_by_network(Engine(device="cpu", precision="fp32"), hu)
    assert ((found == 1) == (hu < -500)).mean() > 0.98


def test_lobe_classes_are_put_in_this_rooms_order(tmp_path):
    import_lungmask(a_published_file(tmp_path, outputs=6))
    hu = two_dark_blocks()
    left_lung = np.where(hu < -500, 2, 0).astype(np.uint8)
    found = lobes_by_network(Engine(device="cpu", precision="fp32"), hu, left_lung)
    # Class 1 of the published network is the left upper lobe, which is label 4 here.
    np.testing.assert_array_equal(found, np.where(hu < -500, 4, 0))


def test_a_lung_in_which_the_network_sees_no_lobe_is_left_to_the_fissures(tmp_path):
    import_lungmask(a_published_file(tmp_path, outputs=6))
    hu = two_dark_blocks()
    right_lung = (hu < -500).astype(np.uint8)
    assert lobes_by_network(Engine(device="cpu", precision="fp32"), hu, right_lung) is None


def test_without_a_card_there_is_nothing():
    assert lungs_by_network(Engine(device="cpu"), two_dark_blocks()) is None


def test_a_file_of_another_network_is_refused(tmp_path):
    torch.save({"weight": torch.zeros(3)}, tmp_path / "other.pth")
    with pytest.raises(RefusedInput) as refusal:
        import_lungmask(tmp_path / "other.pth")
    assert refusal.value.code == "WEIGHTS_UNKNOWN"


def test_a_changed_file_under_a_published_name_is_refused(tmp_path):
    path = a_published_file(tmp_path, name="unet_r231-d5d2fc3d.pth")
    with pytest.raises(ReadingRoomError) as error:
        import_lungmask(path)
    assert error.value.code == "CARD_CHECKSUM"
