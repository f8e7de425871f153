"""Evaluate the guidewire networks: simulated sequences, image and mask pairs, empty runs.

Data sets by name:

``simulated:N``
    N sequences; options after colons: ``seed=S``, ``frames=T``, ``dose=D``, ``size=P``,
    ``background=synthetic`` or the path of a CT, ``wires=W``, ``distractors=NAME+NAME``,
    ``none`` or ``each`` (N sequences for every kind of distractor), ``steps=NAMES`` of
    `readingroom.readers.guidewire.preprocess` joined by ``+``, ``localise=yes`` (as live),
    ``tracking=yes`` (devices followed through the sequence, as a reading has them: parts that
    are inferred count as found).
``pairs:FOLDER``
    ``N_img.png`` and ``N_mask.png``, 255 guidewire and 128 catheter.
``empty:FILE``
    A sequence without any wire: whatever is found is false.

Where the truth is exact, as in simulation, the numbers of the parts that can be seen
("can_be_seen"), and the recall by how well they can ("visibility"), stand beside those of all
wires ("all"); see `readingroom.readers.guidewire.visibility`.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from readingroom.inference.engine import Engine
from readingroom.reader import Progress
from readingroom.readers.guidewire import visibility
from readingroom.readers.guidewire.cascade import Cascade, inner
from readingroom.readers.guidewire.centerline import trace
from readingroom.readers.guidewire.evaluatecases import (
    Asked,
    Case,
    Curves,
    Masks,
    cases_of,
    parse_dataset,
)
from readingroom.readers.guidewire.frames import Frames, normalise
from readingroom.readers.guidewire.plausible import plausible
from readingroom.readers.guidewire.track import track

_SHOWN = 12

Row = dict[str, Any]


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
    asked = parse_dataset(dataset) if dataset.startswith("simulated") else Asked(0)
    cascade = Cascade(Engine(), localise=asked.localise == "yes")
    rows: list[Row] = []
    frames: dict[str, list[Row]] = {"all": []}
    seen: list[tuple[Row, list[tuple[float, float]]]] = []
    for number, (case, total) in enumerate(cases_of(dataset, asked)):
        progress(f"case {case.name}", number / max(total, 1))
        prepared = normalise(case.frames)
        steps = asked.steps.replace("+", ",")
        found, row = _read(case, cascade, _prepared(prepared, steps), asked.tracking == "yes")
        rows.append(row)
        for group in ("all", *case.groups):
            frames.setdefault(group, []).extend(found)
        seen += [
            _of_what_can_be_seen(one, frame, prepared.field_mask)
            for one, frame in zip(found, prepared.array, strict=True)
            if one["truth"] and case.exact
        ]
        _show(case, found, directory / "overlays", number)
    pairs: Row = {name: {"kind": "centrelines", "frames": some} for name, some in frames.items()}
    if seen:
        pairs["can_be_seen"] = {"kind": "centrelines", "frames": [one for one, _ in seen]}
        pairs["visibility"] = {"kind": "visibility", "frames": [parts for _, parts in seen]}
    return {"dataset": dataset, "cases": rows, "pairs": pairs}


def _read(
    case: Case, cascade: Cascade, frames: Frames, tracking: bool = False
) -> tuple[list[Row], Row]:
    """Return what was found in each frame beside the truth, and the case's row."""
    started = time.monotonic()
    cascade.reset()
    found = []
    field = inner(frames.field_mask)
    seen = [cascade(frame) * field for frame in frames.array]
    devices = [plausible(trace(one[0], one[1])) for one in seen]
    if tracking:
        followed = track(devices, min_frames=min(2, len(devices)))
        devices = [[one.wire for one in frame] for frame in followed]
    for number, probability in enumerate(seen):
        lines = [one.points for one in devices[number] if one.kind == "wire"]
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


def _of_what_can_be_seen(
    one: Row, frame: npt.NDArray[np.float32], field: npt.NDArray[np.bool_]
) -> tuple[Row, list[tuple[float, float]]]:
    """Return a frame's row without the parts of wires that nobody can see.

    What was found there counts neither for nor against. And, of all parts, how well each can be
    seen and how much of it was found.
    """
    wires = [visibility.segments(frame, line, field) for line in one["truth"]]
    parts = [segment for wire in wires for segment in wire]
    hidden = visibility.unseen(parts, frame.shape)
    seen = [
        (part, last and tip)
        for wire, tip in zip(wires, one["tips"], strict=True)
        for part, last in visibility.parts_seen(wire)
    ]
    row = {
        "found": [part for line in one["found"] for part in _scored(line, hidden)],
        "truth": [part for part, _ in seen],
        "tips": [tip for _, tip in seen],
        "found_mask": one["found_mask"] & ~hidden,
        "truth_mask": one["truth_mask"] & ~hidden,
    }
    known = [segment for segment in parts if np.isfinite(segment.index)]
    return row, [(part.index, visibility.recall(part, one["found"])) for part in known]


def _scored(line: npt.NDArray[np.float64], unscored: Masks | npt.NDArray[np.bool_]) -> Curves:
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
