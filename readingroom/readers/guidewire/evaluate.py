"""Evaluate the guidewire networks: simulated sequences, image and mask pairs, empty runs.

Data sets by name:

``simulated:N``
    N sequences; options after colons: ``seed=S``, ``frames=T``, ``dose=D``, ``size=P``,
    ``background=synthetic`` or the path of a CT, ``wires=W``, ``distractors=NAME+NAME``,
    ``none`` or ``each`` (N sequences for every kind of distractor), ``steps=NAMES`` of
    `readingroom.readers.guidewire.preprocess` joined by ``+``, ``localise=no``.
``pairs:FOLDER``
    ``N_img.png`` and ``N_mask.png``, 255 guidewire and 128 catheter.
``empty:FILE``
    A sequence without any wire: whatever is found is false.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from readingroom.errors import RefusedInput
from readingroom.imaging import load
from readingroom.inference.engine import Engine
from readingroom.reader import Progress
from readingroom.readers.guidewire.cascade import Cascade, inner
from readingroom.readers.guidewire.centerline import trace
from readingroom.readers.guidewire.frames import Frames, normalise
from readingroom.readers.guidewire.plausible import plausible

Curves = list[npt.NDArray[np.float64]]
Masks = npt.NDArray[np.uint8]

_SHOWN = 12


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
    """

    name: str
    frames: npt.NDArray[Any]
    centerlines: list[Curves]
    tips: list[list[bool]]
    wire: Masks
    catheter: Masks
    groups: tuple[str, ...] = ()
    unscored: Masks | None = None


@dataclass(frozen=True)
class _Asked:
    cases: int
    seed: int = 9000
    frames: int = 4
    dose: float = 1.0
    size: int = 512
    background: str = "synthetic"
    wires: int = 1
    distractors: str = ""
    steps: str = ""
    localise: str = "yes"


def evaluate(dataset: str, directory: Path, progress: Progress) -> dict[str, Any]:
    """Read a data set's frames and hand found and true centrelines over.

    Raises
    ------
    RefusedInput
        ``DATASET_UNKNOWN``, ``DATASET_MISSING``, ``CARD_MISSING``.

    Returns
    -------
    dict
        As `readingroom.evaluation.run` wants it; overlays of the first frames are in the
        folder ``overlays`` of `directory`.
    """
    asked = parse_dataset(dataset) if dataset.startswith("simulated") else _Asked(0)
    cascade = Cascade(Engine(), localise=asked.localise != "no")
    rows: list[dict[str, Any]] = []
    frames: dict[str, list[dict[str, Any]]] = {"all": []}
    for number, (case, total) in enumerate(_cases(dataset, asked)):
        progress(f"case {case.name}", number / max(total, 1))
        found, row = _read(case, cascade, asked.steps.replace("+", ","))
        rows.append(row)
        for group in ("all", *case.groups):
            frames.setdefault(group, []).extend(found)
        _show(case, found, directory / "overlays", number)
    return {
        "dataset": dataset,
        "cases": rows,
        "pairs": {name: {"kind": "centrelines", "frames": some} for name, some in frames.items()},
    }


def parse_dataset(dataset: str) -> _Asked:
    """Read the name of a simulated data set.

    Raises
    ------
    RefusedInput
        ``DATASET_UNKNOWN``.
    """
    match = re.fullmatch(r"simulated:(\d+)((?::\w+=[^:]+)*)", dataset)
    extra = dict(part.split("=", 1) for part in match[2].split(":") if part) if match else {}
    kinds = {name: type(getattr(_Asked(0), name)) for name in _Asked.__dataclass_fields__}
    if match is None or not set(extra) <= set(kinds) - {"cases"}:
        raise _unknown(dataset)
    try:
        return _Asked(int(match[1]), **{name: kinds[name](v) for name, v in extra.items()})
    except ValueError:
        raise _unknown(dataset) from None


def _unknown(dataset: str) -> RefusedInput:
    return RefusedInput(
        "DATASET_UNKNOWN",
        f"There is no data set '{dataset}' for the guidewire reader.",
        "Use 'simulated:20:seed=7:dose=0.25', 'pairs:FOLDER' or 'empty:FILE'.",
    )


def _cases(dataset: str, asked: _Asked) -> Iterator[tuple[Case, int]]:
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


def _simulated(asked: _Asked) -> Iterator[tuple[Case, int]]:
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


def _read(case: Case, cascade: Cascade, steps: str) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Return what was found in each frame beside the truth, and the case's row."""
    started = time.monotonic()
    frames = _prepared(normalise(case.frames), steps)
    cascade.reset()
    found = []
    field = inner(frames.field_mask)
    for number, frame in enumerate(frames.array):
        probability = cascade(frame) * field
        devices = plausible(trace(probability[0], probability[1]))
        lines = [one.points for one in devices if one.kind == "wire"]
        if case.unscored is not None:
            probability = probability * (case.unscored == 0)
            lines = [part for line in lines for part in _scored(line, case.unscored)]
        found.append(
            {
                "found": lines,
                "truth": case.centerlines[number],
                "tips": case.tips[number],
                "found_mask": probability[0] >= 128,
                "truth_mask": case.wire[number] > 0,
            }
        )
    row = {
        "case": case.name,
        "frames": len(found),
        "wires_found": sum(len(one["found"]) for one in found),
        "wires_true": sum(len(one["truth"]) for one in found),
        "seconds_per_frame": round((time.monotonic() - started) / max(len(found), 1), 4),
    }
    return found, row


def _scored(line: npt.NDArray[np.float64], unscored: Masks) -> Curves:
    """Return the parts of a line that count, 5 points or longer."""
    columns, rows = np.rint(line).astype(int).T
    kept = (
        unscored[rows.clip(0, unscored.shape[0] - 1), columns.clip(0, unscored.shape[1] - 1)] == 0
    )
    cuts = np.flatnonzero(np.diff(kept)) + 1
    parts = np.split(np.arange(len(line)), cuts)
    return [line[part] for part in parts if len(part) >= 5 and kept[part[0]]]


def _prepared(frames: Frames, steps: str) -> Frames:
    if not steps:
        return frames
    from readingroom.readers.guidewire import preprocess

    return preprocess.apply(frames, steps)


def _show(case: Case, found: list[dict[str, Any]], folder: Path, number: int) -> None:
    """Write the last frame of a case with what is true (blue) and found (green)."""
    if number >= _SHOWN:
        return
    from PIL import Image, ImageDraw

    folder.mkdir(parents=True, exist_ok=True)
    grey = normalise(case.frames[-1:]).array[0]
    bytes_ = np.rint(255 * grey).astype(np.uint8)
    plain = Image.fromarray(bytes_).convert("RGB")
    drawn = plain.copy()
    pen = ImageDraw.Draw(drawn)
    for name, colour in (("truth", (80, 140, 255)), ("found", (60, 255, 90))):
        for line in found[-1][name]:
            pen.line([tuple(point) for point in line], fill=colour)
    both = Image.new("RGB", (2 * plain.width, plain.height))
    both.paste(plain, (0, 0))
    both.paste(drawn, (plain.width, 0))
    both.save(folder / f"{number:02d}.png")
