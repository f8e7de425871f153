"""The network of characteristics: what it is taught, what it sees, what a reading shows of it."""

from __future__ import annotations

import math
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from readingroom.inference.cards import CardMetric
from readingroom.inference.engine import Engine
from readingroom.inference.publish import save_card
from readingroom.networks import build
from readingroom.readers.lungnodule import cards, characterdata, characterpatches, sources
from readingroom.readers.lungnodule import simulatedratings as drawn
from readingroom.readers.lungnodule.characteristics import SCALES
from readingroom.readers.lungnodule.characternetwork import (
    OUTPUTS,
    described,
    errors_of,
    estimate,
    ratings_of,
)
from readingroom.readers.lungnodule.judge import judge
from readingroom.readers.lungnodule.malignancy import load
from readingroom.readers.lungnodule.options import LungNoduleOptions
from readingroom.readers.lungnodule.probabilities import BY_NETWORK
from readingroom.readers.lungnodule.scan import Scan
from readingroom.readers.lungnodule.simulatednodule import Shape
from readingroom.readers.lungnodule.traincharacteristics import CharacterRecipe, agreement
from readingroom.training.loop import train
from readingroom.workbench.reading.findingrows import details
from Testing.fixtures.lung_phantom import the_case

TINY = {"inputs": 2, "numbers": 3, "outputs": OUTPUTS, "channels": 2, "hidden": 8}
NOTHING = np.zeros((0, 5))


def the_scan():
    study, _ = the_case()
    return Scan.of(study.volumes[0], LungNoduleOptions(), study.patient)


def a_body(radii=(5.0, 5.0, 5.0), bumps=NOTHING, spicules=NOTHING):
    return Shape(np.array(radii), np.eye(3), np.array(bumps), np.array(spicules))


# --- From what is drawn to what a reader would say


def test_a_ball_is_round_and_a_stick_is_linear():
    assert drawn.axis_ratio(a_body()) == pytest.approx(1.0, abs=0.01)
    assert drawn.axis_ratio(a_body((2.0, 5.0, 10.0))) == pytest.approx(0.2, abs=0.005)


def test_an_ellipsoid_has_no_relief_and_a_lobe_does():
    assert drawn.relief(a_body((3.0, 5.0, 8.0))) < 1e-9
    slight = drawn.relief(a_body(bumps=[[1.0, 0, 0, 0.2, 8.0]]))
    marked = drawn.relief(a_body(bumps=[[1.0, 0, 0, 0.6, 8.0]]))
    assert 0.01 < slight < marked / 2


def test_a_short_spicule_counts_in_part():
    long = [[1.0, 0, 0, 5.0, 0.5]] * 3
    assert drawn.visible_spicules(a_body(spicules=long)) == pytest.approx(3.0)
    half = [[1.0, 0, 0, 0.165 * 10.0, 0.5]]
    assert drawn.visible_spicules(a_body(spicules=half)) == pytest.approx(0.5, abs=0.01)


def many(count=110, diameter=12.0):
    rng = np.random.default_rng(3)
    return [drawn.random_rated(rng, diameter) for _ in range(count)]


def test_every_scale_is_drawn_from_end_to_end():
    table = np.array([[one.ratings[name] for name in characterdata.RATED] for one in many()])
    low, high = table.min(0), table.max(0)
    assert (low[:4] < 1.5).all() and (high[:4] > 4.5).all()
    assert set(table[:, -2]) == set(characterdata.CALCIFICATION)
    assert set(table[:, -1]) == set(characterdata.STRUCTURE)
    assert set(SCALES) < set(many(1)[0].ratings)


def test_ratings_say_what_was_drawn():
    for one in many(30):
        kind, said = one.nodule.type, one.ratings
        assert (said["calcification"] < 6) == (kind == "calcified")
        assert (said["texture"] == 1) == (kind == "ground_glass")
        assert (1 < said["texture"] < 5) == (kind == "part_solid")
        assert one.diameter_mm == pytest.approx(12.0)


