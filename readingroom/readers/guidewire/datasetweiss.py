"""The UCL/WEISS fluoroscopy data set: HDF5, and which of it is sealed."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from readingroom.readers.guidewire.datasetsample import (
    BACKGROUND,
    CATHETER,
    Frame,
    Labels,
    Sample,
    Subset,
    damaged,
)


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
            raise damaged("An HDF5 file holds frames without masks of the same number.")
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
        raise damaged("An HDF5 file of the data set cannot be read.") from None
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
