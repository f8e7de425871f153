"""The live engine: what one frame gives, the newest frame only, bad frames."""

from __future__ import annotations

import threading

import numpy as np
import pytest
import torch

from readingroom.errors import RefusedInput
from readingroom.networks.wirenet import unpack
from readingroom.readers.guidewire import cascade, live
from readingroom.readers.guidewire.cascade import Cascade
from readingroom.readers.guidewire.centerline import trace
from readingroom.readers.guidewire.live import LiveReader, LiveResult
from readingroom.readers.guidewire.liveengine import LiveEngine
from readingroom.readers.guidewire.networkinput import CELL
from readingroom.readers.guidewire.plausible import plausible
from Testing.fixtures.guidewire_case import mask_of

SIZE = 256


class DarkLines:
    """Networks that find what is dark, and remember the sizes they were given."""

    def __init__(self):
        self.located, self.segmented = [], []

    def session(self, name):
        return self.locate if name == "guidewire-locate" else self.segment

    def locate(self, frames):
        self.located.append(frames.shape)
        dark = frames[:, :1] < -8.0
        n, _, rows, columns = dark.shape
        cells = dark.reshape(n, 1, rows // 8, 8, columns // 8, 8).any(axis=(3, 5))
        return np.where(cells, 5.0, -5.0).astype(np.float32)

    def segment(self, frames):
        self.segmented.append(frames.shape)
        n, _, rows, columns = frames.shape
        dark = np.where(frames[:, 0] < -10.0, 4.0, -6.0).astype(np.float32)
        packed = dark.reshape(n, rows // 2, 2, columns // 2, 2).transpose(0, 2, 4, 1, 3)
        wire = packed.reshape(n, 4, rows // 2, columns // 2)
        return np.concatenate([wire, np.full_like(wire, -6.0)], axis=1)


def a_frame(row=100, start=40, stop=180, size=SIZE, dtype=np.uint8):
    """Return a noisy grey slope with a dark horizontal line three pixels wide."""
    slope = np.linspace(150, 200, size)[None].repeat(size, 0)
    slope += np.random.default_rng(1).normal(0, 2, slope.shape)
    slope[row - 1 : row + 2, start:stop] = 20
    return slope.astype(dtype)


@pytest.fixture
def networks():
    return DarkLines()


@pytest.fixture
def reader(networks):
    return LiveReader(networks, polarity="dark")


def test_a_wire_is_found_where_it_is(reader):
    result = reader(a_frame())
    assert result.mask.shape == (SIZE, SIZE)
    assert np.array_equal(np.unique(np.nonzero(result.mask == 1)[0]), [99, 100, 101])
    (line,) = result.centerlines
    assert np.abs(line[:, 1] - 100).max() < 0.5
    assert np.ptp(line[:, 0]) == pytest.approx(139, abs=3)
    assert len(result.tips) == 1 and result.confidence > 0.9


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int16, np.float32])
def test_any_pixel_type_gives_the_same(reader, networks, dtype):
    wanted = reader(a_frame()).mask
    other = LiveReader(networks, polarity="dark")
    assert np.array_equal(other(a_frame(dtype=dtype)).mask, wanted)


def test_bright_devices_are_turned_dark(networks, reader):
    inverted = LiveReader(networks, polarity="bright")(255 - a_frame())
    assert np.array_equal(inverted.mask, reader(a_frame()).mask)


def segmented(networks):
    """Return the pixels that were segmented of each frame since the last call."""
    sizes = [rows * columns for _, _, rows, columns in networks.segmented]
    networks.segmented.clear()
    return sum(sizes)


def test_a_first_frame_is_segmented_whole_and_then_only_the_neighbourhood(reader, networks):
    reader(a_frame(start=200, stop=240, row=200))
    assert networks.located == [] and segmented(networks) == SIZE**2
    reader(a_frame(start=200, stop=240, row=200))
    assert networks.located == [(1, 2, SIZE // 4, SIZE // 4)]
    assert segmented(networks) < 0.8 * SIZE**2
    assert all(side % CELL == 0 for shape in networks.segmented for side in shape[2:])


def test_place_of_the_frame_before_is_looked_at_again(reader, networks):
    for row in (40, 40, 200):
        networks.segmented.clear()
        result = reader(a_frame(row=row, start=100, stop=170))
    near_both = segmented(networks)
    reader(a_frame(row=200, start=100, stop=170))
    assert segmented(networks) < near_both
    assert len(result.centerlines) == 1


def test_two_workers_find_what_one_finds(networks):
    frames = [a_frame(row=60 + 9 * n, start=10, stop=240) for n in range(4)]
    one, two = (LiveReader(networks, polarity="dark", workers=workers) for workers in (1, 2))
    assert all(np.array_equal(one(frame).mask, two(frame).mask) for frame in frames)


def test_what_the_localiser_misses_is_found_when_its_part_has_its_turn(networks):
    networks.locate = lambda frames: np.full((1, 1, 8, 8), -5.0, np.float32)
    reader = LiveReader(networks, polarity="dark")
    reader(a_frame(start=10, stop=10))
    found = [bool(reader(a_frame(row=200, start=160, stop=230)).wires) for _ in range(4)]
    assert found == [False, False, False, True]


def test_whole_frame_without_localiser(networks):
    LiveReader(networks, polarity="dark", localise=False)(a_frame(start=100, stop=170))
    assert networks.located == [] and networks.segmented == [(1, 2, SIZE, SIZE)]


def test_where_nothing_is_a_frame_has_no_wire(reader, networks):
    for _ in range(2):
        result = reader(a_frame(start=10, stop=10))
        assert result.wires == () and not result.mask.any() and result.confidence == 0.0


def test_blank_frame_in_a_stream_is_an_empty_result(reader):
    reader(a_frame())
    result = reader(np.zeros((SIZE, SIZE), np.uint8))
    assert not result.mask.any() and result.wires == ()
    assert reader(a_frame()).wires


def test_stream_that_begins_blank(reader):
    assert reader(np.zeros((SIZE, SIZE), np.uint8)).wires == ()
    assert reader(a_frame()).wires


def test_size_that_is_no_multiple_of_the_cells(networks):
    reader = LiveReader(networks, polarity="dark")
    result = reader(a_frame(size=250, stop=240))
    assert result.mask.shape == (250, 250) and len(result.centerlines) == 1


def test_changed_size_is_refused(reader):
    reader(a_frame())
    with pytest.raises(RefusedInput) as refused:
        reader(a_frame(size=128, start=10, stop=100))
    assert refused.value.code == "FRAME_SIZE_CHANGED"


@pytest.mark.parametrize("shape", [(64, 64, 3), (8, 64), (64, 5000), (64,)])
def test_what_is_no_grey_frame_is_refused(reader, shape):
    with pytest.raises(RefusedInput) as refused:
        reader(np.zeros(shape, np.uint8))
    assert refused.value.code == "FRAME_SHAPE"


def test_times_of_the_stages_add_up(reader):
    ms = dict(reader(a_frame()).ms)
    assert ms.pop("total") == pytest.approx(sum(ms.values()))


def test_the_same_stream_gives_the_same_results(networks):
    frames = [a_frame(row=60 + 5 * n) for n in range(3)]
    first, second = (
        [reader(frame).mask for frame in frames]
        for reader in (LiveReader(networks), LiveReader(networks))
    )
    assert all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))


class SlowReader:
    """A reader that stops at each frame until it is let go."""

    def __init__(self):
        self.started, self.go = threading.Semaphore(0), threading.Semaphore(0)

    def __call__(self, frame, number):
        self.started.release()
        self.go.acquire()
        if frame is None:
            raise RefusedInput("FRAME_SHAPE", "No frame.", "Send one.")
        return LiveResult(number, np.zeros((4, 4), np.uint8), (), 0.0)


def test_newest_frame_is_taken_and_the_others_counted():
    results, reader = [], SlowReader()
    engine = LiveEngine(reader, results.append)
    engine.put("a")
    reader.started.acquire()
    for frame in "bcde":
        engine.put(frame)
    reader.go.release()
    reader.started.acquire()
    engine.put("f")
    reader.go.release()
    reader.started.acquire()
    reader.go.release()
    engine.close()
    assert [result.number for result in results] == [0, 4, 5]
    assert [result.skipped for result in results] == [0, 3, 0]
    assert (engine.received, engine.read, engine.skipped) == (6, 3, 3)


def test_tracing_runs_beside_the_networks_on_the_next_frame(networks):
    reader, results = LiveReader(networks, polarity="dark"), []
    looked, traced, finish = threading.Semaphore(0), threading.Event(), reader.finish
    look = reader.look
    reader.look = lambda *frame: (look(*frame), looked.release())[0]
    reader.finish = lambda seen: (traced.wait(5), finish(seen))[1]
    engine = LiveEngine(reader, results.append)
    for row in (60, 120):
        engine.put(a_frame(row=row))
        assert looked.acquire(timeout=5)
    assert results == []
    traced.set()
    engine.close()
    assert [result.number for result in results] == [0, 1]
    assert [round(result.centerlines[0][:, 1].mean()) for result in results] == [60, 120]
    assert all(result.ms["latency"] > result.ms["centreline"] for result in results)


@pytest.mark.parametrize(("turns", "kept"), [(0.97, 0), (0.6, 1)])
def test_a_ring_is_no_wire_and_a_bow_is_one(turns, kept):
    angle = np.linspace(0, 2 * np.pi * turns, 120)
    bow = np.column_stack([60 + 25 * np.cos(angle), 60 + 25 * np.sin(angle)])
    found = trace(mask_of(bow, shape=(128, 128)))
    assert len(found) == 1 and len(plausible(found)) == kept


def test_refused_frame_does_not_stop_the_stream():
    results, reader = [], SlowReader()
    reader.go.release(2)
    with LiveEngine(reader, results.append) as engine:
        engine.put(None)
        reader.started.acquire()
        engine.put("good")
        reader.started.acquire()
    assert results[0].code == "FRAME_SHAPE" and results[1].number == 1


def test_close_leaves_the_waiting_frame():
    reader = SlowReader()
    engine = LiveEngine(reader, lambda result: None)
    engine.put("a")
    reader.started.acquire()
    engine.put("b")
    closing = threading.Thread(target=engine.close)
    closing.start()
    while not engine._closed:
        pass
    reader.go.release()
    closing.join()
    assert engine.read == 1


def test_faint_probabilities_are_nought_and_the_others_exact():
    logits = np.random.default_rng(0).normal(0, 4, (8, 6, 5)).astype(np.float32)
    found = cascade.as_bytes(logits)
    seen = 255 / (1 + np.exp(-logits.astype(np.float64)))
    exact = unpack(torch.from_numpy(seen)[None])[0].numpy()
    assert np.abs(found - exact)[exact > 8].max() <= 0.51
    assert found[exact < 7.4].max() == 0


def test_a_reset_cascade_forgets(networks):
    seen = Cascade(networks)
    frame = a_frame().astype(np.float32)
    first = seen(frame)
    seen(a_frame(row=200).astype(np.float32))
    seen.reset()
    assert np.array_equal(seen(frame), first)


def test_wire_inside_a_catheter_is_a_wire():
    probability = np.zeros((2, 2, 2), np.uint8)
    probability[0, 0], probability[1, :, 0] = 200, 200
    assert live.labelled(probability).tolist() == [[1, 1], [2, 0]]
