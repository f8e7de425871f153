"""Public data sets of devices in fluoroscopy, read where a user has them on disk.

=========== ============================================================================
CathAction  frames and masks of catheter and guidewire (Huang 2024), CC BY-NC-SA 4.0
MOSXAV      angiography sequences, frames and index masks (Xilin 2025), CC BY-NC-SA 4.0
WEISS       UCL fluoroscopy, HDF5 (Gherardini 2020): phantom, TAVI T1-T4, T5, T6
ARCADE      coronary angiograms with vessel polygons, COCO json (Popov 2024)
=========== ============================================================================

None is bundled or downloaded. Every reader returns `Sample`s, which load at use. What may
be trained on is decided by `datasetsplits`.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from readingroom.errors import RefusedInput
from readingroom.imaging.video import is_picture_file, natural

Subset = Literal["train", "validation", "test", "sealed"]
Frame = npt.NDArray[np.uint8]
Labels = npt.NDArray[np.uint8]

#: Values of `Sample.load`'s labels, the same for every data set.
BACKGROUND, GUIDEWIRE, CATHETER, VESSEL, BALLOON, OTHER = range(6)
#: MOSXAV's index → ours: vessel, contrast catheter, catheter, balloon, other.
_MOSXAV = np.array([BACKGROUND, VESSEL, CATHETER, CATHETER, BALLOON, OTHER], np.uint8)
_FRAME_FOLDERS = ("images", "image", "frames", "imgs", "img", "JPEGImages")
_MASK_FOLDERS = ("masks", "mask", "groundtruth", "ground_truth", "labels", "gt", "Annotations")
_SUBSETS: dict[str, Subset] = {
    "train": "train",
    "training": "train",
    "val": "validation",
    "valid": "validation",
    "validation": "validation",
    "test": "test",
    "testing": "test",
}


@dataclass(frozen=True)
class Sample:
    """One labelled frame, not loaded yet.

    Attributes
    ----------
    dataset : {'cathaction', 'mosxav', 'weiss', 'arcade'}
    subset : {'train', 'validation', 'test', 'sealed'}
        As the data set's authors divide it; ``sealed`` is the final test.
    sequence, number : str, int
        Which sequence, and which of its labelled frames.
    classes : frozenset of int
        The label values that the data set marks; others are unknown in its frames, not
        absent (MOSXAV shows guidewires and does not mark them).
    load : callable
        Returns frame and labels, uint8 ``[row, col]``.
    """

    dataset: str
    subset: Subset
    sequence: str
    number: int
    classes: frozenset[int]
    load: Callable[[], tuple[Frame, Labels]] = field(compare=False, repr=False)


def read(root: str | Path) -> list[Sample]:
    """Return the samples of whichever data set lies at `root`.

    Raises
    ------
    RefusedInput
        ``PATH_NOT_FOUND``, ``DATASET_UNKNOWN``, ``DATASET_DAMAGED``.
    """
    place = Path(root)
    if not place.exists():
        raise RefusedInput(
            "PATH_NOT_FOUND", "There is no folder at the place given.", "Check the path."
        )
    for reader in (read_weiss, read_mosxav, read_arcade, read_cathaction):
        samples = reader(place)
        if samples:
            return samples
    raise RefusedInput(
        "DATASET_UNKNOWN",
        "The folder does not look like CathAction, MOSXAV, WEISS or ARCADE.",
        "Give the folder that the data set's archive unpacks to.",
    )


def read_mosxav(root: Path) -> list[Sample]:
    """Return MOSXAV's labelled frames: ``[subset/]JPEGImages/SEQ`` beside ``Annotations``."""
    samples: list[Sample] = []
    for frames in sorted(root.rglob("JPEGImages")):
        subset = _SUBSETS.get(frames.parent.name.lower(), "train")
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
        if part.lower() in _SUBSETS:
            return _SUBSETS[part.lower()]
    return "train"


def _sequence_of(root: Path, folder: Path) -> str:
    return folder.name if folder == root else str(folder.relative_to(root))


def _load_pair(
    frame: Path, mask: Path, labels_of: Callable[[npt.NDArray[np.generic]], Labels]
) -> tuple[Frame, Labels]:
    picture, labels = _grey(frame), labels_of(_index(mask))
    if picture.shape != labels.shape:
        raise _damaged("A frame and its mask differ in size.")
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
        raise _damaged("A picture of the data set cannot be read.") from None
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
                subset=_SUBSETS.get(file.parent.parent.name.lower(), "train"),
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
        raise _damaged("An annotation file is not valid JSON.") from None


def _load_arcade(file: Path, polygons: Sequence[Sequence[float]]) -> tuple[Frame, Labels]:
    images: Any = import_module("PIL.Image")
    draw: Any = import_module("PIL.ImageDraw")
    frame = _grey(file)
    canvas = images.new("L", (frame.shape[1], frame.shape[0]), BACKGROUND)
    for polygon in polygons:
        if len(polygon) >= 6:
            draw.Draw(canvas).polygon([float(v) for v in polygon], fill=VESSEL)
    return frame, np.asarray(canvas, np.uint8)