def test_an_ill_defined_border_is_drawn_in_steps_of_density():
    rng = np.random.default_rng(0)
    graded = drawn._graded(a_body(), 3.0, 0.0, 0.0)
    sizes = [layer.shape.diameter_mm for layer in graded]
    densities = [layer.hu for layer in graded]
    assert sizes == sorted(sizes, reverse=True) and densities == sorted(densities)
    assert sizes[0] - sizes[-1] == pytest.approx(2 * 3.0, rel=0.2)
    assert len(drawn._graded(a_body(), 0.0, float(rng.normal()), 0.0)) == 1


# --- What the network sees


def test_a_nodule_fills_its_cube_whatever_its_size():
    for diameter in (6.0, 18.0):
        hu = np.full((70, 70, 70), -850.0, np.float32)
        k, j, i = np.ogrid[:70, :70, :70]
        hu[(k - 35) ** 2 + (j - 35) ** 2 + (i - 35) ** 2 <= (diameter / 2) ** 2] = 0.0
        seen = characterpatches.cube(hu, (1.0, 1.0, 1.0), (35, 35, 35), diameter) > -425
        width = characterpatches.cube_width_mm(diameter)
        share = math.pi / 6 * (diameter / width) ** 3
        assert seen.shape == (28, 28, 28)
        assert seen.mean() == pytest.approx(share, rel=0.15)


def test_sizes_come_beside_the_cube_as_powers_of_two():
    found = characterpatches.numbers([8.0, 16.0], [[1.25, 0.7, 0.7], [2.5, 0.7, 0.35]])
    np.testing.assert_allclose(found, [[0, 0, 0], [1, 1, -1]], atol=1e-6)


def test_outputs_become_ratings_within_their_scales():
    row = np.zeros(OUTPUTS, np.float32)
    row[:5] = [-2.0, 0.0, 0.5, 3.0, -1.0]
    row[5 + 4], row[11 + 2] = 3.0, 1.0
    said = ratings_of(row)
    assert [said[name] for name in characterdata.GRADED] == [1.0, 3.0, 4.0, 5.0, 1.0]
    assert (said["calcification"], said["internal_structure"]) == (5.0, 4.0)


# --- Training


@pytest.fixture(scope="module")
def cases(tmp_path_factory):
    """Cut-out nodules of two simulated scans."""
    folder = tmp_path_factory.mktemp("cases")
    chest = sources.plain_source((80.0, 100.0, 150.0), (1.5, 1.5, 1.5))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(characterdata, "_NODULES", 5)
        patch.setattr(characterdata, "_PART_MM", 75.0)
        patch.setattr(characterdata, "_LARGEST_MM", 9.0)
        patch.setattr(characterdata, "_BORDER_DIAMETERS", 0.3)
        for number in (0, 4):
            characterdata.write_character_case(chest, 3, number, folder)
    return folder


def test_cases_hold_views_with_their_ratings(cases):
    views = characterdata.load_views(sorted(cases.glob("*.npz")))
    assert len(views.cubes) == len(views.ratings) == len(views.diameters_mm) >= 6
    assert views.cubes.shape[1:] == (32, 32, 32)
    # Views of one nodule follow each other: same ratings, sizes a little apart.
    np.testing.assert_array_equal(views.ratings[0], views.ratings[1])
    assert views.diameters_mm[0] != views.diameters_mm[1]


def test_the_recipe_runs_and_measures_what_it_did_not_see(cases, tmp_path):
    recipe = CharacterRecipe(cases)
    recipe.arguments = TINY
    recipe.steps, recipe.batch_size, recipe.validate_every = 3, 2, 3
    found = train(recipe, tmp_path, workers=0)
    assert {"sphericity_rho", "margin_mae", "calcification_accuracy"} <= set(found.metrics)
    assert 0 <= found.metrics["margin_mae"] <= 4


def test_agreement_is_that_of_ranks_errors_and_classes():
    wanted = np.array([[1, 1, 1, 1, 1, 6, 1], [3, 3, 3, 3, 3, 6, 1], [5, 5, 5, 5, 5, 3, 4.0]])
    found = wanted.copy()
    found[:, 0] = [2, 3, 4]
    found[2, 5] = 6
    said = agreement(found, wanted)
    assert said["sphericity_rho"] == pytest.approx(1.0)
    assert said["sphericity_mae"] == pytest.approx(2 / 3)
    assert said["sphericity_rmse"] == pytest.approx(math.sqrt(2 / 3))
    assert said["calcification_accuracy"] == pytest.approx(2 / 3)
    assert said["calcification_balanced_accuracy"] == pytest.approx(0.5)
    assert said["internal_structure_accuracy"] == 1.0


