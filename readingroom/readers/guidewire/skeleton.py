"""From the mask of thin devices to ordered pixel chains: thin, cut at crossings, walk.

Chains are ``[n, 2]`` float64, ``(x, y)`` = ``(column, row)`` in pixels. Pixels are kept as a
list of places in the flat, padded picture: of a frame less than 2 % is device.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Chain = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
Places = npt.NDArray[np.intp]
Codes = npt.NDArray[np.uint8]

#: The ring of eight neighbours, in order around a pixel; the first is a code's highest bit.
_RING = ((-1, 0), (-1, 1), (0, 1), (1, 1), (1, 0), (1, -1), (0, -1), (-1, -1))
_FAR = np.hypot(*np.array(_RING).T)
#: Masks of more pixels are thinned over the whole picture, which is faster then.
_MOST_PIXELS = 30_000

_BITS = np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1).astype(bool)
_BRANCHES = (_BITS & ~np.roll(_BITS, 1, axis=1)).sum(axis=1)
_NEIGHBOURS = _BITS.sum(axis=1)
#: A pixel with two neighbours that touch each other cuts no corner: paths pass it by.
_CORNER = np.isin(np.arange(256), [0b10100000, 0b00101000, 0b00001010, 0b10000010])


def _removable() -> list[Mask]:
    """Return, by code, what the two halves of a step of Guo and Hall take away."""
    ring = _BITS.T
    straight, after = ring[::2], ring[1::2]
    before = np.roll(after, 1, axis=0)
    connected = (~straight & (after | np.roll(straight, -1, axis=0))).sum(axis=0)
    count = np.minimum((before | straight).sum(axis=0), (straight | after).sum(axis=0))
    rim = (connected == 1) & (count >= 2) & (count <= 3)
    north, north_east, east, south_east, south, south_west, west, north_west = ring
    return [
        rim & ~((south | south_west | ~north_west) & west),
        rim & ~((north | north_east | ~south_east) & east),
    ]


_REMOVABLE = _removable()


def chains_of(mask: Mask) -> list[Chain]:
    """Return the skeleton of a mask as simple chains of pixels, cut where devices cross.

    Thinning follows Guo and Hall (Commun ACM 1989;32:359, algorithm A1). A pixel of the
    skeleton with three or more branches, and its neighbours, belong to no chain; what crosses
    there is joined again by direction (see `centerline`). Of a closed ring that nothing leaves,
    half is kept.
    """
    padded = np.pad(mask, 1)
    flat, width = padded.reshape(-1), padded.shape[1]
    ring = np.array([a * width + b for a, b in _RING])
    places = _uncrossed(flat, _thinned(flat, padded.shape, ring), ring)
    rows, columns = np.divmod(places, width)
    points = np.column_stack([columns, rows]).astype(np.float64) - 1.0
    return [points[path] for path in _paths(flat, places, ring, points)]


def _codes(flat: Mask, places: Places, ring: Places) -> Codes:
    """Return which of their neighbours are there, a bit each."""
    return np.packbits(flat[places[:, None] + ring], axis=1)[:, 0]


def _thinned(flat: Mask, shape: tuple[int, ...], ring: Places) -> Places:
    """Thin a mask in place and return the places of its skeleton."""
    places = np.flatnonzero(flat)
    if len(places) > _MOST_PIXELS:
        from skimage.morphology import skeletonize

        flat[:] = skeletonize(flat.reshape(shape)).reshape(-1)  # type: ignore[no-untyped-call]
        return np.flatnonzero(flat)
    before = -1
    while before != len(places):
        before = len(places)
        for removable in _REMOVABLE:
            gone = removable[_codes(flat, places, ring)]
            flat[places[gone]] = False
            places = places[~gone]
    return places


def _uncrossed(flat: Mask, places: Places, ring: Places) -> Places:
    """Take crossings, their neighbours and corners out of a skeleton in place."""
    crossings = places[_BRANCHES[_codes(flat, places, ring)] >= 3]
    flat[crossings] = False
    flat[crossings[:, None] + ring] = False
    places = places[flat[places]]
    flat[places[_CORNER[_codes(flat, places, ring)]]] = False
    return places[flat[places]]


def _paths(flat: Mask, places: Places, ring: Places, points: Chain) -> list[Places]:
    """Return the longest path of every component, in the order of their first pixels."""
    number = np.empty(len(flat), np.intp)
    number[places] = np.arange(len(places))
    has = flat[places[:, None] + ring]
    simple, rest = _walked(has, number[places[:, None] + ring])
    paths = [_turned(path, points) for path in simple]
    if len(rest):
        paths += _searched(has, number[places[:, None] + ring], rest)
    return sorted(paths, key=lambda path: int(path.min()))


def _walked(has: Mask, other: Places) -> tuple[list[Places], Places]:
    """Return the components that are simple paths, end to end, and the pixels of the others."""
    count = has.sum(axis=1)
    rows = np.arange(len(has))
    one = other[rows, has.argmax(axis=1)].tolist()
    two = other[rows, 7 - has[:, ::-1].argmax(axis=1)].tolist()
    branches, left = count.tolist(), np.ones(len(has), bool)
    paths = [np.array([single]) for single in np.flatnonzero(count == 0).tolist()]
    ends = set(np.flatnonzero(count == 1).tolist())
    for start in sorted(ends):
        if start not in ends:
            continue
        walk, before, at = [start], start, one[start]
        while branches[at] == 2:
            walk.append(at)
            before, at = at, two[at] if one[at] == before else one[at]
        if branches[at] == 1:
            ends.discard(at)
            paths.append(np.array([*walk, at]))
    for path in paths:
        left[path] = False
    return paths, np.flatnonzero(left)


def _turned(path: Places, points: Chain) -> Places:
    """Return a path so that it ends farther from its first pixel in the picture than it begins."""
    along = np.cumsum(np.linalg.norm(np.diff(points[path], axis=0), axis=1))
    first = int(path.argmin())
    before = along[first - 1] if first else 0.0
    return path[::-1] if len(path) > 1 and along[-1] - before < before else path


def _searched(has: Mask, other: Places, rest: Places) -> list[Places]:
    """Return the longest path of every other component: two sweeps, exact without rings."""
    from scipy import sparse
    from scipy.sparse import csgraph

    place = np.zeros(len(has), np.intp)
    place[rest] = np.arange(len(rest))
    rows, ways = np.nonzero(has[rest])
    graph = sparse.csr_array(
        (_FAR[ways], (rows, place[other[rest][rows, ways]])), shape=(len(rest), len(rest))
    )
    count, component = csgraph.connected_components(graph, directed=False)
    start = np.unique(component, return_index=True)[1]
    ends = _farthest(_sweep(graph, start)[0], component, count)
    distance, before = _sweep(graph, ends)
    return [rest[_walk(before, int(end))] for end in _farthest(distance, component, count)]


def _sweep(graph: Any, sources: Places) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int32]]:
    from scipy.sparse import csgraph

    distance, before, _ = csgraph.dijkstra(
        graph, indices=sources, min_only=True, return_predecessors=True
    )
    return distance, before


def _farthest(
    distance: npt.NDArray[np.float64], component: npt.NDArray[np.int32], count: int
) -> Places:
    order = np.lexsort((distance, component))
    last = np.cumsum(np.bincount(component, minlength=count)) - 1
    return np.asarray(order[last])


def _walk(before: npt.NDArray[np.int32], end: int) -> Places:
    path, steps = [end], before.tolist()
    while steps[path[-1]] >= 0:
        path.append(steps[path[-1]])
    return np.array(path, np.intp)
