"""After every edit the session says what a whole new measurement would say."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from readingroom import folder
from readingroom.errors import RefusedInput
from readingroom.readers.cacs.lesion import LABELS
from readingroom.readers.cacs.reader import CacsReader
from readingroom.reading import Masks
from readingroom.review import ReviewSession
from readingroom.study import Study
from Testing.fixtures import review_cases
from Testing.unit.review.conftest import content

EDITS = 40


def a_speckled_study(seed: int, *, turned: bool) -> Study:
    """Return noise in which calcium of all sizes touches, and masks can too."""
    rng = np.random.default_rng(seed)
    hu = rng.integers(-50, 120, (12, 28, 28)).astype(np.int16)
    for _ in range(40):
        first = rng.integers(0, (10, 24, 24))
        hu[review_cases.box(first, rng.integers(1, 6, 3))] = rng.integers(131, 900)
    volume = review_cases.as_volume(hu, np.diag([0.7, 0.7, 2.5, 1.0]))
    return Study(volumes=(review_cases.permuted(volume) if turned else volume,))


def a_session(place, seed: int, *, turned: bool, **options: object) -> ReviewSession:
    study = a_speckled_study(seed, turned=turned)
    volume = study.volumes[0]
    calcium = np.where(np.asarray(volume.array) >= 130, 2, 0).astype(np.uint8)
    rng = np.random.default_rng(seed)
    calcium[rng.random(calcium.shape) < 0.02] = 4
    masks = review_cases.masks_of(volume, ())
    masks = Masks([calcium, np.zeros_like(calcium)], volume.ijk_to_lps, masks.segments)
    folder.save(review_cases.read(study, masks, **options), place)
    return ReviewSession.open(place, study=study, reviewer="r", autosave=False)


def edit_at_random(session: ReviewSession, rng: np.random.Generator) -> None:
    """Do what a person might; refusals are part of it."""
    ids = [f.id for f in session.reading.findings]
    someone = str(rng.choice(ids)) if ids else "none"
    label = str(rng.choice(LABELS))
    shape = session.volume.shape
    first = rng.integers(0, np.array(shape) - 1)
    size = np.minimum(rng.integers(1, 8, 3), np.array(shape) - first)
    value = LABELS.index(label) + 1 if rng.random() < 0.6 else 0
    voxels = np.full(size, value, np.uint8)
    voxels[rng.random(voxels.shape) < 0.2] = 0
    place = tuple(float(x) for x in session.volume.lps_from_kji(first))
    edits = [
        lambda: session.accept(someone),
        lambda: session.reject(someone),
        lambda: session.restore(someone),
        lambda: session.reassign(someone, label),
        lambda: session.remove(someone),
        lambda: session.add_at(place, label),
        lambda: session.replace_voxels(0, first, voxels, over=bool(rng.random() < 0.5)),
        lambda: session.replace_voxels(0, first, voxels),
        lambda: session.move_landmark("APEX", place),
    ]
    try:
        edits[int(rng.integers(len(edits)))]()
    except RefusedInput as refusal:
        expected = ("FINDING_", "NOTHING_TO_GROW", "GROWTH_LEAKS")
        assert refusal.code.startswith(expected)


def copied(masks: Masks) -> Masks:
    return dataclasses.replace(masks, layers=[layer.copy() for layer in masks.layers])


@pytest.mark.parametrize(
    ("seed", "turned", "options"),
    [
        (1, False, {}),
        (2, True, {}),
        (3, False, {"lesion_counting": "orcascore"}),
        (4, True, {"minimum_lesion": "more_than_3_pixels", "connectivity": "4"}),
    ],
)
def test_every_edit_measures_as_from_scratch(tmp_path, seed, turned, options):
    session = a_session(tmp_path / "reading", seed, turned=turned, **options)
    rng = np.random.default_rng(seed)
    reader = CacsReader()
    for _ in range(EDITS):
        states = {f.id: f.state for f in session.reading.findings}
        before = session.reading.model_copy(update={"masks": copied(session.masks)})
        edit_at_random(session, rng)
        stated = {f.id: f.state for f in session.reading.findings}
        if session.can_undo and session.undo_text != "paint":
            # What a person said of a finding is not to be measured.
            before.findings = [
                f.model_copy(update={"state": stated.get(f.id, states[f.id])})
                for f in before.findings
            ]
        scratch = reader.remeasure(before, session.study, session.masks)
        assert session.reading.findings == scratch.findings
        assert session.reading.measurements == scratch.measurements
        assert session.reading.categories == scratch.categories


@pytest.mark.parametrize("seed", [5, 6])
def test_what_the_masks_say_is_what_the_findings_say(tmp_path, seed):
    session = a_session(tmp_path / "reading", seed, turned=False)
    rng = np.random.default_rng(seed)
    for _ in range(EDITS):
        edit_at_random(session, rng)
    alone = session.reading.model_copy(update={"masks": None})
    scratch = CacsReader().remeasure(alone, session.study, session.masks)
    assert scratch.measurements == session.reading.measurements
    assert scratch.findings == session.reading.findings


@pytest.mark.parametrize("seed", [7, 8])
def test_undoing_everything_brings_back_every_state_exactly(tmp_path, seed):
    session = a_session(tmp_path / "reading", seed, turned=seed == 8)
    rng = np.random.default_rng(seed)
    states = [content(session)]
    while len(states) < 25:
        edit_at_random(session, rng)
        if content(session) != states[-1]:
            states.append(content(session))
    for state in reversed(states[:-1]):
        session.undo()
        assert content(session) == state
    assert not session.can_undo
    assert not session.dirty
    for state in states[1:]:
        session.redo()
        assert content(session) == state
    assert not session.can_redo
