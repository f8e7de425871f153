"""Which planes of a series belong to one stack.

A series may mix localizers, echoes, cardiac phases, time points or overlapping
acquisitions. Planes are parted by what they are (orientation, size, pixel spacing,
localizer or not), then, only where places repeat, by the attribute that explains the
repetition, and last where a wide gap separates two blocks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from readingroom.imaging.planes import Plane
from readingroom.imaging.stacking import SAME_PLACE_MM, distances_along_normal, sort_planes

Places = npt.NDArray[np.intp]
Groups = list[tuple[str, list[Plane]]]

#: A hole wider than this (mm) and than five slices parts two blocks of a series.
_BLOCK_GAP_MM = 30.0
_BLOCK_GAP_SLICES = 5
_SAME_DIRECTION = 1e-3


@dataclass(frozen=True)
class Separator:
    """An attribute that tells acquisitions in one series apart."""

    keywords: tuple[str, ...]
    english: str
    chinese: str


#: In the order in which they are tried.
SEPARATORS = (
    Separator(("StackID",), "stack", "图像堆栈"),
    Separator(("TemporalPositionIdentifier", "TemporalPositionIndex"), "time point", "时相"),
    Separator(("AcquisitionNumber", "FrameAcquisitionNumber"), "acquisition number", "采集编号"),
    Separator(("EchoNumbers", "EffectiveEchoTime", "EchoTime"), "echo", "回波"),
    Separator(("NominalPercentageOfCardiacPhase",), "cardiac phase", "心动周期时相"),
    Separator(("NominalCardiacTriggerDelayTime", "TriggerTime"), "trigger time", "触发时间"),
    Separator(("DiffusionBValue",), "b value", "b 值"),
    Separator(("InversionTime",), "inversion time", "反转时间"),
    Separator(("FlipAngle",), "flip angle", "翻转角"),
    Separator(("KVP",), "tube voltage", "管电压"),
    Separator(("ConvolutionKernel",), "kernel", "重建核"),
    Separator(("FrameType", "ImageType"), "image type", "图像类型"),
)

#: Times differ from slice to slice, so only their order at each place is used.
_BY_TIME = ("acquisition time", "采集时间")
_TIMES = ("FrameAcquisitionDateTime", "AcquisitionDateTime", "AcquisitionTime", "ContentTime")


@dataclass(frozen=True)
class Part:
    """Planes of one stack, with what parted them from the rest of the series."""

    planes: tuple[Plane, ...]
    label: str = ""
    reason: tuple[str, str] = ("", "")


def split_series(planes: Sequence[Plane]) -> list[Part]:
    """Return the stacks of one series; planes that stay ambiguous stay together."""
    kinds = _cluster(planes)
    reason = ("orientation, size or image type", "方位、大小或图像类型")
    parts: list[Part] = []
    for number, kind in enumerate(kinds, 1):
        inner = [p for part in _by_separator(kind) for p in _by_gap(part)]
        if len(kinds) > 1:
            inner = [Part(p.planes, p.label or f"part {number}", reason) for p in inner]
        parts += inner
    return parts


def _cluster(planes: Sequence[Plane]) -> list[list[Plane]]:
    clusters: list[list[Plane]] = []
    for plane in planes:
        home = next((c for c in clusters if _alike(c[0], plane)), None)
        if home is None:
            clusters.append([plane])
        else:
            home.append(plane)
    return clusters


def _alike(one: Plane, other: Plane) -> bool:
    return (
        one.size == other.size
        and np.allclose(_frame(one), _frame(other), atol=_SAME_DIRECTION)
        and np.allclose(one.spacing or (), other.spacing or (), rtol=1e-4)
        and is_localizer(one) == is_localizer(other)
    )


def _frame(plane: Plane) -> tuple[float, ...]:
    assert plane.row_direction is not None
    assert plane.column_direction is not None
    return (*plane.row_direction, *plane.column_direction)


def is_localizer(plane: Plane) -> bool:
    """Whether Image Type says that the plane only serves planning."""
    kinds = plane.get("FrameType") or plane.get("ImageType") or ()
    return "LOCALIZER" in [str(kind).upper() for kind in kinds]


def _by_separator(planes: Sequence[Plane], label: str = "") -> list[Part]:
    places = _places(planes)
    most = int(np.bincount(places).max())
    if most == 1:
        return [Part(tuple(planes), label)]
    for separator in SEPARATORS:
        groups = _grouped(planes, separator)
        if _explains(groups, most):
            return _parted(groups, separator, label)
    return _by_time(planes, places, most) or [Part(tuple(planes), label)]


def _parted(groups: Groups, separator: Separator, label: str) -> list[Part]:
    """Split further what one attribute has parted: echoes of several time points."""
    reason = (separator.english, separator.chinese)
    inner = [
        _by_separator(group, f"{label} {separator.english} {value}".strip())
        for value, group in groups
    ]
    return [Part(part.planes, part.label, reason) for parts in inner for part in parts]


def _value(plane: Plane, separator: Separator) -> str:
    values = (plane.get(keyword) for keyword in separator.keywords)
    return next((str(value) for value in values if value is not None), "")


def _grouped(planes: Sequence[Plane], separator: Separator) -> Groups:
    groups: dict[str, list[Plane]] = {}
    for plane in planes:
        groups.setdefault(_value(plane, separator), []).append(plane)
    return sorted(groups.items(), key=lambda item: _natural(item[0]))


def _natural(text: str) -> tuple[float, str]:
    try:
        return float(text), text
    except ValueError:
        return float("inf"), text


def _explains(groups: Groups, most: int) -> bool:
    """Whether parting divides the repetition evenly, and not into strays of one slice."""
    sizes = [len(group) for _, group in groups]
    if len(groups) < 2 or (min(sizes) == 1 and max(sizes) > 1):
        return False
    left = max(int(np.bincount(_places(group)).max()) for _, group in groups)
    return len(groups) * left == most


def _places(planes: Sequence[Plane]) -> Places:
    """Return a running number of each plane's place along the normal."""
    distances = distances_along_normal(planes)
    order = np.argsort(distances, kind="stable")
    steps = np.diff(distances[order], prepend=distances[order[0]])
    places = np.empty(len(planes), dtype=np.intp)
    places[order] = np.cumsum(steps > SAME_PLACE_MM)
    return places


