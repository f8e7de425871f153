"""The training recipes run, and learn from labelled candidates of simulated scans."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from readingroom.readers.lungnodule import candidatedata, simulate, sources, train, trainvolume
from readingroom.readers.lungnodule.candidates import Candidate
from readingroom.readers.lungnodule.simulatedlung import Habitus, Protocol, deform
from readingroom.readers.lungnodule.simulatedtype import random_nodule
from readingroom.training.loop import train as run_training

TINY = {"inputs": 2, "outputs": 6, "widths": [2, 4, 4, 4], "hidden": 8}


@pytest.fixture(scope="module")
def a_chest():
    return sources.plain_source((80.0, 100.0, 150.0), (1.5, 1.5, 1.5))


@pytest.fixture(scope="module")
def cases(tmp_path_factory, a_chest):
    """Labelled candidates of two simulated scans."""
    return written(tmp_path_factory.mktemp("cases"), a_chest, (1, 2), nodules=4)


def written(folder, chest, numbers, nodules, judge=None):
    """Write small training cases and return their folder."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(candidatedata, "_NODULES", nodules)
        patch.setattr(candidatedata, "_OTHERS", 10)
        patch.setattr(candidatedata, "_PART_MM", 75.0)
        for number in numbers:
            candidatedata.write_training_case(chest, 3, number, folder, judge)
    return folder


@pytest.fixture(scope="module")
def volumes(tmp_path_factory, a_chest):
    folder = tmp_path_factory.mktemp("volumes")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(trainvolume, "_NODULES", 4)
        trainvolume.write_volume_case(a_chest, 3, 1, folder)
    return folder


def of_three_steps(recipe):
    recipe.steps, recipe.batch_size, recipe.validate_every = 3, 2, 3
    return recipe


def test_candidates_belong_to_the_nodule_they_lie_in(a_chest):
    rng = np.random.default_rng(0)
    protocol = Protocol((1.0, 1.0, 1.0), 1.0, 15.0)
    scan = deform(rng, a_chest, protocol, Habitus(np.eye(3)))
    scan = simulate.insert(rng, scan, simulate.screening_nodules(2)(rng))
    nodule = scan.nodules[0]
    k, j, i = (float(x) for x in nodule.centre_mm)
    found = [
        Candidate((k, j, i), 5.0, "solid", 0.5),
        Candidate((k + nodule.diameter_mm + 4, j, i), 5.0, "solid", 0.4),
    ]
    places, labels, sizes = candidatedata.labelled(rng, scan, found)
    kind = candidatedata.CLASSES.index(nodule.nodule.type)
    assert labels[:2].tolist() == [kind, 0]
    assert sizes[:2] == pytest.approx([nodule.diameter_mm, 0.0])
    assert len(places) == 2 + len(scan.nodules) and (labels[2:] > 0).all()


def test_a_candidate_at_a_nodules_border_is_neither_nodule_nor_other(a_chest):
    """A nodule is no ball: beside its radius, its own tissue was taught to be none."""
    rng = np.random.default_rng(0)
    protocol = Protocol((1.0, 1.0, 1.0), 1.0, 15.0)
    scan = simulate.insert(
        rng,
        deform(rng, a_chest, protocol, Habitus(np.eye(3))),
        [random_nodule(rng, 14.0, attachment="none")],
    )
    k, j, i = (float(x) for x in scan.nodules[0].centre_mm)
    radius = scan.nodules[0].diameter_mm / 2
    found = [Candidate((k + n * radius, j, i), 5.0, "solid", 0.5) for n in (0.9, 1.2, 1.6)]
    places, labels, _ = candidatedata.labelled(rng, scan, found)
    assert places[:2, 0] == pytest.approx([k + 0.9 * radius, k + 1.6 * radius])
    assert (labels[:2] > 0).tolist() == [True, False] and len(places) == 3


