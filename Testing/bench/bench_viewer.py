"""What the workbench's viewer costs on this machine, server side: render, encode, edit.

A CT of 512 × 512 × 300 voxels with 24 lesions and three organs, views of 512 × 512 pixels.
The browser and the network come on top.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from Testing.bench.skip import Skip

SHAPE, SPACING = (300, 512, 512), (1.0, 0.7, 0.7)
_ROUNDS = 25


def run() -> list[dict[str, Any]]:
    """Return the measurements as ``name``, ``value``, ``unit``."""
    from readingroom.errors import ReadingRoomError
    from readingroom.workbench.viewer import opengl

    try:
        opengl.prepare()
    except ReadingRoomError as fault:
        raise Skip(fault.what_happened) from fault
    with tempfile.TemporaryDirectory() as place:
        bench = _Bench(a_session(Path(place)))
        rows = [*bench.opening(), *bench.looking(), *bench.editing()]
        bench.close()
    return rows


def a_session(place: Path) -> Any:
    """Return a session on the synthetic CT."""
    from readingroom import folder
    from readingroom.review import ReviewSession
    from readingroom.study import Acquisition, Study, Volume
    from Testing.fixtures.review_cases import read

    hu, masks = _chest()
    volume = Volume(
        pixels=lambda: hu,
        shape=SHAPE,
        ijk_to_lps=masks.ijk_to_lps,
        acquisition=Acquisition(modality="CT", kvp=120.0),
        series_uid="1.2.826.0.1.3680043.2.1125.1",
    )
    study = Study(volumes=(volume,))
    folder.save(read(study, masks), place / "reading")
    return ReviewSession.open(place / "reading", study=study, autosave=False)


def _chest() -> tuple[Any, Any]:
    from readingroom.readers.cacs.lesion import LABELS
    from readingroom.reading import Masks
    from readingroom.terminology import segment

    k, j, i = np.ogrid[: SHAPE[0], : SHAPE[1], : SHAPE[2]]
    rng = np.random.default_rng(3)
    hu = rng.integers(-30, 90, SHAPE, np.int16)
    hu[np.broadcast_to(((j - 256) / 200) ** 2 + ((i - 256) / 240) ** 2 > 1, SHAPE)] = -1000
    lesions, organs = np.zeros(SHAPE, np.uint8), np.zeros(SHAPE, np.uint8)
    for value, (center, size) in enumerate(
        (
            ((150, 240, 270), (70, 90, 90)),
            ((150, 260, 120), (130, 120, 70)),
            ((150, 400, 256), (140, 30, 30)),
        ),
        start=1,
    ):
        squares = (((x - c) / s) ** 2 for x, c, s in zip((k, j, i), center, size, strict=True))
        organs[sum(squares) < 1] = value
    for number in range(24):
        box = tuple(
            slice(a, a + n)
            for a, n in zip(
                (100 + 4 * number, 200 + 3 * (number % 8), 220 + 9 * (number % 7)),
                (2, 5, 5),
                strict=True,
            )
        )
        lesions[box], hu[box] = 1 + number % 4, 450
    names = [segment(LABELS[n], 0, n + 1) for n in range(4)]
    names += [segment(n, 1, v) for v, n in enumerate(("HEART", "LUNG_RIGHT", "SPINE"), start=1)]
    return hu, Masks([lesions, organs], np.diag([0.7, 0.7, 1.0, 1.0]), names)


class _Bench:
    def __init__(self, session: Any) -> None:
        from trame.app import get_server

        from readingroom.workbench.viewer import Viewer

        self._session = session
        self._viewer = Viewer(get_server("bench-viewer", client_type="vue3"))
        for view in self._viewer.stage.views.values():
            view.adapter.update_size("bench", {"w": 512, "h": 512, "p": 1})

    def close(self) -> None:
        self._viewer.clear()
        self._session.close()

    def opening(self) -> list[dict[str, Any]]:
        started = time.perf_counter()
        self._viewer.show(self._session)
        self._pictures("axial", "coronal", "sagittal")
        first = time.perf_counter() - started
        _, surfaces = _timed(self._viewer.models.finish)
        return [
            _row("three slices on the screen after a case was opened", first, "s"),
            _row("3D surfaces, built after that", surfaces, "s"),
        ]

    def looking(self) -> list[dict[str, Any]]:
        plain = self._scrolling()
        self._viewer.set_segment_in_slices("HEART", True)
        organs = self._scrolling()
        self._viewer.set_segment_in_slices("HEART", False)
        self._viewer.set_slab(10.0, "max")
        slab = self._scrolling()
        self._viewer.set_slab(0.0)
        places = [f.position_lps_mm for f in self._session.reading.findings]
        jumps = [_timed(lambda p=p: self._jump(p))[1] for p in places[:10]]
        return [
            _row("scrolling with the masks of the findings", 1 / plain, "frames/s"),
            _row("scrolling with an organ's mask too", 1 / organs, "frames/s"),
            _row("scrolling a 10 mm maximum slab", 1 / slab, "frames/s"),
            _row("jump to a finding, four views", 1000 * statistics.median(jumps), "ms"),
        ]

    def editing(self) -> list[dict[str, Any]]:
        rows = []
        self._viewer.set_option("view_brush_mm", 6.0)
        for tool in ("paint", "threshold_brush", "erase", "draw"):
            self._viewer.set_tool(tool)
            times = [self._stroke(20 * n) for n in range(8)]
            rows.append(
                _row(f"{tool}: button up to picture", 1000 * statistics.median(times), "ms")
            )
        _, undoing = _timed(lambda: (self._viewer.undo(), self._pictures("axial")))
        self._viewer.set_tool("islands")
        self._viewer.set_option("view_islands_mode", "keep_largest")
        _, islands = _timed(lambda: (self._viewer.apply(), self._pictures("axial")))
        return [
            *rows,
            _row("undo to picture", 1000 * undoing, "ms"),
            _row("keep the largest island", 1000 * islands, "ms"),
        ]

    def _scrolling(self) -> float:
        def step() -> None:
            self._viewer.navigator.scroll("axial", 1)
            self._pictures("axial")

        self._viewer.navigator.scroll("axial", -40)
        return statistics.median(_timed(step)[1] for _ in range(_ROUNDS))

    def _jump(self, place: tuple[float, float, float]) -> None:
        self._viewer.jump(place)
        self._pictures("axial", "coronal", "sagittal", "three_d")

    def _stroke(self, offset: int) -> float:
        from Testing.fixtures.viewevents import ViewEvents

        way = [(150 + offset, 200), (170 + offset, 220), (190 + offset, 200)]
        hand = ViewEvents(self._viewer, "axial")
        return _timed(lambda: (hand.drag(way), self._pictures("axial")))[1]

    def _pictures(self, *names: str) -> None:
        from readingroom.workbench.viewer.encode import encode

        for name in names:
            encode(self._viewer.stage.views[name].draw(), still=False)


def _timed(work: Callable[[], Any]) -> tuple[Any, float]:
    started = time.perf_counter()
    result = work()
    return result, time.perf_counter() - started


def _row(name: str, value: float, unit: str) -> dict[str, Any]:
    return {"name": name, "value": value, "unit": unit}


if __name__ == "__main__":
    for row in run():
        print(f"{row['name']:55} {row['value']:8.3g} {row['unit']}")
