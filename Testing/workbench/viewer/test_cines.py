"""A cine in the viewer: frames one after the other, not slices of a body."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest

from readingroom.readers.cacs.reader import CacsReader
from readingroom.reading import Masks
from readingroom.review import ReviewSession
from readingroom.study import Acquisition, Cine, Study
from readingroom.workbench.viewer.cine import window_of
from Testing.fixtures.viewevents import ViewEvents
from Testing.workbench.viewer.test_looking import pixels

FRAMES, ROWS, COLUMNS = 6, 40, 60


def a_cine(**fields) -> Cine:
    """A dark square that moves to the right by four pixels a frame, on 12-bit grey."""
    frames = np.full((FRAMES, ROWS, COLUMNS), 3000, np.uint16)
    for frame in range(FRAMES):
        frames[frame, 10:14, 4 * frame : 4 * frame + 4] = 1000
    given = {
        "frame_times_ms": tuple(80.0 * t for t in range(FRAMES)),
        "pixel_spacing_mm": (0.3, 0.3),
        "series_uid": "1.2.826.0.1.3680043.2.1125.7",
    }
    modality = Acquisition(modality="XA")
    return Cine(pixels=frames.copy, shape=frames.shape, acquisition=modality, **(given | fields))


class AFrameReader(CacsReader):
    """What reads the frames is not of interest here, but it does not ask for a CT."""

    def paint_threshold(self, reading, study) -> None:
        return None


def a_session_on(cine: Cine, like: ReviewSession) -> ReviewSession:
    stack = cine.stack
    masks = Masks([np.zeros(stack.shape, np.uint8)], stack.ijk_to_lps, like.masks.segments[:0])
    reading = like.reading.model_copy(update={"findings": [], "landmarks": [], "masks": masks})
    study, own = Study(cines=(cine,)), {"reviewer": "", "autosave": False, "named": ()}
    session = ReviewSession(like.directory, study, stack, reading, **own)
    session.reader = AFrameReader()
    return session


@pytest.fixture
def shown(viewer, a_session):
    """Return a function that shows a cine in the viewer."""

    def show(cine: Cine):
        viewer.show(a_session_on(cine, a_session))
        return viewer

    return show


def test_a_cine_is_one_view_without_letters_slab_or_place(shown):
    viewer = shown(a_cine())
    assert viewer.state.view_layout == "axial" and viewer.state.view_frames == FRAMES
    info = viewer.annotations.of_slice("axial")
    assert not {"left", "right", "top", "bottom", "slice", "lines"} & set(info)
    assert info["frame"]["count"] == FRAMES


def test_the_corner_tells_frame_and_second(shown):
    viewer = shown(a_cine())
    viewer.set_frame(3)
    assert viewer.annotations.of_slice("axial")["frame"] == {
        "number": 4,
        "count": FRAMES,
        "seconds": "0.24",
    }


def test_the_window_takes_in_the_grey_values_of_any_number_of_bits(shown):
    viewer = shown(a_cine())
    assert viewer.navigator.window() == window_of(a_cine().stack)
    picture = pixels(viewer, "axial")
    assert picture.max() >= 250 and picture.min() <= 5


def test_the_wheel_and_the_slider_show_the_frame_they_say(shown):
    viewer = shown(a_cine())
    events = ViewEvents(viewer, "axial")
    for frame, move in ((0, viewer.set_frame), (1, lambda _: viewer.scroll("axial", 1))):
        move(frame)
        x, y = events.pixel_of((0.3 * (4 * frame + 1.5), 0.3 * 11.5, frame))
        picture = pixels(viewer, "axial")[..., 0]
        assert picture[picture.shape[0] - 1 - y, x] < 128  # the dark square is there
        assert picture[picture.shape[0] - 1 - y, x + 40] > 128


def test_a_jump_goes_to_the_frame_and_leaves_it_whole(shown):
    viewer = shown(a_cine())
    viewer.jump((3.0, 3.0, 4.0))
    assert viewer.annotations.of_slice("axial")["frame"]["number"] == 5
    assert viewer.navigator.is_fitted("axial")


def test_without_a_spacing_no_ruler_pretends_millimetres(shown):
    assert shown(a_cine()).annotations.of_slice("axial")["ruler"] is not None
    bare = shown(a_cine(pixel_spacing_mm=None, frame_times_ms=()))
    bare.set_frame(0)
    info = bare.annotations.of_slice("axial")
    assert info["ruler"] is None and info["frame"]["seconds"] == "0.00"


def test_frames_have_no_surfaces_and_a_volume_has_its_views_again(shown, a_session):
    viewer = shown(a_cine())
    viewer.models.finish()
    viewer.set_segment_in_3d("RCA", True)
    assert viewer.models.surfaces.names() == []
    viewer.show(a_session)
    viewer.models.finish()
    assert viewer.state.view_layout == "four_up" and viewer.state.view_frames == 0
    assert "RCA" in viewer.models.surfaces.names()
    assert viewer.annotations.of_slice("axial")["left"] == "R"


def test_a_cine_plays_over_and_over_and_stops(shown):
    viewer = shown(a_cine(frame_times_ms=tuple(10.0 * t for t in range(FRAMES))))
    seen = set()
    viewer.stage.queue._wanted.clear()  # the other views draw with OpenGL, not in this thread

    async def play() -> None:
        viewer.stage.queue.start()
        viewer.toggle_play()
        assert viewer.state.view_plays
        while len(seen) < 3:  # without end if it stood still, which the time limit ends
            await asyncio.sleep(0.01)
            seen.add(viewer.player.place()["number"])
        viewer.toggle_play()
        assert not viewer.state.view_plays and not viewer.player.plays

    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, asyncio.wait_for(play(), 60)).result()


def test_uneven_times_are_those_of_the_file(shown):
    times = (0.0, 10.0, 100.0, 110.0, 200.0, 1000.0)
    viewer = shown(replace(a_cine(), frame_times_ms=times))
    viewer.set_frame(5)
    assert viewer.annotations.of_slice("axial")["frame"]["seconds"] == "1.00"
