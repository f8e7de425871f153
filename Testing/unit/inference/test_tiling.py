"""Streamed tiles against a whole volume of scores; edges, memory, progress, cancel."""

from __future__ import annotations

import tracemalloc
from itertools import product

import numpy as np
import pytest

from readingroom.errors import Cancelled, RefusedInput
from readingroom.inference.cards import Card
from readingroom.inference.engine import Engine
from readingroom.inference.tiling import segment_probabilities, segment_tiles
from readingroom.reader import Progress


def unstreamed(session, image, tile, overlap):
    """A second, plain implementation that holds every score of the whole volume."""
    size = image.shape[1:]
    starts = []
    for extent, whole in zip(tile, size, strict=True):
        steps = int(np.ceil((whole - extent) / max(int(extent * (1 - overlap)), 1))) + 1
        last = whole - extent
        starts.append([round(n * last / max(steps - 1, 1)) for n in range(steps)])
    axes = [np.exp(-0.5 * ((np.arange(t) - (t - 1) / 2) / (t / 8)) ** 2) for t in tile]
    window = np.maximum(np.einsum("k,j,i->kji", *axes), 1e-4).astype(np.float32)
    scores = np.zeros((len(session.card.classes), *size), np.float32)
    for k, j, i in product(*starts):
        place = (..., slice(k, k + tile[0]), slice(j, j + tile[1]), slice(i, i + tile[2]))
        scores[place] += session(image[place][None])[0] * window
    return scores


@pytest.fixture
def session(saved_card):
    return Engine(precision="fp32").session("small")


@pytest.mark.parametrize("overlap", [0.0, 0.25, 0.5, 0.75])
@pytest.mark.parametrize("tile", [(8, 8, 8), (6, 10, 14), (20, 18, 4)])
def test_streaming_changes_no_voxel(session, image, tile, overlap):
    image = image[..., :14]
    wanted = unstreamed(session, image, tile, overlap).argmax(axis=0)
    found = segment_tiles(session, image, tile, overlap)
    assert found.dtype == np.uint8 and len(np.unique(found)) == 3
    assert np.array_equal(found, wanted)


def test_probabilities_sum_to_one_and_agree_with_the_labels(session, image):
    probabilities = segment_probabilities(session, image, (8, 8, 8))
    np.testing.assert_allclose(probabilities.sum(axis=0), 1, atol=1e-5)
    assert np.array_equal(probabilities.argmax(axis=0), segment_tiles(session, image, (8, 8, 8)))


def test_one_tile_gives_the_network_itself(session, image):
    even = image[:, :20, :18, :14]
    wanted = session(even[None])[0].argmax(axis=0)
    assert np.array_equal(segment_tiles(session, even, (64, 64, 64)), wanted)


@pytest.mark.parametrize("shape", [(1, 1, 1), (3, 30, 5), (40, 1, 7)])
def test_image_smaller_than_the_tile_keeps_its_shape(session, shape):
    image = np.random.default_rng(0).normal(size=(1, *shape)).astype(np.float32)
    assert segment_tiles(session, image, (16, 16, 16)).shape == shape


class Thresholds:
    """A backend whose logits are the distances to levels: the voxel's class is known."""

    name, precision = "torch", "fp32"

    def __init__(self, device="cpu", room=10**9):
        self.device, self.room = device, room
        self.tiles = []

    def run(self, inputs):
        if inputs[0].size > self.room:
            raise MemoryError
        self.tiles.append(inputs[0].shape[2:])
        return np.concatenate([-abs(inputs[0] - level) for level in range(8)], axis=1)


def levels_session(backends, **card):
    waiting = iter(backends)
    engine = Engine(open_backend=lambda card, device: next(waiting))
    classes = tuple("ABCDEFGH")
    described = Card(
        name="levels", version="1", architecture="unet3d", licence="CC0-1.0", classes=classes,
        arguments={"inputs": 1, "outputs": 8, "widths": [1]}, input={"multiple": 2} | card,
    )  # fmt: skip
    return engine.session(described), engine


@pytest.fixture
def levels():
    return np.random.default_rng(4).integers(0, 8, (37, 29, 31)).astype(np.float32)


def test_known_classes_come_back_whatever_the_weights(levels):
    session, _ = levels_session([Thresholds()])
    for weights in ("gaussian", "constant"):
        found = segment_tiles(session, levels[None], (16, 12, 8), 0.5, weights=weights)
        assert np.array_equal(found, levels)


def test_no_score_is_held_for_the_whole_volume():
    session, _ = levels_session([Thresholds()])
    image = np.zeros((1, 512, 48, 48), np.float32)
    tracemalloc.start()
    segment_tiles(session, image, (16, 48, 48), 0.25, weights="constant")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    whole = 8 * 4 * image.size
    assert peak < 0.25 * whole


def test_short_memory_halves_the_tiles_until_they_fit(levels):
    backend = Thresholds(room=8 * 16 * 16)
    session, engine = levels_session([backend])
    assert np.array_equal(segment_tiles(session, levels[None], (16, 16, 16)), levels)
    assert set(backend.tiles) == {(8, 16, 16)}
    assert [note.code for note in engine.notes] == ["INFERENCE_SMALLER_TILES"]
    assert engine.notes[0].message_zh


def test_hopeless_gpu_leaves_the_work_to_the_cpu(levels):
    cpu = Thresholds()
    session, engine = levels_session([Thresholds("cuda", room=0), cpu])
    session.fits = lambda *shapes: True  # there is no GPU here whose memory could be asked
    assert np.array_equal(segment_tiles(session, levels[None], (16, 16, 16)), levels)
    assert set(cpu.tiles) == {(16, 16, 16)}
    assert [n.code for n in engine.notes] == ["INFERENCE_SMALLER_TILES", "INFERENCE_ON_CPU"]


def test_estimate_makes_the_tiles_smaller_before_anything_fails(levels, monkeypatch):
    backend = Thresholds()
    session, engine = levels_session([backend])
    monkeypatch.setattr("readingroom.inference.session.available_bytes", lambda device: 200_000)
    segment_tiles(session, levels[None], (16, 16, 16))
    assert max(np.prod(tile) for tile in backend.tiles) < 16**3
    assert [note.code for note in engine.notes] == ["INFERENCE_SMALLER_TILES"]


def test_progress_rises_to_one_and_cancel_stops_at_the_next_tile(levels):
    backend = Thresholds()
    session, _ = levels_session([backend])
    fractions = []
    progress = Progress(lambda stage, fraction: fractions.append(fraction))
    segment_tiles(session, levels[None], (16, 16, 16), 0.5, progress)
    assert fractions == sorted(fractions) and fractions[-1] == 1.0
    assert len(fractions) == len(backend.tiles)

    backend.tiles.clear()
    progress = Progress(lambda stage, fraction: progress.cancel())
    with pytest.raises(Cancelled):
        segment_tiles(session, levels[None], (16, 16, 16), 0.5, progress)
    assert len(backend.tiles) == 2


def test_probabilities_of_a_large_grid_are_refused():
    session, _ = levels_session([Thresholds()])
    image = np.broadcast_to(np.float32(0), (1, 300, 512, 512))
    with pytest.raises(RefusedInput) as refused:
        segment_probabilities(session, image, (16, 16, 16))
    assert refused.value.code == "GRID_TOO_LARGE"