def read_weiss(root: Path) -> list[Sample]:
    """Return the UCL/WEISS frames: HDF5 with 256 × 256 frames and masks of 0 and 1.

    Masks lie in the same file or in ``NAME_label.hdf5``. Its masks mark catheter and
    guidewire as one; they are told as catheter. T5 and T6 are sealed, and so is a file
    that holds them together with others without saying which frames are whose; T1 to T4
    are a test, the phantom may be trained on.
    """
    files = [root] if root.is_file() else sorted(root.rglob("*.hdf5")) + sorted(root.rglob("*.h5"))
    pictures = [f for f in files if f.suffix in (".hdf5", ".h5") and not _is_label(f.stem)]
    return [sample for file in pictures for sample in _weiss_file(file)]


def _is_label(name: str) -> bool:
    return "label" in name.lower() or "mask" in name.lower()


def _weiss_file(file: Path) -> Iterator[Sample]:
    beside = [f for f in file.parent.glob(f"{file.stem}_*") if _is_label(f.stem)]
    masks_in = beside[0] if beside else file
    frames = {n: s for n, s in _arrays(file).items() if not _is_label(n)}
    masks = {n: s for n, s in _arrays(masks_in).items() if beside or _is_label(n)}
    for name, shape in frames.items():
        mask = _mask_for(name, masks)
        if mask is None or masks[mask][0] != shape[0]:
            raise _damaged("An HDF5 file holds frames without masks of the same number.")
        sequence = f"{file.stem}/{name}"
        for number in range(shape[0]):
            yield Sample(
                dataset="weiss",
                subset=weiss_subset(file.stem, name),
                sequence=sequence,
                number=number,
                classes=frozenset({CATHETER}),
                load=partial(_load_weiss, file, name, masks_in, mask, number),
            )


def _mask_for(name: str, masks: dict[str, tuple[int, ...]]) -> str | None:
    """Return the array of masks that belongs to an array of frames."""
    if len(masks) == 1:
        return next(iter(masks))
    group = name.rpartition("/")[0]
    alike = [m for m in masks if m.rpartition("/")[0] == group] if group else []
    named = [
        m for m in masks if m.lower().replace("_label", "").replace("_mask", "") == name.lower()
    ]
    return next(iter(named or alike), None)


def weiss_subset(file: str, array: str) -> Subset:
    """Return what a WEISS array may be used for, by the names of file and array."""
    patients = _patients(array) or _patients(file)
    if "T3-T6" in file.upper() and not _patients(array):
        # Without a word on which frames are whose, T5 and T6 are among them.
        return "sealed"
    if patients & {"T5", "T6"}:
        return "sealed"
    return "test" if patients else "train"


def _patients(name: str) -> set[str]:
    return {f"T{n}" for n in range(1, 7) if f"T{n}" in name.upper()}


def _arrays(file: Path) -> dict[str, tuple[int, ...]]:
    """Return the names and shapes of an HDF5 file's three-dimensional arrays."""
    h5py: Any = import_module("h5py")
    found: dict[str, tuple[int, ...]] = {}

    def note(name: str, item: Any) -> None:
        shape: tuple[int, ...] = tuple(getattr(item, "shape", ()))
        if len(shape) in (3, 4) and (len(shape) == 3 or shape[-1] == 1):
            found[name] = shape

    try:
        with h5py.File(file, "r") as archive:
            archive.visititems(note)
    except OSError:
        raise _damaged("An HDF5 file of the data set cannot be read.") from None
    return found


def _load_weiss(
    file: Path, name: str, masks_in: Path, mask: str, number: int
) -> tuple[Frame, Labels]:
    h5py: Any = import_module("h5py")
    with h5py.File(file, "r") as frames, h5py.File(masks_in, "r") as masks:
        frame = np.squeeze(np.asarray(frames[name][number]))
        marked = np.squeeze(np.asarray(masks[mask][number])) > 0.5
    return _as_bytes(frame), np.where(marked, CATHETER, BACKGROUND).astype(np.uint8)


def _as_bytes(frame: npt.NDArray[np.generic]) -> Frame:
    if frame.dtype == np.uint8:
        return np.asarray(frame, np.uint8)
    values = frame.astype(np.float64)
    low, high = float(values.min()), float(values.max())
    scale = 255.0 / (high - low) if high > low else 0.0
    return np.asarray(np.rint((values - low) * scale), np.uint8)


@dataclass(frozen=True)
class Action:
    """A stretch of a CathAction video in which one thing is done, frames inclusive."""

    video: str
    first: int
    last: int
    label: str


def read_actions(file: Path) -> list[Action]:
    """Return the actions of a CathAction table; its columns are found by their names.

    Raises
    ------
    RefusedInput
        ``DATASET_DAMAGED`` where a column is missing or a number is none.
    """
    with file.open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    columns = {name.lower().strip(): name for name in (rows[0] if rows else {})}

    def column(*words: str) -> str:
        for key, name in columns.items():
            if all(word in key for word in words):
                return name
        raise _damaged(f"The table of actions has no column for {' '.join(words)}.")

    if not rows:
        return []
    video, first = column("video"), column("start", "frame")
    last = (
        column("stop", "frame") if any("stop" in key for key in columns) else column("end", "frame")
    )
    label = column("verb") if any("verb" in key for key in columns) else column("action")
    try:
        return [Action(r[video], int(float(r[first])), int(float(r[last])), r[label]) for r in rows]
    except (TypeError, ValueError):
        raise _damaged("The table of actions holds a frame number that is none.") from None


def _damaged(what: str) -> RefusedInput:
    return RefusedInput("DATASET_DAMAGED", what, "Unpack the data set's archive again.")
