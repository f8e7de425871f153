"""The cases of the evaluation: simulated sequences, image and mask pairs, empty runs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from readingroom.errors import RefusedInput
from readingroom.imaging import load
from readingroom.readers.guidewire.centerline import trace

Curves = list[npt.NDArray[np.float64]]
Masks = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Case:
    """A sequence with its truth.

    Attributes
    ----------
    frames : ndarray, shape (t, row, col)
    centerlines : list of list of ndarray (n, 2)
        True wires of each frame.
    tips : list of list of bool
        Whether each wire's last point is its tip (not where it leaves the picture).
    wire, catheter : ndarray of uint8, shape (t, row, col)
    groups : tuple of str
        What the case counts for, beside all.
    unscored : ndarray of uint8, shape (row, col), optional
        Where it is not known whether there is a wire; nothing counts there.
    exact : bool
        Whether the centrelines are good to a fraction of a pixel, and not drawn by hand.
    """

    name: str
    frames: npt.NDArray[Any]
    centerlines: list[Curves]
    tips: list[list[bool]]
    wire: Masks
    catheter: Masks
    groups: tuple[str, ...] = ()
    unscored: Masks | None = None
    exact: bool = False


@dataclass(frozen=True)
class Asked:
    """What the name of a simulated data set says; see `readingroom.readers.guidewire.evaluate`."""

    cases: int
    seed: int = 9000
    frames: int = 4
    dose: float = 1.0
    size: int = 512
    background: str = "synthetic"
    wires: int = 1
    distractors: str = ""
    steps: str = ""
    localise: str = "no"
    tracking: str = "no"


def parse_dataset(dataset: str) -> Asked:
    """Read the name of a simulated data set.

    Raises
    ------
    RefusedInput
        ``DATASET_UNKNOWN``.
    """
    match = re.fullmatch(r"simulated:(\d+)((?::\w+=[^:]+)*)", dataset)
    extra = dict(part.split("=", 1) for part in match[2].split(":") if part) if match else {}
    kinds = {name: type(getattr(Asked(0), name)) for name in Asked.__dataclass_fields__}
    if match is None or not set(extra) <= set(kinds) - {"cases"}:
        raise _unknown(dataset)
    try:
        return Asked(int(match[1]), **{name: kinds[name](v) for name, v in extra.items()})
    except ValueError:
        raise _unknown(dataset) from None


def _unknown(dataset: str) -> RefusedInput:
    return RefusedInput(
        "DATASET_UNKNOWN",
        f"There is no data set '{dataset}' for the guidewire reader.",
        "Use 'simulated:20:seed=7:dose=0.25', 'pairs:FOLDER' or 'empty:FILE'.",
    )


def cases_of(dataset: str, asked: Asked) -> Iterator[tuple[Case, int]]:
    """Yield the cases of a data set, each with the number of all.

    Raises
    ------
    RefusedInput
        ``DATASET_UNKNOWN``, ``DATASET_MISSING``.
    """
    kind, _, place = dataset.partition(":")
    if kind == "simulated":
        yield from _simulated(asked)
    elif kind == "pairs" and Path(place).is_dir():
        files = sorted(Path(place).glob("*_img.png"))
        for path in files:
            yield _pair(path), len(files)
    elif kind == "empty" and Path(place).exists():
        yield _without_wire(Path(place)), 1
    elif kind in ("pairs", "empty"):
        raise RefusedInput("DATASET_MISSING", f"'{place}' is not there.", "Check the path.")
    else:
        raise _unknown(dataset)


def _simulated(asked: Asked) -> Iterator[tuple[Case, int]]:
    from readingroom.readers.guidewire.simulate import simulate_sequence
    from readingroom.readers.guidewire.simulateddevices import DISTRACTORS
    from readingroom.readers.guidewire.simulatedwire import TEST_WIRES

    choices: list[Sequence[str] | None] = [None]
    if asked.distractors == "each":
        choices = [[], *([name] for name in DISTRACTORS)]
    elif asked.distractors:
        choices = [[name for name in asked.distractors.split("+") if name != "none"]]
    total = asked.cases * len(choices)
    background = _background(asked.background)
    for number in range(total):
        chosen = choices[number // asked.cases]
        made = simulate_sequence(
            [asked.seed, number % asked.cases],
            frames=asked.frames,
            size=asked.size,
            dose=asked.dose,
            background=background,
            distractors=chosen,
            wires=asked.wires,
            models=TEST_WIRES,
        )
        names = made.facts["distractors"]
        case = Case(
            f"{number} {'+'.join(names) or 'none'}",
            made.frames,
            made.centerlines,
            [[tip is not None for tip in tips] for tips in made.tips],
            made.wire_mask,
            made.catheter_mask,
            tuple(f"with_{name}" for name in names) or ("with_none",),
            exact=True,
        )
        yield case, total


def _background(name: str) -> Any:
    """Return what sequences are drawn into; a CT is loaded once for all of them."""
    from readingroom.readers.guidewire.backgrounds import Projector, load_ct

    return name if name == "synthetic" else Projector.of(load_ct(name))


def _pair(path: Path) -> Case:
    """Return a picture and its mask; the truth's centrelines are those of the mask."""
    from PIL import Image

    picture = np.asarray(Image.open(path).convert("L"))
    labels = np.asarray(Image.open(path.with_name(path.name.replace("_img", "_mask"))).convert("L"))
    wire, catheter = labels > 191, (labels > 63) & (labels <= 191)
    lines = [line.points for line in trace(wire, min_length_px=10)]
    return Case(
        path.stem,
        picture[None],
        [lines],
        [[True] * len(lines)],
        wire[None].astype(np.uint8),
        catheter[None].astype(np.uint8),
        # These masks have one label a pixel: of a wire inside a catheter nothing is told.
        unscored=ndimage.binary_dilation(catheter, iterations=4).astype(np.uint8),
    )


def _without_wire(path: Path) -> Case:
    cine = load(path).cines[0]
    empty = np.zeros(cine.array.shape[:3], np.uint8)
    nothing: list[Curves] = [[] for _ in empty]
    return Case(path.stem, cine.array, nothing, [[] for _ in empty], empty, empty)