def _by_time(planes: Sequence[Plane], places: Places, most: int) -> list[Part]:
    """Part by the order of acquisition times where every place was imaged equally often."""
    if (np.bincount(places) != most).any():
        return []
    for keyword in _TIMES:
        times = [str(plane.get(keyword) or "") for plane in planes]
        rounds = _rounds(sorted(zip(places, times, range(len(planes)), strict=True)), most)
        if rounds:
            return [
                Part(tuple(planes[k] for k in members), f"time {t}", _BY_TIME)
                for t, members in enumerate(rounds, 1)
            ]
    return []


def _rounds(entries: list[tuple[int, str, int]], most: int) -> list[list[int]]:
    """Return plane numbers by rank of their time at each place; empty where times tie."""
    rounds: list[list[int]] = [[] for _ in range(most)]
    for start in range(0, len(entries), most):
        same_place = entries[start : start + most]
        if len({time for _, time, _ in same_place}) < most:
            return []
        for rank, (_, _, number) in enumerate(same_place):
            rounds[rank].append(number)
    return rounds


def _by_gap(part: Part) -> list[Part]:
    ordered = sort_planes(part.planes)
    steps = np.diff(distances_along_normal(ordered))
    if len(steps) < 2:
        return [part] if not len(steps) or steps[0] <= _BLOCK_GAP_MM else _cut(part, ordered, [1])
    limit = max(_BLOCK_GAP_MM, _BLOCK_GAP_SLICES * float(np.median(steps)))
    cuts = [int(k) + 1 for k in np.flatnonzero(steps > limit)]
    return _cut(part, ordered, cuts) if cuts else [part]


def _cut(part: Part, ordered: Sequence[Plane], cuts: Sequence[int]) -> list[Part]:
    edges = [0, *cuts, len(ordered)]
    reason = ("place: a wide gap lies between them", "位置（间隔过大）")
    return [
        Part(tuple(ordered[a:b]), f"{part.label} block {n}".strip(), reason)
        for n, (a, b) in enumerate(pairwise(edges), 1)
    ]
