"""What the model cards of the reader's detectors say, apart from what is measured."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from readingroom.inference.cards import Card, CardInput, CardTraining
from readingroom.readers.lungnodule.candidatedata import CLASSES
from readingroom.readers.lungnodule.characterdata import CALCIFICATION, GRADED, STRUCTURE

DETECT, ANCHOR, SEGMENT = "lungnodule-detect", "lungnodule-anchor", "lungnodule-segment"
MONAI = "monai-lung-nodule-ct-detection"
CHARACTERISTICS = "lungnodule-characteristics"
_DATE = "2026-11-21"
_RECIPE = "readingroom/readers/lungnodule/train.py"
_DATA = (
    "Simulated nodules of 3-30 mm in strong deformations of one real chest CT (LIDC-IDRI-0001, "
    "CC BY 3.0), with drawn vessels, scars and opacities. No real nodule was learnt from."
)
_RATED_DATA = (
    "Simulated nodules of 3-18 mm of known characteristics in deformed parts of the lungs of "
    "one real chest CT (LIDC-IDRI-0001, CC BY 3.0). No real nodule and no reader's rating was "
    "learnt from."
)
_LIMITS = (
    "Trained on one patient's lungs and on simulated nodules only. Diffuse disease gives false "
    "positives; slices thicker than 2.5 mm, cavities and nodules in consolidated lung were "
    "never seen."
)


def detect_card(arguments: Mapping[str, Any], seed: int, steps: int) -> Card:
    """Return the card of the network that judges candidates."""
    return _card(
        DETECT,
        "nodulenet3d",
        arguments,
        CardInput(
            channels=(
                "cubes of 24 x 0.8 mm and of 24 x 2 mm: (HU + 500) / 500 in -1...1.2",
                "(HU - 150) / 400 in -1...2",
            ),
            orientation="SPL",
            multiple=24,
        ),
        (*CLASSES, "log(diameter / 8 mm)"),
        seed,
        steps,
        "Tells nodules from vessels, bronchi and scars among candidates in chest CT.",
        version="2",
    )


def anchor_card(arguments: Mapping[str, Any], seed: int, steps: int) -> Card:
    """Return the card of the anchor detector."""
    return _card(
        ANCHOR,
        "anchornet3d",
        arguments,
        _volume_input(),
        ("logit", "dk", "dj", "di", "log k", "log j", "log i"),
        seed,
        steps,
        "Proposes boxes about lung nodules in chest CT.",
    )


def segment_card(arguments: Mapping[str, Any], seed: int, steps: int) -> Card:
    """Return the card of the segmentation U-Net."""
    return _card(
        SEGMENT,
        "foldedunet3d",
        arguments,
        _volume_input(),
        ("background", "nodule"),
        seed,
        steps,
        "Marks the voxels of lung nodules in chest CT.",
    )


def characteristics_card(arguments: Mapping[str, Any], seed: int, steps: int) -> Card:
    """Return the card of the network that estimates characteristics."""
    return Card(
        name=CHARACTERISTICS,
        version="1",
        architecture="characternet3d",
        arguments=dict(arguments),
        input=CardInput(
            channels=(
                "cube of 28 voxels, 2.3 diameters of the nodule wide: (HU + 500) / 500 in -1...1.2",
                "(HU - 150) / 400 in -1...2",
            ),
            orientation="SPL",
            multiple=28,
        ),
        classes=(
            *(f"({name} - 3) / 2" for name in GRADED),
            *(f"logit of calcification {value}" for value in CALCIFICATION),
            *(f"logit of internal structure {value}" for value in STRUCTURE),
        ),
        training=CardTraining(
            data=_RATED_DATA,
            recipe="readingroom/readers/lungnodule/traincharacteristics.py",
            seed=seed,
            steps=steps,
            date=_DATE,
        ),
        licence="Apache-2.0",
        intended_use="Estimates the characteristics that the LIDC readers rated, from the "
        "picture of a nodule; what a model of suspicion then says is shown beside that of "
        "classical descriptors, never alone.",
        limits="Learnt from drawn nodules whose ratings follow a hand-made mapping "
        "(simulatedratings.py), not from readers. One patient's lungs. Subtlety is not "
        "estimated; fluid is not told from soft tissue. Lobulation was not learnt, spiculation and "
        "rare patterns of calcium hardly.",
    )


def _volume_input() -> CardInput:
    return CardInput(
        channels=("HU -1000...400 in -1...1",),
        spacing_mm=(1.0, 1.0, 1.0),
        orientation="SPL",
        window=(-1000.0, 400.0),
        normalisation="minus_one_one",
        multiple=16,
    )


def _card(
    name: str,
    architecture: str,
    arguments: Mapping[str, Any],
    given: CardInput,
    classes: tuple[str, ...],
    seed: int,
    steps: int,
    use: str,
    version: str = "1",
) -> Card:
    return Card(
        name=name,
        version=version,
        architecture=architecture,
        arguments=dict(arguments),
        input=given,
        classes=classes,
        training=CardTraining(data=_DATA, recipe=_RECIPE, seed=seed, steps=steps, date=_DATE),
        licence="Apache-2.0",
        intended_use=use,
        limits=_LIMITS,
    )
