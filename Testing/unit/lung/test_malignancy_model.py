"""The readers' model: clustering of annotations, fit, intervals, reasons, the bundled card."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from readingroom.inference.cards import load_card, read_card
from readingroom.readers.lungnodule import lidcratings, trainmalignancy
from readingroom.readers.lungnodule.lidcratings import RATED, Rated, cluster
from readingroom.readers.lungnodule.malignancy import (
    CARD,
    INPUTS,
    MalignancyModel,
    from_card,
    inputs,
    load,
    logistic,
)

BENIGN_LOOK = {
    "sphericity": 5.0,
    "margin": 5.0,
    "lobulation": 1.0,
    "spiculation": 1.0,
    "texture": 5.0,
    "calcification": 6.0,
}


def readers_of_a_made_up_collection(count: int = 400, seed: int = 0) -> list[Rated]:
    """Nodules whose malignancy follows size and spiculation, with some chance."""
    rng = np.random.default_rng(seed)
    found = []
    for n in range(count):
        looks = {name: float(rng.integers(1, 6)) for name in RATED[:-1]}
        diameter = float(rng.uniform(3, 25))
        exponent = 1.5 * np.log2(diameter / 8) + 0.8 * (looks["spiculation"] - 3)
        suspicious = rng.random() < logistic(exponent)
        looks["malignancy"] = 4.5 if suspicious else 1.5
        found.append(Rated(f"P{n // 2}", 4, diameter, looks, dict.fromkeys(RATED, 0.25)))
    return found


@pytest.fixture(scope="module")
def nodules() -> list[Rated]:
    return readers_of_a_made_up_collection()


@pytest.fixture(scope="module")
def model(nodules: list[Rated]) -> MalignancyModel:
    return trainmalignancy.final_model(trainmalignancy.examples(nodules), nodules, resamples=40)


def test_outlines_that_touch_are_one_nodule() -> None:
    here = np.array([[0.0, 0, 0], [3, 0, 0]])
    assert cluster([here, here + 1, here + 50], 2.5) == [[0, 1], [2]]
    assert cluster([], 2.5) == []


def test_no_nodule_has_five_readers() -> None:
    # Two pairs a little apart join at 3 mm, and so does a fifth outline: the tolerance shrinks.
    outlines = [np.array([[x, 0.0, 0.0]]) for x in (0.0, 0.1, 2.8, 2.9, 5.6)]
    assert max(len(group) for group in cluster(outlines, 3.0)) <= 4


def test_reading_a_database(tmp_path: Path) -> None:
    database = tmp_path / "ratings.sqlite"
    with sqlite3.connect(database) as connection:
        connection.execute("CREATE TABLE scans (id, patient_id, slice_thickness, pixel_spacing)")
        columns = ", ".join(RATED)
        connection.execute(f"CREATE TABLE annotations (id, scan_id, {columns})")
        connection.execute("CREATE TABLE contours (annotation_id, image_z_position, coords)")
        connection.execute("INSERT INTO scans VALUES (1, 'LIDC-1', 2.5, 0.5)")
        square = "10,10\n10,20\n20,20\n20,10\n10,10"
        for number, malignancy in ((1, 5), (2, 4), (3, 5)):
            ratings = (3, 4, 2, 1, 5, 6, malignancy)
            marks = ", ".join("?" * 9)
            connection.execute(f"INSERT INTO annotations VALUES ({marks})", (number, 1, *ratings))
            connection.execute("INSERT INTO contours VALUES (?, ?, ?)", (number, 7.5, square))
    (found,) = lidcratings.read(database)
    assert (found.patient, found.readers, found.malignant) == ("LIDC-1", 3, True)
    assert found.ratings["malignancy"] == 5
    assert found.variances["malignancy"] == pytest.approx(1 / 3)
    # A diagonal of 14.1 pixels of 0.5 mm either way, less the pixel that the outline runs outside.
    assert found.diameter_mm == pytest.approx(np.sqrt(200) / 2 - 0.5)


def test_undecided_nodules_are_left_out(nodules: list[Rated]) -> None:
    unsure = replace(nodules[0], ratings=nodules[0].ratings | {"malignancy": 3.0})
    assert unsure.malignant is None
    assert len(trainmalignancy.examples([unsure, *nodules[1:]]).malignant) == len(nodules) - 1


def test_the_fit_finds_what_was_put_in(nodules: list[Rated]) -> None:
    data = trainmalignancy.examples(nodules)
    found = dict(zip(INPUTS, trainmalignancy.fit(data.x, data.malignant), strict=False))
    assert found["size"] == pytest.approx(1.5, abs=0.6)
    assert found["spiculation"] == pytest.approx(0.8, abs=0.25)
    assert abs(found["margin"]) < 0.25


def test_cross_validation_never_splits_a_patient(
    nodules: list[Rated], monkeypatch: pytest.MonkeyPatch
) -> None:
    data = trainmalignancy.examples(nodules)
    seen: list[int] = []
    fit = trainmalignancy.fit

    def watched(x: np.ndarray, malignant: np.ndarray) -> np.ndarray:
        seen.append(len(x))
        return fit(x, malignant)

    monkeypatch.setattr(trainmalignancy, "fit", watched)
    found = trainmalignancy.cross_validate(data)
    # Two nodules a patient: every part left out holds an even number.
    assert len(seen) == trainmalignancy.FOLDS
    assert all((len(nodules) - size) % 2 == 0 for size in seen)
    assert found.probability.min() > 0


def test_figures(nodules: list[Rated]) -> None:
    found = trainmalignancy.cross_validate(trainmalignancy.examples(nodules))
    figures = trainmalignancy.figures(found, resamples=50)
    low, high = figures["auc"].ci or (0.0, 0.0)
    assert 0.75 < low < figures["auc"].value < high < 1
    assert figures["brier"].value < 0.2
    assert figures["calibration_error"].value < 0.12


def test_probability_interval_and_reasons(model: MalignancyModel) -> None:
    found = model.assess(BENIGN_LOOK | {"spiculation": 5.0}, 20.0)
    assert found.low < found.probability < found.high
    assert {reason.name for reason in found.reasons[:2]} == {"diameter", "spiculation"}
    assert all(reason.text and reason.text_zh for reason in found.reasons)
    assert found.basis
    assert found.basis_zh


def test_reasons_and_the_average_make_the_probability(model: MalignancyModel) -> None:
    import readingroom.readers.lungnodule.malignancy as module

    looks = BENIGN_LOOK | {"spiculation": 4.0, "margin": 2.0}
    parts = (inputs(looks, 15.0) - model.centre) @ model.coefficients[:-1]
    base = np.log(model.average / (1 - model.average))
    assert module.logistic(base + parts) == pytest.approx(model.assess(looks, 15.0).probability)


def test_a_readers_ratings_are_surer_than_the_images(model: MalignancyModel) -> None:
    image = model.assess(BENIGN_LOOK, 10.0)
    rated = model.assess(BENIGN_LOOK, 10.0, basis="readers")
    assert rated.probability == image.probability
    assert rated.high - rated.low < image.high - image.low
    assert rated.basis != image.basis


def test_a_missing_characteristic_is_named(model: MalignancyModel) -> None:
    with pytest.raises(ValueError, match="texture"):
        model.assess({k: v for k, v in BENIGN_LOOK.items() if k != "texture"}, 10.0)


def test_a_card_brings_the_model_back(
    model: MalignancyModel, nodules: list[Rated], tmp_path: Path
) -> None:
    data = trainmalignancy.examples(nodules)
    trainmalignancy.save(model, {}, data, tmp_path)
    again = from_card(read_card(tmp_path / f"{CARD}.json"))
    kept = again.assess(BENIGN_LOOK, 12.0).probability
    assert kept == pytest.approx(model.assess(BENIGN_LOOK, 12.0).probability)


def test_the_bundled_model_ranks_as_radiologists_do() -> None:
    bundled = load()
    benign = bundled.assess(BENIGN_LOOK, 4.0).probability
    calcified = bundled.assess(BENIGN_LOOK | {"calcification": 3.0}, 12.0).probability
    spiculated = bundled.assess(
        BENIGN_LOOK | {"spiculation": 5.0, "lobulation": 4.0, "margin": 3.0}, 24.0
    ).probability
    assert max(benign, calcified) < 0.1
    assert spiculated > 0.9


def test_the_bundled_card_says_what_it_was_fitted_to() -> None:
    card = load_card(CARD)
    assert "not pathology" in card.training.data
    assert card.metrics["auc"].ci is not None
