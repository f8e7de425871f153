"""The computations behind the views, without any view."""

from __future__ import annotations

import asyncio
import io
import time
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from readingroom.errors import ReadingRoomError
from readingroom.workbench.viewer import opengl
from readingroom.workbench.viewer import queue as queues
from readingroom.workbench.viewer.annotations import direction_letters
from readingroom.workbench.viewer.cutting import cut_out
from readingroom.workbench.viewer.encode import encode
from readingroom.workbench.viewer.queue import RenderQueue
from readingroom.workbench.viewer.style import HIGHLIGHT, MaskStyle
from readingroom.workbench.viewer.texts import VIEWER_TEXTS
from readingroom.workbench.viewer.tools import parts, shapes


def a_block() -> np.ndarray:
    labels = np.zeros((6, 10, 12), np.uint8)
    labels[2:4, 3:6, 4:9] = 5
    return labels


def test_a_slice_is_cut_out_with_its_place():
    # Pixel (x, y) of the view is voxel i = x / 2, j = 9 - y / 2 of slice k = 3.
    matrix = np.array([[0.5, 0, 0, 0], [0, -0.5, 0, 9], [0, 0, 1, 3], [0, 0, 0, 1.0]])
    cut, (row, column) = cut_out(a_block(), matrix, (20, 24), 0.0)
    whole = np.zeros((20, 24), np.uint8)
    whole[row : row + cut.shape[0], column : column + cut.shape[1]] = cut
    y, x = np.mgrid[:20, :24]
    i, j = np.rint(x / 2).astype(int), np.rint(9 - y / 2).astype(int)
    inside = (i < 12) & (j >= 0)
    assert np.array_equal(whole, np.where(inside, a_block()[3][j * inside, i * inside], 0))


def test_only_where_labels_are_is_cut_out():
    matrix = np.eye(4)
    matrix[2, 3] = 3
    cut, place = cut_out(a_block(), matrix, (10, 12), 0.0)
    assert cut.shape == (3, 5) and place == (3, 4)


def test_beside_the_label_map_nothing_is_cut_out():
    matrix = np.eye(4)
    matrix[2, 3] = 40
    assert not cut_out(a_block(), matrix, (10, 10), 0.0)[0].any()


def test_an_oblique_slice_agrees_with_a_straight_one():
    straight = np.eye(4)
    straight[2, 3] = 3
    cut, place = cut_out(a_block(), straight, (10, 12), 0.0)
    tilted = straight.copy()
    tilted[2, 0] = 1e-3  # oblique by a hair: the other way of computing
    other, there = cut_out(a_block(), tilted, (10, 12), 0.0)
    assert there == place and np.array_equal(other, cut)
    assert other.any()


def test_a_slab_sees_labels_beside_its_plane():
    matrix = np.eye(4)
    matrix[2, 3] = 5
    assert not cut_out(a_block(), matrix, (10, 12), 0.0)[0].any()
    assert cut_out(a_block(), matrix, (10, 12), 4.0)[0].any()


def test_outlines_lie_on_the_edge_and_the_inside_is_tinted():
    labels = np.zeros((9, 9), np.uint8)
    labels[2:7, 2:7] = 1
    style = MaskStyle(colors={"LAD": (1.0, 0.5, 0.0)})
    colors = style.colored(labels, {1: "LAD"}, 1)
    assert colors[2, 2].tolist() == [255, 128, 0, 255]
    assert 0 < colors[4, 4, 3] < 128
    assert colors[0, 0, 3] == 0


def test_a_highlight_lies_around_its_finding_and_not_on_it():
    labels = np.zeros((15, 15), np.uint8)
    labels[6:9, 6:9] = 1
    colors = MaskStyle().colored(labels, {1: HIGHLIGHT}, 1)
    assert not colors[6:9, 6:9].any()
    assert colors[5, 5].tolist() == [255, 255, 255, 255]
    assert colors[1, 1, 3] == 0


def test_letters_of_an_oblique_direction_name_the_main_axis_first():
    assert direction_letters([-1.0, 0.0, 0.0]) == "L"
    assert direction_letters([0.4, 0.0, 0.9]) == "SR"
    assert direction_letters([0.0, -0.99, 0.1]) == "P"


