"""What the reader's two model cards say, apart from what is measured."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from readingroom.inference.cards import Card, CardInput, CardTraining
from readingroom.readers.guidewire.networkinput import MULTIPLE

LOCATE = "guidewire-locate"
SEGMENT = "guidewire-segment"

_DATE = "2026-11-21"
_RECIPE = "readingroom/readers/guidewire/train.py"
_DATA = (
    "Simulated pairs of frames: wires, catheters and other devices drawn into backgrounds, "
    "synthetic and projected from LIDC-IDRI-0001 (CC BY 3.0); no fluoroscopy was seen."
)
_LIMITS = (
    "Trained on simulation only, for less than two hours on one processor core. Misses wires "
    "that hardly stand out from the noise over dense parts of the body; takes sternal wires, "
    "pacemaker and ECG leads, empty catheters and contrast-filled vessels for wires (over a third "
    "of what it finds among such devices is false)."
)
_CHANNELS = ("frame, standardised", "frame before, standardised")


def locate_card(arguments: Mapping[str, Any], seed: int, steps: int) -> Card:
    """Return the card of the localiser."""
    return Card(
        name=LOCATE,
        version="1",
        architecture="wirelocator",
        arguments=dict(arguments),
        input=CardInput(channels=_CHANNELS, multiple=8),
        classes=("instrument",),
        training=CardTraining(data=_DATA, recipe=_RECIPE, seed=seed, steps=steps, date=_DATE),
        licence="Apache-2.0",
        intended_use="Says which parts of a fluoroscopy frame are worth a closer look.",
        limits=_LIMITS,
        cpu_backend="onnx",
    )


def segment_card(arguments: Mapping[str, Any], seed: int, steps: int) -> Card:
    """Return the card of the segmentation network."""
    return Card(
        name=SEGMENT,
        version="2",
        architecture="wirenet",
        arguments=dict(arguments),
        input=CardInput(channels=_CHANNELS, multiple=MULTIPLE),
        classes=tuple(
            f"{kind}, row {row} and column {column} of each 2 x 2 pixels"
            for kind in ("wire", "catheter")
            for row in (0, 1)
            for column in (0, 1)
        ),
        training=CardTraining(data=_DATA, recipe=_RECIPE, seed=seed, steps=steps, date=_DATE),
        licence="Apache-2.0",
        intended_use="Segments guidewires and catheters in X-ray fluoroscopy, frame by frame.",
        limits=_LIMITS,
        cpu_backend="onnx",
    )
