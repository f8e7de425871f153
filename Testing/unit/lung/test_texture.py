"""Co-occurrence texture against the reference values of IBSI 1."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from readingroom.readers.lungnodule.texture import cooccurrence, features, texture

IBSI = Path(__file__).parents[4] / "shared" / "data" / "radiomics_ibsi"
#: Digital phantom, three-dimensional, directions merged (Zwanenburg 2020, three digits).
REFERENCE = {
    "joint_maximum": 0.509,
    "joint_entropy": 2.57,
    "angular_second_moment": 0.291,
    "contrast": 5.12,
    "dissimilarity": 1.38,
    "inverse_difference": 0.688,
    "correlation": 0.183,
    "cluster_shade": 17.4,
}


@pytest.mark.skipif(not IBSI.is_dir(), reason="the IBSI phantom is not in ../shared/data")
def test_the_digital_phantom() -> None:
    import nibabel

    levels = np.asarray(nibabel.load(IBSI / "dig_phantom.nii.gz").dataobj).astype(int)
    mask = np.asarray(nibabel.load(IBSI / "dig_mask.nii.gz").dataobj) > 0
    found = features(cooccurrence(np.where(mask, levels, 0)))
    assert found == pytest.approx(REFERENCE, rel=4e-3)


def test_a_matrix_by_hand() -> None:
    # Pairs along a row: (1,2) and (2,2), each counted both ways.
    matrix = cooccurrence(np.array([[[1, 2, 2]]]))
    assert matrix.tolist() == [[0, 0.25], [0.25, 0.5]]


def test_voxels_outside_the_mask_are_no_neighbours() -> None:
    assert cooccurrence(np.array([[[1, 0, 2]]])).sum() == 0


def test_even_tissue_has_no_contrast() -> None:
    found = texture(np.full((5, 5, 5), 30.0), np.ones((5, 5, 5), bool))
    assert (found["contrast"], found["angular_second_moment"]) == (0.0, 1.0)


def test_noise_has_more_contrast_than_a_gradient() -> None:
    rng = np.random.default_rng(0)
    smooth = np.broadcast_to(np.linspace(-600, 0, 8), (8, 8, 8))
    everywhere = np.ones((8, 8, 8), bool)
    rough = texture(rng.permuted(smooth, axis=2), everywhere)
    assert rough["contrast"] > texture(smooth, everywhere)["contrast"]


def test_too_few_voxels_give_none() -> None:
    assert texture(np.zeros((3, 3, 3)), np.ones((3, 3, 3), bool)) == {}
