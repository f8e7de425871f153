"""Cards: round trip, checksums, refusal, search order, import, export, pull."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from readingroom.errors import Cancelled, ReadingRoomError, RefusedInput
from readingroom.inference.cards import CardInput, list_cards, load_card
from readingroom.inference.publish import save_card
from readingroom.inference.transfer import export_card, import_card, pull
from readingroom.reader import Progress


def refusal(call, *arguments, **more):
    with pytest.raises(ReadingRoomError) as raised:
        call(*arguments, **more)
    return raised.value


def test_card_comes_back_with_the_same_weights(saved_card, network):
    card = load_card("small")
    assert card.model_dump() == saved_card.model_dump() and len(card.sha256) == 64
    weights = load_file(card.path(card.weights_name))
    assert all(torch.equal(weights[name], value) for name, value in network.state_dict().items())


def test_one_changed_byte_in_the_weights_is_found(saved_card, user_models):
    path = user_models / "small.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    error = refusal(load_card, "small")
    assert (error.code, error.exit_code) == ("CARD_CHECKSUM", 1)


@pytest.mark.parametrize("lost", ["small.json", "small.safetensors"])
def test_missing_card_or_weights_say_how_to_get_them(saved_card, user_models, lost):
    (user_models / lost).unlink()
    error = refusal(load_card, "small")
    assert isinstance(error, RefusedInput) and error.code == "CARD_MISSING"
    assert "models pull small" in error.what_to_do


@pytest.mark.parametrize("name", ["../small", "", "Small", "a/b"])
def test_names_cannot_leave_the_folder(saved_card, name):
    assert refusal(load_card, name).code == "CARD_MISSING"


def test_bundled_card_finds_weights_that_were_pulled(saved_card, user_models, tmp_path):
    bundled = tmp_path / "resources" / "Models"
    bundled.mkdir(parents=True)
    (user_models / "small.json").rename(bundled / "small.json")
    card = load_card("small")
    assert card.path(card.weights_name).parent == user_models
    assert [found.name for found in list_cards()] == ["small"]


@pytest.mark.parametrize(
    "change", [{"files": {"../x": "0" * 64}}, {"name": "other"}, {"schema": "x"}, {"surplus": 1}]
)
def test_damaged_card_is_one_clear_fault(saved_card, user_models, change):
    path = user_models / "small.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    assert refusal(load_card, "small").code == "CARD_INVALID"


def test_half_weights_take_half_the_room_and_round_the_network(network, small_card, tmp_path):
    whole = save_card(network, small_card, tmp_path / "whole", onnx=False)
    half = save_card(network, small_card, tmp_path / "half", onnx=False, half=True)
    sizes = [card.path(card.weights_name).stat().st_size for card in (whole, half)]
    assert sizes[1] < 0.65 * sizes[0]
    stored = load_file(half.path(half.weights_name))
    assert all(torch.equal(stored[n], v.half()) for n, v in network.state_dict().items())


def test_window_is_clipped_and_mapped():
    part = CardInput(window=(-100.0, 300.0), normalisation="minus_one_one")
    values = np.array([-2000, -100, 100, 300, 3000], np.int16)
    assert part.normalise(values).tolist() == [-1, -1, 0, 1, 1]
    part = CardInput(window=(-100.0, 300.0), normalisation="zero_one")
    assert part.normalise(values).tolist() == [0, 0, 0.5, 1, 1]
    assert CardInput().normalise(values).tolist() == values.tolist()


def test_export_and_import_carry_the_model_elsewhere(
    saved_card, user_models, tmp_path, monkeypatch
):
    path = export_card("small", tmp_path / "stick")
    monkeypatch.setenv("READINGROOM_MODELS", str(tmp_path / "elsewhere"))
    assert refusal(load_card, "small").code == "CARD_MISSING"
    assert import_card(path).sha256 == load_card("small").sha256 == saved_card.sha256


def test_import_of_a_damaged_model_leaves_nothing(saved_card, tmp_path, monkeypatch):
    path = export_card("small", tmp_path / "stick")
    (tmp_path / "stick" / "small.safetensors").write_bytes(b"something else")
    monkeypatch.setenv("READINGROOM_MODELS", str(tmp_path / "elsewhere"))
    assert refusal(import_card, path).code == "CARD_CHECKSUM"
    assert not (tmp_path / "elsewhere").exists()


@pytest.fixture
def published(saved_card, user_models, tmp_path, monkeypatch):
    """The small model behind file:// addresses; the user's folder is empty again."""
    server = tmp_path / "server"
    user_models.rename(server)
    files = {
        path.name: {
            "url": path.as_uri(),
            "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        }
        for path in server.iterdir()
    }
    table = tmp_path / "sources.json"
    table.write_text(json.dumps({"small": {"licence": "Apache-2.0", "files": files}}))
    return table


def test_pull_puts_the_model_in_the_users_folder(published, user_models):
    fractions = []
    pull("small", table=published, progress=Progress(lambda stage, f: fractions.append(f)))
    assert load_card("small").name == "small"
    assert fractions[-1] == 1.0 and fractions == sorted(fractions)
    assert {path.name for path in user_models.iterdir()} == {"small.json", "small.safetensors"}


def test_pull_refuses_a_file_that_is_not_the_pinned_one(published, user_models, tmp_path):
    (tmp_path / "server" / "small.safetensors").write_bytes(b"replaced")
    assert refusal(pull, "small", table=published).code == "CARD_CHECKSUM"
    assert list(user_models.iterdir()) == []


def test_pull_of_what_is_not_there(published, user_models, tmp_path):
    assert refusal(pull, "other", table=published).code == "MODEL_UNKNOWN"
    (tmp_path / "server" / "small.safetensors").unlink()
    assert refusal(pull, "small", table=published).code == "DOWNLOAD_FAILED"


def test_cancelled_pull_leaves_nothing(published, user_models):
    progress = Progress()
    progress.cancel()
    with pytest.raises(Cancelled):
        pull("small", table=published, progress=progress)
    assert list(user_models.iterdir()) == []


def test_pull_table_accepts_no_unpinned_or_plain_http_file(published):
    content = json.loads(published.read_text())
    content["small"]["files"]["small.json"]["url"] = "http://example.org/small.json"
    published.write_text(json.dumps(content))
    assert refusal(pull, "small", table=published).code == "SOURCES_INVALID"


def test_listing_cards_loads_no_torch():
    code = (
        "import sys, readingroom.inference.cards, readingroom.inference.transfer;"
        "sys.exit('torch' in sys.modules or 'scipy' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