def test_a_candidate_in_a_real_nodule_of_the_source_is_left_out(a_chest):
    from dataclasses import replace

    rng = np.random.default_rng(0)
    marked = replace(a_chest, real=np.array([[40.0, 50.0, 40.0, 9.0]]))
    protocol = Protocol((1.0, 1.0, 1.0), 1.0, 15.0)
    scan = simulate.insert(rng, deform(rng, marked, protocol, Habitus(np.eye(3))), [])
    inside = Candidate((40.0, 50.0, 40.0), 5.0, "solid", 0.5)
    places, _, _ = candidatedata.labelled(rng, scan, [inside])
    assert not len(places)


def test_a_training_case_holds_nodules_and_others(cases):
    fine, wide, labels, sizes, likely = candidatedata.load_cases(sorted(cases.glob("*.npz")))
    side = candidatedata.STORED_SIDE
    assert fine.shape[1:] == wide.shape[1:] == (side, side, side)
    assert (labels > 0).any() and (labels == 0).any()
    assert ((sizes > 0) == (labels > 0)).all()
    assert len(likely) == len(labels) and (likely >= 0).all()


@pytest.fixture(scope="module")
def judged_cases(tmp_path_factory, a_chest):
    """A part to learn from and a held-out one, of a judge that likes dense surroundings."""
    return written(tmp_path_factory.mktemp("judged"), a_chest, (1, 8), nodules=2, judge=density)


def density(fine, wide):
    return (wide.mean((1, 2, 3)) + 1000) / 4000


def others_of(folder, number):
    fine, wide, labels, _, likely = candidatedata.load_cases([folder / f"{number:04d}.npz"])
    assert likely == pytest.approx(density(fine, wide), abs=2e-3)
    return np.sort(likely[labels == 0])[::-1]


def test_what_the_network_before_took_for_nodules_is_learnt_from(
    judged_cases, a_chest, tmp_path, monkeypatch
):
    monkeypatch.setattr(candidatedata, "_NODULES", 2)
    monkeypatch.setattr(candidatedata, "_PART_MM", 75.0)
    monkeypatch.setattr(candidatedata, "_OTHERS", 10_000)
    candidatedata.write_training_case(a_chest, 3, 1, tmp_path, density)
    kept, every = others_of(judged_cases, 1), others_of(tmp_path, 1)
    assert len(kept) == 10 < len(every)
    assert kept[:5] == pytest.approx(every[:5])


def test_a_held_out_part_keeps_all_candidates(judged_cases):
    assert len(others_of(judged_cases, 8)) > 10


def test_what_was_taken_for_a_nodule_comes_more_often(cases):
    recipe = train.DetectRecipe(cases)
    likely = candidatedata.load_cases([sorted(cases.glob("*.npz"))[1]])[4]
    chance = np.diff(recipe._up_to, prepend=0.0)
    others = np.flatnonzero(recipe._labels == 0)
    surest, least = others[likely[others].argmax()], others[likely[others].argmin()]
    expected = np.sqrt((likely[surest] + train._LIKELY) / (likely[least] + train._LIKELY))
    assert chance[surest] / chance[least] == pytest.approx(expected)
    assert recipe._up_to[-1] == pytest.approx(1.0)


def test_vessels_are_shown_with_more_and_with_less_contrast(cases):
    recipe = train.DetectRecipe(cases)
    other = int(np.flatnonzero(recipe._labels == 0)[0])
    recipe._fine[other] = recipe._wide[other] = 300
    recipe._up_to = (np.arange(len(recipe._labels)) >= other).astype(float)
    calcium = [float(recipe.sample(np.random.default_rng(n))[0][1].mean()) for n in range(20)]
    assert max(calcium) - min(calcium) > 0.5


def test_without_a_card_no_network_judges_the_candidates(tmp_path, monkeypatch):
    monkeypatch.setenv("READINGROOM_RESOURCES", str(tmp_path))
    monkeypatch.setenv("READINGROOM_MODELS", str(tmp_path))
    assert train.judge_of_cards() is None


