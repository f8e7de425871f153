"""What counts as a false coronary lesion, and a truth that owes nothing to the network."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from readingroom.readers.cacs import evaluate, sources
from readingroom.readers.cacs.lesion import Lesion
from readingroom.readers.cacs.tissuemap import Tissue, TissueMap
from readingroom.readers.cacs.truth import Truth


@pytest.fixture
def tallied(monkeypatch):
    """Tally findings of given classes: on a coronary plaque, on the aorta's, on nothing."""

    def tally(*classes: str) -> evaluate._Tally:
        truth = np.zeros((1, 1, 9), np.uint8)
        truth[..., 0:2], truth[..., 3:5] = 1, 2
        found = np.zeros(truth.shape, np.int32)
        found[..., 1], found[..., 4], found[..., 7] = 1, 2, 3
        monkeypatch.setattr(evaluate, "_found_labels", lambda reading, case: found)
        plaques = [SimpleNamespace(label="LAD"), SimpleNamespace(label="ASCENDING_AORTA")]
        lesions = [
            ("LAD", Lesion((0, 0, 0), np.ones((1, 1, 2), bool))),
            ("ASCENDING_AORTA", Lesion((0, 0, 3), np.ones((1, 1, 2), bool))),
        ]
        reading = SimpleNamespace(findings=[SimpleNamespace(label=name) for name in classes])
        result = evaluate._Tally()
        case = SimpleNamespace(truth=truth, plaques=plaques)
        result.add(case, Truth(lesions, [2.0, 4.0], 0.0, 0.0), reading)
        return result

    return tally


def test_a_coronary_finding_on_a_coronary_plaque_is_not_false_whichever_artery_it_names(tallied):
    tally = tallied("RCA", "ASCENDING_AORTA", "NOISE")
    assert tally.false_coronary == [0.0]
    assert tally.seen["small"] == [True]


def test_the_aorta_s_calcium_called_coronary_is_false_and_counted_as_calcium_elsewhere(tallied):
    tally = tallied("LAD", "LM", "NOISE")
    assert (tally.false_coronary, tally.misplaced) == ([1.0], [1.0])


def test_a_coronary_finding_on_nothing_is_false_but_not_on_calcium_elsewhere(tallied):
    tally = tallied("LAD", "ASCENDING_AORTA", "LCX")
    assert (tally.false_coronary, tally.misplaced) == ([1.0], [0.0])


def test_a_drawn_aorta_replaces_the_one_that_was_found():
    tissue = np.full((8, 20, 20), Tissue.MEDIASTINUM, np.uint8)
    tissue[:, 2:8, 2:8] = Tissue.AORTA
    source = TissueMap(tissue, np.zeros(tissue.shape, np.float32), 5.0)
    ascending = np.array([[50.0, 50.0, 20.0, 10.0], [50.0, 50.0, 35.0, 10.0]])
    descending = np.array([[50.0, 85.0, 0.0, 10.0], [50.0, 85.0, 35.0, 10.0]])
    sources._draw_aorta(source, np.zeros(3), [ascending, descending], 20.0)
    assert tissue[6, 10, 10] == tissue[6, 17, 10] == tissue[0, 17, 10] == Tissue.AORTA
    assert tissue[0, 10, 10] == Tissue.MEDIASTINUM
    assert tissue[6, 4, 4] == Tissue.MEDIASTINUM
    assert tissue[0, 4, 4] == Tissue.HEART
