"""From a person's edit to the new numbers, 512 × 512 × 300, journal and audit included.

Beside each edit stands a whole new measurement of the same masks, which is what a host
without the review core would have to wait for.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from readingroom import folder
from readingroom.readers.cacs.lesion import LABELS
from readingroom.readers.cacs.reader import CacsReader
from readingroom.reading import Masks
from readingroom.review import ReviewSession
from readingroom.study import Study
from readingroom.terminology import segment
from Testing.bench.bench_cacs_score import SHAPE, SPACING, a_chest
from Testing.fixtures.review_cases import as_volume, read

REPEATS = 7
#: Copies of the 30 lesions of the scoring benchmark, shifted: a heavily calcified patient.
SHIFTS = ((0, 0, 0), (0, 0, 60), (0, 60, 0), (0, 60, 60))


def run() -> list[dict[str, Any]]:
    """Return the slowest of several times for each kind of edit."""
    with tempfile.TemporaryDirectory() as place:
        session, missed = a_session(Path(place) / "reading")
        rows = _rows(session, missed)
        session.discard()
    return rows


def a_session(place: Path) -> tuple[ReviewSession, tuple[float, float, float]]:
    """Return a session on 100 and more lesions, and where one lesion was missed."""
    image, lesions = a_chest()
    calcium, anatomy = np.zeros(SHAPE, np.uint8), np.zeros(SHAPE, np.uint8)
    for number, lesion in enumerate(lesions):
        for copy, shift in enumerate(SHIFTS):
            box = tuple(
                slice(s.start + d, s.stop + d) for s, d in zip(lesion.box, shift, strict=True)
            )
            value = image[lesion.box][lesion.mask][0]
            image[box][lesion.mask] = value
            if number:
                calcium[box][lesion.mask] = 1 + (number + copy) % 4
    anatomy[:, 400:480, 200:300] = 1
    volume = as_volume(image, np.diag([*SPACING[::-1], 1.0]))
    segments = [segment(n, 0, v) for v, n in enumerate(LABELS, 1)]
    masks = Masks([calcium, anatomy], volume.ijk_to_lps, [*segments, segment("SPINE", 1, 1)])
    study = Study(volumes=(volume,))
    folder.save(read(study, masks), place)
    centre = [o + n // 2 for o, n in zip(lesions[0].origin, lesions[0].mask.shape, strict=True)]
    x, y, z = (float(v) for v in volume.lps_from_kji(centre))
    return ReviewSession.open(place, study=study, reviewer="bench"), (x, y, z)


def _rows(session: ReviewSession, missed: tuple[float, float, float]) -> list[dict[str, Any]]:
    whole = _slowest(lambda _: _from_scratch(session), 3)
    largest = max(
        session.reading.findings, key=lambda f: float(f.measurements["voxels"].value or 0)
    )

    def paint(n: int) -> None:
        start, _ = session.mask_of(largest.id)
        stroke = np.full((1, 24, 24), 1 + n % 4, np.uint8)
        session.replace_voxels(0, (start[0] + n, start[1], start[2]), stroke, over=True)

    def undone(edit: Callable[[], object]) -> Callable[[int], float]:
        def seconds(_: int) -> float:
            started = time.perf_counter()
            edit()
            taken = time.perf_counter() - started
            session.undo()
            return taken

        return seconds

    labels = [label for label in LABELS if label != largest.label]
    times = {
        "paint a stroke of 24 x 24": _slowest(paint),
        "undo a stroke": _slowest(lambda _: session.undo(), REPEATS - 1),
        "redo a stroke": _slowest(lambda _: session.redo(), REPEATS - 1),
        "reject": _slowest(undone(lambda: session.reject(largest.id))),
        "reassign the largest lesion": _slowest(
            undone(lambda: session.reassign(largest.id, labels[0]))
        ),
        "grow at a click": _slowest(undone(lambda: session.add_at(missed, "LAD"))),
    }
    peer = f"whole re-measurement, {whole:.3f} s"
    count = len(session.reading.findings)
    rows: list[dict[str, Any]] = [
        {"name": name, "value": s, "unit": "s", "peer": peer, "ratio": whole / s}
        for name, s in times.items()
    ]
    rows.append({"name": "findings of the reading", "value": count, "unit": "1"})
    saving = _slowest(lambda _: _save(session), 2)
    rows.append({"name": "save a revision", "value": saving, "unit": "s"})
    opening = _slowest(lambda _: _open_again(session), 3)
    rows.append({"name": "open the reading, images decoded", "value": opening, "unit": "s"})
    return rows


def _from_scratch(session: ReviewSession) -> None:
    alone = session.reading.model_copy(update={"masks": None})
    CacsReader().remeasure(alone, session.study, session.masks)


def _save(session: ReviewSession) -> None:
    session.save("bench")


def _open_again(session: ReviewSession) -> None:
    ReviewSession.open(session.directory, study=session.study).close()


def _slowest(work: Callable[[int], float | None], repeats: int = REPEATS) -> float:
    """Return the slowest of several calls; a call may return its own seconds."""
    slowest = 0.0
    for n in range(repeats):
        started = time.perf_counter()
        own = work(n)
        slowest = max(slowest, time.perf_counter() - started if own is None else own)
    return slowest


if __name__ == "__main__":
    for row in run():
        print(f"{row['name']:40s} {row['value']:8.4f} {row['unit']}  {row.get('peer', '')}")