def test_the_card_judges_stored_cubes(cases):
    judge = train.judge_of_cards()
    fine, wide, *_ = candidatedata.load_cases(sorted(cases.glob("*.npz")))
    likely = judge(fine[:70], wide[:70])
    assert likely.shape == (min(70, len(fine)),) and (likely >= 0).all() and (likely <= 1).all()


def test_the_judge_learns_three_steps_and_is_validated(cases, tmp_path, monkeypatch):
    monkeypatch.setattr(train.DetectRecipe, "arguments", TINY)
    recipe = of_three_steps(train.DetectRecipe(cases))
    result = run_training(recipe, tmp_path, workers=0)
    assert result.finished and 0 <= result.metrics["type_accuracy"] <= 1
    assert recipe.card().architecture == "nodulenet3d"


def test_half_of_the_examples_are_nodules(cases):
    recipe = train.DetectRecipe(cases)
    drawn = [int(recipe.sample(np.random.default_rng(n))[2]) for n in range(200)]
    assert 0.35 < np.mean(np.array(drawn) > 0) < 0.65


def test_an_example_follows_from_its_seed(cases):
    recipe = train.DetectRecipe(cases)
    first, again = (recipe.sample(np.random.default_rng(4)) for _ in range(2))
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))


def test_calibration_makes_an_overconfident_judge_modest(cases, monkeypatch):
    monkeypatch.setattr(train.DetectRecipe, "arguments", TINY)
    recipe = train.DetectRecipe(cases)
    torch.manual_seed(0)
    network = recipe.build_network().eval()
    with torch.no_grad():
        network.head[-1].weight[:-1] *= 50

    def cost(net) -> float:
        logits, labels, _ = recipe.held_out(net)
        score = train.nodule_score(logits)
        return float(np.logaddexp(0, np.where(labels > 0, -score, score)).mean())

    before = cost(network)
    prevalence = float((recipe.held_out(network)[1] > 0).mean())
    assert cost(train.calibrated(network, recipe, prevalence)) < before


@pytest.mark.parametrize("kind", [trainvolume.AnchorRecipe, trainvolume.SegmentRecipe])
def test_whole_lung_detectors_learn_three_steps(kind, volumes, tmp_path, monkeypatch):
    tiny = {
        "anchornet3d": {"inputs": 1, "widths": [2, 2, 4, 4, 4]},
        "foldedunet3d": {"inputs": 1, "outputs": 2, "widths": [2, 2, 2]},
    }
    monkeypatch.setattr(kind, "arguments", tiny[kind.architecture])
    monkeypatch.setattr(kind, "side", 32)
    recipe = of_three_steps(kind(volumes))
    result = run_training(recipe, tmp_path, workers=0)
    assert result.finished
    assert recipe.card().name == recipe.name


def test_a_box_lies_about_its_nodule(volumes):
    with np.load(next(volumes.glob("*.npz"))) as case:
        mask, boxes = case["mask"], case["boxes"]
    assert len(boxes)
    for box in boxes:
        low, high = np.floor(box[:3] - box[3:] / 2), np.ceil(box[:3] + box[3:] / 2)
        part = mask[
            tuple(slice(max(int(a), 0), int(b) + 1) for a, b in zip(low, high, strict=True))
        ]
        assert part.any()


def test_recipes_are_made_when_asked_for(tmp_path, a_chest, monkeypatch):
    monkeypatch.setattr(sources, "organ_map_source", lambda folder: a_chest)
    written = []
    folder = train.write_cases(
        tmp_path, tmp_path / "x", 2, 1, lambda source, seed, n, out: written.append(n) or out
    )
    assert written == [0, 1] and folder.is_dir()
    known = train.recipes(tmp_path)
    names = ("detect", "anchor", "segment", "characteristics")
    assert list(known) == [f"lungnodule-{name}" for name in names]
    with pytest.raises(KeyError):
        known["other"]
