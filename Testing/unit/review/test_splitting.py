"""One finding that is two: divided at its neck, as one edit; islands of organs as segments."""

from __future__ import annotations

import numpy as np
import pytest

from readingroom.errors import RefusedInput
from readingroom.review import ReviewSession, splitting
from Testing.fixtures import review_cases

SPACING = (1.0, 1.0, 1.0)


def balls(*given) -> np.ndarray:
    """Return the union of balls ``(k, j, i, radius)``."""
    k, j, i = np.indices((24, 24, 48))
    mask = np.zeros((24, 24, 48), np.bool_)
    for a, b, c, radius in given:
        mask |= (k - a) ** 2 + (j - b) ** 2 + (i - c) ** 2 <= radius**2
    return mask


TWO = balls((12, 12, 12, 7), (12, 12, 24, 6))
ONE = balls((12, 12, 12, 7))


def test_two_balls_are_parted_at_their_neck_the_larger_first():
    parts = splitting.parts_of(TWO, SPACING)
    sizes = np.bincount(parts.ravel())[1:]

    assert len(sizes) == 2 and sizes[0] > sizes[1]
    assert parts[12, 12, 12] == 1 and parts[12, 12, 24] == 2
    assert abs(sizes[0] - ONE.sum()) < 0.1 * ONE.sum()


def test_a_ball_is_one_part():
    assert splitting.parts_of(ONE, SPACING).max() == 1


def test_a_spur_is_no_part():
    spur = ONE.copy()
    spur[12, 12, 12:26] = True
    assert splitting.parts_of(spur, SPACING).max() == 1


def test_islands_are_parts():
    apart = splitting.parts_of(balls((12, 12, 10, 5), (12, 12, 30, 4)), SPACING)
    assert np.bincount(apart.ravel())[1:].size == 2
    assert np.array_equal(splitting.with_gap(apart), apart)


def test_the_gap_is_one_layer_of_the_smaller_part():
    parts = splitting.parts_of(TWO, SPACING)
    kept = splitting.with_gap(parts)
    gone = (parts > 0) & (kept == 0)

    assert (parts[gone] == 2).all()
    assert 0 < gone.sum() < 0.2 * (parts == 2).sum()
    assert splitting._labelled(kept > 0)[1] == 2


#: Two thick pieces of calcium and a thread between them, as one lesion.
DUMBBELL = (
    ("RCA", (2, 22, 14), (2, 3, 3), 420),
    ("LAD", (8, 12, 22), (6, 7, 7), 500),
    ("LAD", (10, 15, 29), (1, 1, 3), 500),
    ("LAD", (8, 12, 32), (6, 6, 6), 500),
)


@pytest.fixture
def a_session(tmp_path):
    case = review_cases.a_case(tmp_path, DUMBBELL)
    session = ReviewSession.open(case.folder, study=case.study, autosave=False)
    yield session
    session.close()


@pytest.fixture
def dumbbell(a_session):
    """Return the id of the lesion with the thin middle."""
    ids = [f.id for f in a_session.reading.findings if f.label == "LAD"]
    assert len(ids) == 1
    return ids[0]


def lads(session) -> list[str]:
    return [f.id for f in session.reading.findings if f.label == "LAD"]


def test_a_finding_is_split_in_one_edit_that_can_be_undone(a_session, dumbbell):
    total = a_session.reading.measurements["number_of_lesions"].value
    before = a_session.masks.layers[0].copy()
    made = a_session.split(dumbbell)

    assert made[0] == dumbbell and len(made) == 2
    assert set(lads(a_session)) == set(made)
    assert a_session.reading.measurements["number_of_lesions"].value == total + 1
    assert a_session.undo_text == "split"
    assert a_session.reading.audit[-1]["what"] == "split"
    assert set(made) <= set(a_session.reading.audit[-1]["finding_ids"])
    a_session.undo()
    assert lads(a_session) == [dumbbell]
    assert np.array_equal(a_session.masks.layers[0], before)
    a_session.redo()
    assert set(lads(a_session)) == set(made)


def test_numbers_after_a_split_are_those_of_measuring_anew(a_session, dumbbell):
    a_session.split(dumbbell)
    reading = a_session.reading
    anew = a_session.reader.remeasure(reading, a_session.study, a_session.masks)

    assert anew.measurements == reading.measurements


def test_what_has_no_neck_is_refused_and_stays(a_session):
    lesion = next(f.id for f in a_session.reading.findings if f.label == "RCA")
    with pytest.raises(RefusedInput, match="NOTHING_TO_SPLIT"):
        a_session.split(lesion)
    assert not a_session.can_undo


def test_islands_of_an_organ_become_segments_of_their_own(a_session):
    spine = next(s for s in a_session.masks.segments if s.name == "SPINE")
    with pytest.raises(RefusedInput, match="NOTHING_TO_SPLIT"):
        a_session.split_segment("SPINE")
    gap = np.zeros((2, 6, 28), np.uint8)
    a_session.replace_voxels(spine.layer, (10, 40, 10), gap, "erase")
    made = a_session.split_segment("SPINE")

    assert made == ["SPINE_2"]
    sizes = [a_session.masks.mask(name).sum() for name in ("SPINE", "SPINE_2")]
    assert sizes == [10 * 6 * 28, 8 * 6 * 28]
    a_session.undo()
    assert a_session.masks.names().count("SPINE_2") == 0
    assert a_session.masks.mask("SPINE").sum() == sum(sizes)


def test_islands_of_a_class_are_findings_already(a_session):
    with pytest.raises(RefusedInput, match="NOTHING_TO_SPLIT"):
        a_session.split_segment("LAD")
