"""Type, calcification, fat, air, margin and shape of simulated nodules."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from readingroom.readers.lungnodule.characteristics import SCALES, characteristics
from readingroom.readers.lungnodule.describe import describe
from readingroom.readers.lungnodule.shape import edge_level, surface
from Testing.fixtures.nodule_phantom import (
    Inside,
    NodulePhantom,
    a_lobulated,
    a_sphere,
    a_spiculated,
    an_ellipsoid,
    nodule_phantom,
)


def described(inside: Inside, **how: Any) -> dict[str, Any]:
    return describe(*nodule_phantom(inside, **how).asked)


def painted(phantom: NodulePhantom, inside: Inside, hu: float) -> NodulePhantom:
    """Set the voxels of a nodule whose centres lie inside, relative to its middle."""
    axes = [
        (np.arange(n) + 0.5 - n / 2) * s
        for n, s in zip(phantom.hu.shape, phantom.spacing_mm, strict=True)
    ]
    z, y, x = np.meshgrid(*axes, indexing="ij", sparse=True)
    phantom.hu[np.broadcast_to(inside(z, y, x), phantom.hu.shape)] = hu
    return phantom


@pytest.mark.parametrize(
    ("mm", "hu", "type"),
    [
        (4, 30.0, "solid"),
        (12, 30.0, "solid"),
        (6, -600.0, "ground_glass"),
        (14, -650.0, "ground_glass"),
        (8, 500.0, "calcified"),
    ],
)
def test_types_of_even_nodules(mm: float, hu: float, type: str) -> None:
    assert described(a_sphere(mm), hu=hu, reach_mm=mm / 2 + 7)["type"] == type


@pytest.mark.parametrize(("mm", "core_mm"), [(16, 8), (12, 5)])
def test_ground_glass_around_a_solid_core_is_part_solid(mm: float, core_mm: float) -> None:
    found = described(a_sphere(mm), hu=-620, core=(a_sphere(core_mm), 30.0), reach_mm=14)
    assert found["type"] == "part_solid"
    assert 2 <= found["characteristics"]["texture"] < 5


def test_a_persons_type_is_kept() -> None:
    phantom = nodule_phantom(a_sphere(8))
    found = describe(*phantom.asked, type="ground_glass")
    assert (found["type"], found["characteristics"]["texture"]) == ("ground_glass", 1.0)


def a_shell(z: np.ndarray, y: np.ndarray, x: np.ndarray) -> np.ndarray:
    radius = np.sqrt(z**2 + y**2 + x**2)
    return (radius > 4.2) & (radius < 6.4)


def aside(z: np.ndarray, y: np.ndarray, x: np.ndarray) -> np.ndarray:
    return a_sphere(3.5)(z, y - 4, x)


def clumps(z: np.ndarray, y: np.ndarray, x: np.ndarray) -> np.ndarray:
    ball = a_sphere(4.4)
    return ball(z, y - 4, x) | ball(z, y + 4, x) | ball(z - 4, y, x) | ball(z, y, x - 4)


def specks(z: np.ndarray, y: np.ndarray, x: np.ndarray) -> np.ndarray:
    ball = a_sphere(2.0)
    return ball(z, y - 4, x) | ball(z, y + 4, x) | ball(z - 4, y, x) | ball(z, y, x - 4)


@pytest.mark.parametrize(
    ("calcium", "pattern"),
    [
        (None, "none"),
        (a_sphere(13), "diffuse"),
        (a_sphere(5), "central"),
        (a_shell, "laminated"),
        (clumps, "popcorn"),
        (specks, "stippled"),
        (aside, "eccentric"),
    ],
)
def test_calcification_patterns(calcium: Inside | None, pattern: str) -> None:
    phantom = nodule_phantom(a_sphere(14), (0.7, 0.7, 0.7), shift_mm=(0, 0, 0))
    if calcium is not None:
        painted(phantom, calcium, 600.0)
    assert describe(*phantom.asked)["calcification"] == pattern


def test_fat_is_seen() -> None:
    phantom = nodule_phantom(a_sphere(14), shift_mm=(0, 0, 0), noise_hu=15)
    assert not describe(*phantom.asked)["fat"]
    assert describe(*painted(phantom, a_sphere(7), -90.0).asked)["fat"]


@pytest.mark.parametrize(("mm", "word"), [(3.5, "bubble_like"), (8, "cystic")])
def test_air_inside_is_seen(mm: float, word: str) -> None:
    phantom = nodule_phantom(a_sphere(16), shift_mm=(0, 0, 0), reach_mm=15)
    assert describe(*phantom.asked)["lucency"] == "none"
    assert describe(*painted(phantom, a_sphere(mm), -900.0).asked)["lucency"] == word


def test_a_blurred_edge_is_less_sharp() -> None:
    sharp, soft = (described(a_sphere(10), blur_mm=blur) for blur in (0.5, 1.6))
    assert sharp["margin"] == "sharp"
    assert soft["margin"] != "sharp"
    assert sharp["characteristics"]["margin"] > soft["characteristics"]["margin"] + 1


def test_lobules_are_told_from_a_long_nodule() -> None:
    smooth, long, lobed = (
        described(shape)["lobulation_index"]
        for shape in (a_sphere(12), an_ellipsoid(7, 8, 14), a_lobulated(14))
    )
    assert max(smooth, long) < 0.03 < lobed


def test_spicules_are_counted() -> None:
    smooth = described(a_sphere(12))
    spiky = described(a_spiculated(12, 16))
    assert smooth["spicules"] <= 1
    assert spiky["spicules"] >= 6
    assert (smooth["spiculation"], spiky["spiculation"]) == ("none", "marked")


@pytest.mark.parametrize("mm", [0.7, 1.0, 1.2, 2.0, 2.5])
@pytest.mark.parametrize("shape", [a_sphere(12), an_ellipsoid(9, 8, 14)])
def test_the_steps_of_voxels_are_no_spicules(mm: float, shape: Inside) -> None:
    assert described(shape, spacing_mm=(mm, mm, mm))["spiculation"] == "none"


def test_noise_makes_no_spicules() -> None:
    assert described(a_sphere(14), hu=-620, noise_hu=40)["spicules"] <= 1


def test_sphericity_comes_from_a_proper_surface() -> None:
    assert described(a_sphere(12))["sphericity"] == pytest.approx(1.0, abs=0.02)
    # Prolate spheroid with axes 2:1, closed formula of its area.
    values = np.zeros((40, 60, 40))
    z, y, x = np.mgrid[-19.5:20.5, -29.5:30.5, -19.5:20.5]
    distance = 1 - np.sqrt((z / 12) ** 2 + (y / 24) ** 2 + (x / 12) ** 2)
    values[:] = np.clip(0.5 + 12 * distance, 0, 1)
    assert surface(values, (1.0, 1.0, 1.0)).sphericity == pytest.approx(0.929, abs=0.01)


def test_a_round_nodule_is_rounder_than_a_long_one() -> None:
    assert described(a_sphere(10))["characteristics"]["sphericity"] > 4.5
    assert described(an_ellipsoid(5, 6, 14))["characteristics"]["sphericity"] < 3


def test_a_curved_edge_lies_below_one_half() -> None:
    assert edge_level(4, 0.5) < edge_level(10, 0.5) < 0.5
    assert edge_level(200, 0.5) == pytest.approx(0.5, abs=0.01)


def test_everything_can_be_stored_as_json() -> None:
    found = described(a_sphere(8))
    assert json.loads(json.dumps(found)) == found


def test_characteristics_stay_on_their_scales() -> None:
    for extreme in (0.0, 1e3):
        found = characteristics(
            axis_ratio=extreme,
            edge_sharpness=extreme,
            lobulation_index=extreme,
            spicules=int(extreme),
            nodule_type="part_solid",
            solid_share=extreme,
            calcification="none",
        )
        assert all(low <= found[name] <= high for name, (low, high) in SCALES.items())