def test_the_largest_island_is_kept_and_small_ones_go():
    mask = np.zeros((4, 9, 9), bool)
    mask[1, 1:4, 1:4], mask[1, 6:8, 6:8] = True, True
    assert np.argwhere(parts.keep_largest(mask))[:, 1].max() == 3
    assert np.count_nonzero(parts.remove_small(mask, 5)) == 9
    assert np.count_nonzero(parts.island_at(mask, (1, 6, 6))) == 4
    assert not parts.island_at(mask, (0, 0, 0)).any()


def test_smoothing_does_what_its_name_says():
    mask = np.zeros((13, 13, 13), bool)
    mask[4:9, 4:9, 4:9] = True
    with_spur, with_hole = mask.copy(), mask.copy()
    with_spur[6, 6, 9:12] = True
    with_hole[6, 6, 6] = False
    spacing = (1.0, 1.0, 1.0)
    assert not parts.smoothed(with_spur, "opening", 1.0, spacing)[6, 6, 11]
    assert parts.smoothed(with_hole, "closing", 1.0, spacing)[6, 6, 6]
    assert parts.smoothed(with_hole, "median", 1.0, spacing)[6, 6, 6]
    assert not parts.smoothed(with_spur, "median", 1.0, spacing)[6, 6, 11]
    rounded = parts.smoothed(mask, "gaussian", 2.0, spacing)
    assert rounded[6, 6, 6] and not rounded[4, 4, 4]


def test_a_brush_smaller_than_a_voxel_still_marks_the_voxel_it_is_on():
    grid = shapes.Grid((5, 5, 5), np.diag([4.0, 4.0, 4.0, 1.0]))
    area = shapes.brushed(grid, np.array([[9.0, 7.0, 8.0]]), 0.25, np.array([0.0, 0.0, 1.0]))
    assert [tuple(p) for p in np.argwhere(area.mask) + area.start] == [(2, 2, 2)]


def test_a_stroke_has_no_gaps_between_far_points():
    grid = shapes.Grid((3, 30, 30), np.eye(4))
    way = np.array([[2.0, 2.0, 1.0], [27.0, 27.0, 1.0]])
    area = shapes.brushed(grid, way, 1.0, np.array([0.0, 0.0, 1.0]))
    whole = np.zeros(grid.shape, bool)
    whole[area.box] = area.mask
    assert all(whole[1, n, n] for n in range(2, 28))
    assert not whole[0].any() and not whole[2].any()


def test_a_stroke_outside_the_volume_marks_nothing():
    grid = shapes.Grid((3, 5, 5), np.eye(4))
    area = shapes.brushed(grid, np.array([[50.0, 50.0, 1.0]]), 2.0, np.array([0.0, 0.0, 1.0]))
    assert not area.mask.any()


class AView:
    """Draws a grey picture and remembers what was sent."""

    def __init__(self, name: str) -> None:
        self.name, self.drawn, self.sent = name, 0, []
        self.congested = 0

    def draw(self):
        self.drawn += 1
        return np.zeros((4, 4), np.uint8)

    def send(self, picture, meta) -> None:
        self.sent.append(meta["type"])

    def is_congested(self) -> bool:
        self.congested -= 1
        return self.congested >= 0


def run(scenario) -> None:
    # In a thread: a browser test in this process may have left a running loop.
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, scenario()).result()


async def until(condition) -> None:
    end = time.monotonic() + 10
    while not condition() and time.monotonic() < end:
        await asyncio.sleep(0.01)
    assert condition()


def test_many_requests_make_one_picture_and_a_better_one_at_rest():
    async def scenario() -> None:
        queue, view = RenderQueue(), AView("axial")
        for _ in range(50):
            queue.request(view)
        await until(lambda: len(view.sent) == 2)
        assert view.drawn == 1  # the better picture is the same one, encoded again
        assert view.sent == ["image/jpeg", "image/png"]
        queue.close()

    run(scenario)


def test_the_view_under_the_hand_is_drawn_first():
    async def scenario() -> None:
        queue, order = RenderQueue(), []
        views = [AView(name) for name in ("axial", "coronal", "sagittal")]
        for view in views:
            view.send = lambda picture, meta, name=view.name: order.append(name)
        queue.prefer("sagittal")
        for view in views:
            queue.request(view)
        await until(lambda: len(order) >= 3)
        assert order[0] == "sagittal"
        queue.close()

    run(scenario)


