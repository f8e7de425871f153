"""nnU-Net as a baseline: write a data set that it trains on, read what it predicted.

nnU-Net itself (Isensee et al., Nat Methods 2021) is not a part of this package: it plans and
trains from the folder that `export` writes (``nnUNetv2_plan_and_preprocess -d ID``,
``nnUNetv2_train ID 2d 0``), and ``nnUNetv2_predict`` writes the one that `read_predictions` reads.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from readingroom.errors import RefusedInput

LABELS = {"background": 0, "wire": 1, "catheter": 2}


class LabelledFrame(NamedTuple):
    """A frame to learn from.

    Attributes
    ----------
    name : str
        Letters, digits, ``-`` and ``_``.
    frame, before : ndarray of float32, shape (row, col)
        0…1; the frame and the one before it.
    wire, catheter : ndarray, shape (row, col)
        0 or 1; where both are, the label is wire.
    """

    name: str
    frame: npt.NDArray[np.float32]
    before: npt.NDArray[np.float32]
    wire: npt.NDArray[Any]
    catheter: npt.NDArray[Any]


def export(cases: Iterable[LabelledFrame], folder: Path, number: int = 501) -> Path:
    """Write cases as an nnU-Net v2 raw data set and return its folder.

    Each frame is two 8-bit PNG channels and a label map, beside ``dataset.json``.
    """
    target = folder / f"Dataset{number:03d}_Guidewire"
    images, labels = target / "imagesTr", target / "labelsTr"
    for part in (images, labels):
        part.mkdir(parents=True, exist_ok=True)
    count = 0
    for case in cases:
        for channel, picture in enumerate((case.frame, case.before)):
            _write(images / f"{case.name}_{channel:04d}.png", np.rint(255 * picture.clip(0, 1)))
        label = np.where(case.wire > 0, LABELS["wire"], LABELS["catheter"] * (case.catheter > 0))
        _write(labels / f"{case.name}.png", label)
        count += 1
    content = {
        "channel_names": {"0": "xray", "1": "xray_before"},
        "labels": LABELS,
        "numTraining": count,
        "file_ending": ".png",
        "overwrite_image_reader_writer": "NaturalImage2DIO",
    }
    (target / "dataset.json").write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    return target


def read_predictions(folder: Path) -> dict[str, npt.NDArray[np.uint8]]:
    """Return what nnU-Net predicted: by case, ``(2, row, col)`` wire and catheter, 0 or 255.

    Probabilities are used where they were saved (``--save_probabilities``).

    Raises
    ------
    RefusedInput
        ``NNUNET_RESULT``, if the folder holds no predictions of this data set.
    """
    files = sorted(folder.glob("*.png"))
    if not files:
        raise _refused(f"There is no prediction in '{folder.name}'.")
    _check_labels(folder / "dataset.json")
    return {path.stem: _prediction(path) for path in files}


def _check_labels(path: Path) -> None:
    if not path.is_file():
        return
    labels = json.loads(path.read_text(encoding="utf-8")).get("labels", {})
    if {name: labels.get(name) for name in LABELS} != LABELS:
        raise _refused(f"Its labels are {labels}, not {LABELS}.")


def _prediction(path: Path) -> npt.NDArray[np.uint8]:
    saved = path.with_suffix(".npz")
    if saved.is_file():
        with np.load(saved) as content:
            # (class, 1, row, col): nnU-Net treats pictures as volumes of one slice.
            both = np.rint(255 * content["probabilities"][1:3, 0])
        return np.asarray(both, dtype=np.uint8)
    label = _read(path)
    if label.max() > max(LABELS.values()):
        raise _refused(f"'{path.name}' holds the label {label.max()}.")
    return np.stack([255 * (label == LABELS[name]) for name in ("wire", "catheter")]).astype(
        np.uint8
    )


def _write(path: Path, picture: npt.NDArray[np.generic]) -> None:
    from PIL import Image

    Image.fromarray(picture.astype(np.uint8)).save(path)


def _read(path: Path) -> npt.NDArray[np.uint8]:
    from PIL import Image

    return np.asarray(Image.open(path).convert("L"))


def _refused(what: str) -> RefusedInput:
    return RefusedInput(
        "NNUNET_RESULT", what, "Give the output folder of nnUNetv2_predict for this data set."
    )