# --- In a reading


@pytest.fixture
def a_card(tmp_path, monkeypatch):
    """A small network in the place of the trained one."""
    monkeypatch.setenv("READINGROOM_MODELS", str(tmp_path))
    torch.manual_seed(0)
    card = cards.characteristics_card(TINY, 1, 1)
    known = CardMetric(value=0.7, dataset="simulated")
    card = card.model_copy(
        update={"name": "tiny-characteristics", "metrics": {"margin_rmse": known}}
    )
    monkeypatch.setattr(cards, "CHARACTERISTICS", card.name)
    return save_card(build("characternet3d", **TINY), card, tmp_path, onnx=False)


def test_nodules_are_estimated_where_they_lie(a_card):
    hu = np.random.default_rng(0).normal(-800, 30, (40, 40, 40)).astype(np.float32)
    engine = Engine(device="cpu", precision="fp32")
    both = estimate(engine, hu, (1.0, 1.0, 1.0), [(10, 20, 20), (25, 20, 20)], [6.0, 9.0])
    (alone,) = estimate(engine, hu, (1.0, 1.0, 1.0), [(25, 20, 20)], [9.0])
    assert both[1] == alone
    assert set(both[0]) == set(characterdata.RATED)


def as_seen(ratings, errors=None):
    return {BY_NETWORK: {"model": "x", "ratings": ratings, "errors": errors or {}}}


SUSPICIOUS = {
    "sphericity": 3.0, "margin": 2.0, "lobulation": 4.0, "spiculation": 5.0, "texture": 5.0,
    "calcification": 6.0, "internal_structure": 1.0,
}  # fmt: skip


def test_findings_keep_what_the_network_saw(a_card):
    _, reading = the_case()
    scan = the_scan()
    parts = []
    for finding in reading.findings:
        at = scan.index(finding.position_lps_mm)
        parts.append(scan.native_part(at, np.ones((2, 2, 2), bool)))
    engine = Engine(device="cpu", precision="fp32")
    found = described(engine, scan, reading.findings, parts)
    kept = found[0].evidence[BY_NETWORK]
    assert kept["model"] == "tiny-characteristics" and kept["sha256"] == a_card.sha256
    assert kept["errors"] == {"margin": 0.7} == errors_of(a_card)


def test_both_estimates_stand_beside_each_other_with_their_reasons():
    _, reading = the_case()
    first = reading.findings[0]
    seen = first.model_copy(update={"evidence": {**first.evidence, **as_seen(SUSPICIOUS)}})
    (found,) = judge([seen], the_scan()).findings

    classical = found.measurements["malignancy_probability"]
    network = found.measurements["malignancy_probability_network"]
    assert network.value > classical.value
    assert "simulated nodules" in network.method
    assert "not pathology" in network.method
    reasons = found.evidence["malignancy_by_network"]["reasons"]
    assert any(r["name"] == "spiculation" and r["contribution"] > 0 for r in reasons)
    shown = [row["label"] for row in details(found, "en")]
    assert any(label.startswith("Network: spiculation") for label in shown)
    assert any(row["label"].startswith("网络：") for row in details(found, "zh"))


def test_a_nodule_that_the_network_did_not_see_has_the_classical_estimate_alone():
    _, reading = the_case()
    first = reading.findings[0]
    evidence = {k: v for k, v in first.evidence.items() if k != BY_NETWORK}
    (found,) = judge([first.model_copy(update={"evidence": evidence})], the_scan()).findings
    assert "malignancy_probability" in found.measurements
    assert "malignancy_probability_network" not in found.measurements


def test_the_networks_errors_widen_the_interval():
    sure = load().assess(SUSPICIOUS, 10.0, basis="network")
    unsure = load().assess(
        SUSPICIOUS, 10.0, basis="network", errors=SimpleNamespace(get=lambda n, d: 1.0)
    )
    assert sure.probability == unsure.probability
    assert unsure.high - unsure.low > sure.high - sure.low
