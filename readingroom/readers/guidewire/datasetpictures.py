"""Data sets of pictures with masks or polygons: MOSXAV, CathAction, ARCADE."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from readingroom.imaging.video import is_picture_file, natural
from readingroom.readers.guidewire.datasetsample import (
    BACKGROUND,
    BALLOON,
    CATHETER,
    GUIDEWIRE,
    OTHER,
    SUBSETS,
    VESSEL,
    Frame,
    Labels,
    Sample,
    Subset,
    damaged,
)

#: MOSXAV's index → ours: vessel, contrast catheter, catheter, balloon, other.
_MOSXAV = np.array([BACKGROUND, VESSEL, CATHETER, CATHETER, BALLOON, OTHER], np.uint8)
_FRAME_FOLDERS = ("images", "image", "frames", "imgs", "img", "JPEGImages")
_MASK_FOLDERS = ("masks", "mask", "groundtruth", "ground_truth", "labels", "gt", "Annotations")


def read_mosxav(root: Path) -> list[Sample]:
    """Return MOSXAV's labelled frames: ``[subset/]JPEGImages/SEQ`` beside ``Annotations``."""
    samples: list[Sample] = []
    for frames in sorted(root.rglob("JPEGImages")):
        subset = SUBSETS.get(frames.parent.name.lower(), "train")
        for masks in _folders(frames.parent / "Annotations"):
            pairs = _matched(frames / masks.name, masks)
            samples += [
                Sample(
                    dataset="mosxav",
                    subset=subset,
                    sequence=masks.name,
                    number=number,
                    classes=frozenset({VESSEL, CATHETER, BALLOON}),
                    load=partial(_load_pair, *pair, _mosxav_labels),
                )
                for number, pair in enumerate(pairs)
            ]
    return samples


def _mosxav_labels(mask: npt.NDArray[np.generic]) -> Labels:
    index = np.minimum(mask.astype(np.intp), len(_MOSXAV) - 1)
    return np.asarray(_MOSXAV[index])


def read_cathaction(root: Path) -> list[Sample]:
    """Return CathAction's labelled frames.

    Either folders of frames beside folders of masks, or ``NAME_img`` with ``NAME_mask``.
    Masks are grey (255 guidewire, 128 catheter) or index images (1 catheter, 2 guidewire).
    """
    samples: list[Sample] = []
    for folder in (root, *sorted(p for p in root.rglob("*") if p.is_dir())):
        pairs = _side_by_side(folder) or _in_two_folders(folder)
        samples += [
            Sample(
                dataset="cathaction",
                subset=_subset_of(root, frame),
                sequence=_sequence_of(root, folder),
                number=number,
                classes=frozenset({GUIDEWIRE, CATHETER}),
                load=partial(_load_pair, frame, mask, _cathaction_labels),
            )
            for number, (frame, mask) in enumerate(pairs)
        ]
    return samples


def _cathaction_labels(stored: npt.NDArray[np.generic]) -> Labels:
    mask = stored.astype(np.int32)
    labels = np.zeros(mask.shape, np.uint8)
    if mask.max(initial=0) <= 2:
        labels[mask == 1], labels[mask == 2] = CATHETER, GUIDEWIRE
        return labels
    # Halfway values: masks stored as JPEG are not exactly 128 and 255.
    labels[mask >= 64] = CATHETER
    labels[mask >= 192] = GUIDEWIRE
    return labels


def _side_by_side(folder: Path) -> list[tuple[Path, Path]]:
    frames = [p for p in _pictures(folder) if p.stem.endswith("_img")]
    masks = {p.stem: p for p in _pictures(folder) if p.stem.endswith("_mask")}
    named = ((frame, masks.get(f"{frame.stem[:-4]}_mask")) for frame in frames)
    return [(frame, mask) for frame, mask in named if mask is not None]


def _in_two_folders(folder: Path) -> list[tuple[Path, Path]]:
    frames = [folder / name for name in _FRAME_FOLDERS if (folder / name).is_dir()]
    masks = [folder / name for name in _MASK_FOLDERS if (folder / name).is_dir()]
    return _matched(frames[0], masks[0]) if frames and masks else []