def test_a_picture_that_looks_as_before_is_sent_only_to_a_new_page():
    async def scenario() -> None:
        queue, view = RenderQueue(), AView("axial")
        for drawn, sent, anew in ((1, 1, False), (2, 1, False), (3, 2, True)):
            queue.request(view, anew=anew)
            await until(lambda drawn=drawn: view.drawn == drawn)
            assert view.sent.count("image/jpeg") == sent
        queue.close()

    run(scenario)


def test_what_was_edited_is_sent_before_anything_else_is_done():
    async def scenario() -> None:
        queue, view, other = RenderQueue(), AView("axial"), AView("coronal")
        queue.prefer("axial")
        queue.request(other)
        queue.request(view)
        queue.now()
        assert view.sent and not other.sent
        queue.now()
        assert view.drawn == 1
        queue.close()

    run(scenario)


def test_other_views_wait_while_the_hand_moves_but_not_for_ever(monkeypatch):
    now = [10.0]
    monkeypatch.setattr(queues, "time", SimpleNamespace(monotonic=lambda: now[0]))
    queue, coronal = RenderQueue(), AView("coronal")
    queue.prefer("axial")
    queue.request(coronal)
    for moment in (10.1, 10.2, 10.3):
        now[0] = moment
        queue.prefer("axial")
        assert queue._next()[0] is None
    now[0] = 10.45
    assert queue._next()[0] is coronal
    now[0] = 11.05
    queue.prefer("axial")
    assert queue._next()[0] is coronal


def test_a_view_that_follows_the_hand_does_not_wait_for_the_others():
    queue, coronal, prior = RenderQueue(), AView("coronal"), AView("prior_axial")
    queue.prefer("axial")
    queue.request(coronal)
    queue.request(prior, soon=True)
    assert queue._next()[0] is prior


def test_what_is_shown_is_sent_at_once_though_it_looks_as_before():
    async def scenario() -> None:
        queue, view = RenderQueue(), AView("axial")
        for number in (1, 2):
            queue.show([view])
            assert len(view.sent) == number
        queue.close()

    run(scenario)


@pytest.mark.parametrize("shape", [(7, 5), (7, 5, 3)])
def test_a_picture_at_rest_is_without_loss(shape):
    pixels = np.random.default_rng(1).integers(0, 256, shape, np.uint8)
    picture, meta = encode(pixels, still=True)
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(picture))), pixels)
    assert (meta["w"], meta["h"]) == (5, 7)


def test_a_congested_view_waits():
    async def scenario() -> None:
        queue, view = RenderQueue(), AView("axial")
        view.congested = 3
        queue.request(view)
        await until(lambda: view.sent)
        assert view.congested < 0
        queue.close()

    run(scenario)


def test_without_any_opengl_the_packages_are_named(monkeypatch):
    monkeypatch.setattr(opengl.sys, "platform", "linux")
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.setattr(opengl, "_egl_works", lambda: False)
    monkeypatch.setattr(opengl, "_osmesa_is_there", lambda: False)
    with pytest.raises(ReadingRoomError) as fault:
        opengl.prepare()
    assert fault.value.code == "RENDERING_UNAVAILABLE"
    assert "libegl1" in fault.value.what_to_do and "libgl1-mesa-dri" in fault.value.what_to_do


def test_a_cpu_renderer_is_not_taken_for_a_graphics_card():
    card = "OpenGL vendor string:  X\nOpenGL renderer string:  NVIDIA H100\n"
    cpu = "OpenGL renderer string:  llvmpipe (LLVM 15.0.6, 256 bits)\n"
    assert opengl.is_graphics_card(card)
    assert not opengl.is_graphics_card(cpu) and not opengl.is_graphics_card("")


def test_every_text_is_there_in_both_languages():
    assert all(text["en"] and text["zh"] for text in VIEWER_TEXTS.values())


def test_every_text_that_the_page_asks_for_is_there():
    import re
    from pathlib import Path

    source = Path(opengl.__file__).parent
    asked = {
        name
        for file in source.glob("*.py")
        for name in re.findall(r"page_t\.(view_[a-z_0-9]+)", file.read_text("utf-8"))
        if not name.endswith("_")
    }
    assert asked and asked <= VIEWER_TEXTS.keys()
