"""The review core with a reader that knows nothing of it, and what people read."""

from __future__ import annotations

import numpy as np
import pytest

from readingroom import folder, readers
from readingroom.errors import ReadingRoomError, RefusedInput
from readingroom.imaging import load
from readingroom.imaging.write import write_ct_series
from readingroom.reader import Progress
from readingroom.review import ReviewSession, layouts, texts
from Testing.fixtures.tinyreader import TinyOptions, TinyReader


@pytest.fixture
def a_tiny_session(tmp_path, monkeypatch):
    monkeypatch.setitem(readers._READERS, "tiny", "Testing.fixtures.tinyreader:TinyReader")
    voxels = np.full((4, 8, 8), -1000, np.int16)
    voxels[1, 2:4, 2:4] = 1200
    write_ct_series(voxels, np.diag([1.0, 1.0, 2.0, 1.0]), tmp_path / "tiny" / "images")
    study = load(tmp_path / "tiny" / "images")
    folder.save(TinyReader().read(study, TinyOptions(), Progress()), tmp_path / "tiny" / "reading")
    session = ReviewSession.open(tmp_path / "tiny" / "reading", reviewer="r")
    yield session
    session.discard()


def test_painting_measures_the_whole_again(a_tiny_session):
    a_tiny_session.replace_voxels(0, (2, 2, 2), np.ones((1, 2, 2), np.uint8))
    assert a_tiny_session.reading.measurements["bright_voxels"].value == 8
    assert a_tiny_session.reading.audit[-1]["after"]["measurements"] == {"bright_voxels": 8}
    assert a_tiny_session.reading.revision == 1
    a_tiny_session.undo()
    assert a_tiny_session.reading.measurements["bright_voxels"].value == 4
    a_tiny_session.redo()
    assert a_tiny_session.save("r") == 2


def test_a_state_outlives_the_measuring(a_tiny_session):
    a_tiny_session.reject("bright")
    assert a_tiny_session.reading.finding("bright").state == "rejected"


def test_voxels_are_the_connected_ones(a_tiny_session):
    a_tiny_session.replace_voxels(0, (3, 6, 6), np.ones((1, 1, 1), np.uint8))
    start, own = a_tiny_session.mask_of("bright")
    assert start == (1, 2, 2)
    assert own.sum() == 4
    a_tiny_session.reading.findings[0] = a_tiny_session.reading.findings[0].model_copy(
        update={"mask_segment": None}
    )
    assert a_tiny_session.mask_of("bright")[1].size == 0


def test_a_reader_without_classes_offers_none(a_tiny_session):
    with pytest.raises(RefusedInput, match=r"^CLASS_UNKNOWN:"):
        a_tiny_session.add_at((2.0, 2.0, 2.0), "BRIGHT")
    with pytest.raises(RefusedInput, match=r"^NOTHING_TO_GROW:"):
        a_tiny_session.reader.grow(
            a_tiny_session.reading,
            a_tiny_session.study,
            a_tiny_session.masks,
            (2.0, 2.0, 2.0),
            "BRIGHT",
        )


def test_the_threshold_brush_begins_at_the_readers_threshold(a_tiny_session, a_session):
    for session, threshold in ((a_tiny_session, None), (a_session, 130.0)):
        found = session.reader.paint_threshold(session.reading, session.study)
        assert found == threshold


def test_edits_and_layouts_have_titles_in_both_languages():
    for titles in [*texts.EDITS.values(), *(one.title for one in layouts.LAYOUTS)]:
        assert titles["en"]
        assert any("\u4e00" <= letter <= "\u9fff" for letter in titles["zh"])
    assert texts.edit_title("reassign", "zh") == "更改分类"
    assert texts.edit_title("reassign", "fr") == "Change class"
    assert texts.edit_title("own_tool", "zh") == "own tool"


def test_refusals_are_explained_in_both_languages():
    error = ReadingRoomError("SIGNED", "What happened.", "What to do.")
    assert texts.explained(error) == ("What happened.", "What to do.")
    assert "签名" in texts.explained(error, "zh")[0]
    unknown = ReadingRoomError("STRANGE", "What happened.", "What to do.")
    assert texts.explained(unknown, "zh") == ("What happened.", "What to do.")
