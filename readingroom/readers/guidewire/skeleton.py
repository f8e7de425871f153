"""From the mask of thin devices to ordered pixel chains: thin, cut at crossings, walk.

Chains are ``[n, 2]`` float64, ``(x, y)`` = ``(column, row)`` in pixels.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.sparse import csgraph

Chain = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

#: The ring of eight neighbours, in order around a pixel.
_RING = ((-1, 0), (-1, 1), (0, 1), (1, 1), (1, 0), (1, -1), (0, -1), (-1, -1))
#: Half of them: every pair of neighbours once.
_FORWARD = ((0, 1), (1, -1), (1, 0), (1, 1))


def chains_of(mask: Mask) -> list[Chain]:
    """Return the skeleton of a mask as simple chains of pixels, cut where devices cross.

    Thinning follows Zhang and Suen (Commun ACM 1984;27:236). A pixel of the skeleton with
    three or more branches, and its neighbours, belong to no chain; what crosses there is
    joined again by direction (see `centerline`). Of a closed ring that nothing leaves, half is
    kept.
    """
    from skimage.morphology import skeletonize

    thinned: Mask = skeletonize(mask)  # type: ignore[no-untyped-call]
    thin = np.pad(thinned, 1)
    rows, columns = np.nonzero(_uncrossed(thin))
    if not len(rows):
        return []
    return [
        np.column_stack([columns[path], rows[path]]).astype(np.float64) - 1.0
        for path in _paths(_neighbours(rows, columns, thin.shape))
    ]


def _uncrossed(thin: Mask) -> Mask:
    """Return the skeleton, which has an empty rim, without crossings and their neighbours."""
    rows, columns = np.nonzero(thin)
    ring = np.stack([thin[rows + a, columns + b] for a, b in _RING])
    branches = (ring & ~np.roll(ring, 1, axis=0)).sum(axis=0)
    rows, columns = rows[branches >= 3], columns[branches >= 3]
    kept = thin.copy()
    for a, b in ((0, 0), *_RING):
        kept[rows + a, columns + b] = False
    return kept


def _neighbours(
    rows: npt.NDArray[np.intp], columns: npt.NDArray[np.intp], shape: tuple[int, ...]
) -> Any:
    """Return the graph of neighbouring pixels as a sparse matrix of distances."""
    number = np.full(shape, -1, np.int32)
    number[rows, columns] = np.arange(len(rows))
    first, second, length = [], [], []
    for a, b in _FORWARD:
        other = number[rows + a, columns + b]
        has = np.flatnonzero(other >= 0)
        first.append(has)
        second.append(other[has])
        length.append(np.full(len(has), float(np.hypot(a, b))))
    values = np.concatenate(length)
    places = (np.concatenate(first), np.concatenate(second))
    return sparse.csr_array((values, places), shape=(len(rows), len(rows)))


def _paths(graph: Any) -> list[npt.NDArray[np.intp]]:
    """Return the longest path of every component: two sweeps, exact without rings."""
    count, component = csgraph.connected_components(graph, directed=False)
    start = np.unique(component, return_index=True)[1]
    distance = _sweep(graph, start)[0]
    ends = _farthest(distance, component, count)
    distance, before = _sweep(graph, ends)
    return [_walk(before, int(end)) for end in _farthest(distance, component, count)]


def _sweep(
    graph: Any, sources: npt.NDArray[np.intp]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int32]]:
    distance, before, _ = csgraph.dijkstra(
        graph, directed=False, indices=sources, min_only=True, return_predecessors=True
    )
    return distance, before


def _farthest(
    distance: npt.NDArray[np.float64], component: npt.NDArray[np.int32], count: int
) -> npt.NDArray[np.intp]:
    order = np.lexsort((distance, component))
    last = np.cumsum(np.bincount(component, minlength=count)) - 1
    return np.asarray(order[last])


def _walk(before: npt.NDArray[np.int32], end: int) -> npt.NDArray[np.intp]:
    path, steps = [end], before.tolist()
    while steps[path[-1]] >= 0:
        path.append(steps[path[-1]])
    return np.array(path, np.intp)
