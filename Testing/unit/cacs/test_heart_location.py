"""The located heart against an organ map and against outlines drawn by eye.

The limits asserted here are the goals; the measured values stand in Docs/validation.md.
"""

from __future__ import annotations

import numpy as np
import pytest

from readingroom.demo.data import fetch_organs
from readingroom.evaluation.overlap import dice
from readingroom.imaging import load
from readingroom.imaging.geometry import canonical, resample
from readingroom.readers.cacs import anatomy
from readingroom.readers.cacs.outline import epicardial
from readingroom.readers.cacs.reader import CacsReader
from Testing.fixtures.outlines import dice_over_slices, drawn_slices


@pytest.fixture(scope="module")
def the_reader():
    return CacsReader()


def test_heart_of_the_scan_whose_label_map_it_was_trained_on(the_reader):
    folder = fetch_organs()
    volume = load(folder / "cxr.nii.gz").volumes[0]
    image = canonical(volume)
    truth = image.axes.forward(load(folder / "mask.nii.gz").volumes[0].array == 51)
    organs = the_reader.organs(volume)
    # The organ map counts the pulmonary trunk as heart, and leaves part of an atrium out.
    heart = organs.of("HEART", "PULMONARY_ARTERY")
    found = resample(volume, anatomy.SPACING_MM).argmax_to_native(np.stack([1 - heart, heart]))
    outlined = epicardial(image.axes.forward(found) > 0, image.array, image.spacing_mm)
    assert dice(outlined, truth) > 0.92


@pytest.mark.parametrize(
    ("case", "path", "least"),
    [
        ("ricord", "chest_ct_ricord/dicom", 0.88),
        ("lidc0003", "chest_ct_lidc0003/LIDC-IDRI-0003_ct.nii.gz", 0.88),
    ],
)
def test_heart_of_other_patients(the_reader, shared_data, case, path, least):
    volume = load(shared_data / path).volumes[0]
    image = canonical(volume)
    organs = the_reader.organs(volume)
    coarse = resample(volume, anatomy.SPACING_MM)
    labels = image.axes.forward(anatomy.native_labels(organs, volume, coarse))
    heart = labels == anatomy.SEGMENTS.index("HEART") + 1
    drawn = drawn_slices(case, image)
    assert len(drawn) >= 8
    assert dice_over_slices(drawn, heart) > least