def _matched(frames: Path, masks: Path) -> list[tuple[Path, Path]]:
    """Return frames with the mask of the same name, whatever their suffixes."""
    by_name = {p.relative_to(masks).with_suffix(""): p for p in _pictures(masks, deep=True)}
    named = (
        (p, by_name.get(p.relative_to(frames).with_suffix("")))
        for p in _pictures(frames, deep=True)
    )
    return [(frame, mask) for frame, mask in named if mask is not None]


def _pictures(folder: Path, *, deep: bool = False) -> list[Path]:
    if not folder.is_dir():
        return []
    found = folder.rglob("*") if deep else folder.iterdir()
    pictures = [p for p in found if p.is_file() and is_picture_file(p)]
    return sorted(pictures, key=lambda p: (str(p.parent), natural(p)))


def _folders(folder: Path) -> list[Path]:
    return sorted(p for p in folder.iterdir() if p.is_dir()) if folder.is_dir() else []


def _subset_of(root: Path, file: Path) -> Subset:
    for part in (root.name, *file.relative_to(root).parts):
        if part.lower() in SUBSETS:
            return SUBSETS[part.lower()]
    return "train"


def _sequence_of(root: Path, folder: Path) -> str:
    return folder.name if folder == root else str(folder.relative_to(root))


def _load_pair(
    frame: Path, mask: Path, labels_of: Callable[[npt.NDArray[np.generic]], Labels]
) -> tuple[Frame, Labels]:
    picture, labels = _grey(frame), labels_of(_index(mask))
    if picture.shape != labels.shape:
        raise damaged("A frame and its mask differ in size.")
    return picture, labels


def _grey(file: Path) -> Frame:
    return np.asarray(_image(file).convert("L"), np.uint8)


def _index(file: Path) -> npt.NDArray[np.generic]:
    """Return a mask's stored values; palette images keep their index."""
    image = _image(file)
    return np.asarray(image if image.mode in ("P", "L", "1", "I", "I;16") else image.convert("L"))


def _image(file: Path) -> Any:
    images: Any = import_module("PIL.Image")
    try:
        image = images.open(file)
        image.load()
    except (OSError, SyntaxError, ValueError):
        raise damaged("A picture of the data set cannot be read.") from None
    return image


def read_arcade(root: Path) -> list[Sample]:
    """Return ARCADE's frames with the vessel tree of their COCO polygons."""
    samples: list[Sample] = []
    for file in sorted(root.rglob("annotations/*.json")):
        table = _json(file)
        if not isinstance(table, dict) or not {"images", "annotations"} <= set(table):
            continue
        polygons: dict[int, list[list[float]]] = {}
        for entry in table["annotations"]:
            parts = entry.get("segmentation")
            if isinstance(parts, list):
                polygons.setdefault(int(entry["image_id"]), []).extend(parts)
        folder = file.parent.parent / "images"
        samples += [
            Sample(
                dataset="arcade",
                subset=SUBSETS.get(file.parent.parent.name.lower(), "train"),
                sequence=f"{file.parent.parent.parent.name}/{file.parent.parent.name}",
                number=number,
                classes=frozenset({VESSEL}),
                load=partial(
                    _load_arcade, folder / image["file_name"], polygons.get(image["id"], [])
                ),
            )
            for number, image in enumerate(table["images"])
        ]
    return samples


def _json(file: Path) -> Any:
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise damaged("An annotation file is not valid JSON.") from None


def _load_arcade(file: Path, polygons: Sequence[Sequence[float]]) -> tuple[Frame, Labels]:
    images: Any = import_module("PIL.Image")
    draw: Any = import_module("PIL.ImageDraw")
    frame = _grey(file)
    canvas = images.new("L", (frame.shape[1], frame.shape[0]), BACKGROUND)
    for polygon in polygons:
        if len(polygon) >= 6:
            draw.Draw(canvas).polygon([float(v) for v in polygon], fill=VESSEL)
    return frame, np.asarray(canvas, np.uint8)
