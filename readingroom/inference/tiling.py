"""Sliding-window segmentation that keeps only a slab of class scores."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import product
from typing import Literal

import numpy as np
import numpy.typing as npt

from readingroom.errors import RefusedInput
from readingroom.inference.backends import FloatArray
from readingroom.inference.session import OutOfMemoryError, Session
from readingroom.reader import Progress
from readingroom.study import Note

Shape = tuple[int, int, int]
Weights = Literal["gaussian", "constant"]

#: No tile is made smaller than this many patch multiples per axis.
_FEWEST_MULTIPLES = 2
_PROBABILITY_BYTES = 1 << 30


def segment_tiles(
    session: Session,
    image: FloatArray,
    tile: Shape,
    overlap: float = 0.5,
    progress: Progress | None = None,
    weights: Weights = "gaussian",
) -> npt.NDArray[np.uint8]:
    """Return the class of every voxel, from logits averaged over overlapping tiles.

    Scores are kept for the slices that tiles still reach and become labels as soon as
    they are final, so that memory grows with ``classes × tile depth × rows × columns``.
    The result is the one that a whole volume of scores would give, bit for bit.

    Parameters
    ----------
    session : Session
        From `Engine.session`.
    image : ndarray of float32, shape (c, k, j, i)
        Normalised as the card says.
    tile : tuple of int
        Extents ``(k, j, i)``; cut to the image and rounded up to the card's multiple.
    overlap : float
        Fraction of a tile shared with its neighbour, 0…0.9.
    progress : Progress, optional
        Told after every tile.
    weights : {'gaussian', 'constant'}
        How a voxel's place in the tile counts; the Gaussian has a standard deviation of
        an eighth of the tile (Isensee et al., Nat Methods 2021).

    Returns
    -------
    ndarray of uint8, shape (k, j, i)

    Raises
    ------
    OutOfMemoryError
        If not even the smallest tile fits on the CPU.
    Cancelled
        If `progress` was cancelled.
    """
    labels = np.empty(image.shape[1:], np.uint8)

    def fill(plan: _Plan) -> None:
        for slab in _finished_slabs(session, image, plan, progress or Progress()):
            labels[slab.start : slab.stop] = slab.scores.argmax(axis=0)

    _with_room(session, image, _Plan.of(session, image, tile, overlap, weights), fill)
    return labels


def segment_probabilities(
    session: Session,
    image: FloatArray,
    tile: Shape,
    overlap: float = 0.5,
    progress: Progress | None = None,
    weights: Weights = "gaussian",
) -> FloatArray:
    """Return each class's probability (softmax of the averaged logits) on a small grid.

    Parameters are those of `segment_tiles`.

    Returns
    -------
    ndarray of float32, shape (classes, k, j, i)

    Raises
    ------
    RefusedInput
        ``GRID_TOO_LARGE``, if the result would take more than 1 GiB.
    OutOfMemoryError, Cancelled
        As `segment_tiles`.
    """
    shape = (len(session.card.classes), *image.shape[1:])
    if 4 * int(np.prod(shape)) > _PROBABILITY_BYTES:
        raise RefusedInput(
            "GRID_TOO_LARGE",
            "Class probabilities of this grid would take more than 1 GiB.",
            "Ask for labels, or for probabilities on a coarser grid.",
        )
    probabilities = np.empty(shape, np.float32)

    def fill(plan: _Plan) -> None:
        for slab in _finished_slabs(session, image, plan, progress or Progress()):
            probabilities[:, slab.start : slab.stop] = _softmax(slab.scores / slab.weight)

    _with_room(session, image, _Plan.of(session, image, tile, overlap, weights), fill)
    return probabilities


@dataclass(frozen=True)
class _Plan:
    """Tile extents, overlap and weights of one attempt."""

    tile: Shape
    multiple: int
    overlap: float
    weights: Weights

    @classmethod
    def of(
        cls, session: Session, image: FloatArray, tile: Shape, overlap: float, weights: Weights
    ) -> _Plan:
        if image.ndim != 4 or 0 in image.shape:
            raise ValueError("the image has the axes (c, k, j, i), none of them empty")
        if not 0 <= overlap <= 0.9:
            raise ValueError("the overlap lies in 0…0.9")
        multiple = session.card.input.multiple
        least = _FEWEST_MULTIPLES * multiple
        extents = [
            _round_up(max(min(wanted, size), least), multiple)
            for wanted, size in zip(tile, image.shape[1:], strict=True)
        ]
        return cls((extents[0], extents[1], extents[2]), multiple, overlap, weights)

    def smaller(self) -> _Plan | None:
        """Return a plan whose longest extent is halved; None if it is small already."""
        extents = list(self.tile)
        axis = int(np.argmax(extents))
        half = _round_up(extents[axis] // 2, self.multiple)
        if half >= extents[axis] or half < _FEWEST_MULTIPLES * self.multiple:
            return None
        extents[axis] = half
        return replace(self, tile=(extents[0], extents[1], extents[2]))

    def starts(self, axis: int, size: int) -> list[int]:
        """Return where the tiles begin along `axis`, evenly spread over `size`."""
        extent = self.tile[axis]
        if size <= extent:
            return [0]
        step = max(int(extent * (1 - self.overlap)), 1)
        count = -(-(size - extent) // step) + 1
        return [round(n * (size - extent) / (count - 1)) for n in range(count)]

    def window(self) -> FloatArray:
        """Return the weight of each voxel of a tile, shape `tile`, largest 1, never 0."""
        if self.weights == "constant":
            return np.ones(self.tile, np.float32)
        curves = [_gaussian(extent) for extent in self.tile]
        window = curves[0][:, None, None] * curves[1][:, None] * curves[2]
        return np.asarray(np.maximum(window, 1e-4), dtype=np.float32)


def _gaussian(extent: int) -> npt.NDArray[np.float64]:
    distance = np.arange(extent) - (extent - 1) / 2
    return np.asarray(np.exp(-0.5 * (distance / (extent / 8)) ** 2))


def _round_up(extent: int, multiple: int) -> int:
    return -(-extent // multiple) * multiple


def _with_room(
    session: Session, image: FloatArray, plan: _Plan, fill: Callable[[_Plan], None]
) -> None:
    """Run `fill`, with smaller tiles and then on the CPU as long as memory is short."""
    attempt = _first_that_fits(session, image, plan)
    while True:
        try:
            return fill(attempt)
        except OutOfMemoryError:
            attempt = _next_attempt(session, plan, attempt)


def _first_that_fits(session: Session, image: FloatArray, plan: _Plan) -> _Plan:
    """Return the largest plan that the estimate lets through, or the smallest there is."""
    attempt = plan
    while not session.fits((1, image.shape[0], *attempt.tile)):
        smaller = attempt.smaller()
        if smaller is None:
            break
        attempt = smaller
    if attempt is not plan:
        _note_smaller(session)
    return attempt


def _next_attempt(session: Session, plan: _Plan, attempt: _Plan) -> _Plan:
    """Return what to try after `attempt` ran out of memory; raise if nothing is left."""
    smaller = attempt.smaller()
    if smaller is not None:
        _note_smaller(session)
        return smaller
    if session.move_to_cpu():
        return plan
    raise OutOfMemoryError(session.card.name)


def _note_smaller(session: Session) -> None:
    note = Note(
        "INFERENCE_SMALLER_TILES",
        "info",
        f"The model '{session.card.name}' ran on smaller tiles for want of memory.",
        f"内存不足，模型“{session.card.name}”改用较小的分块运行。",
    )
    if note not in session.notes:
        session.notes.append(note)


@dataclass(frozen=True)
class _Slab:
    """Slices ``start…stop`` whose scores no later tile changes.

    ``scores`` is the weighted sum of logits ``(classes, k, j, i)``, ``weight`` the sum of
    weights ``(k, j, i)``; dividing does not change which class is largest.
    """

    start: int
    stop: int
    scores: FloatArray
    weight: FloatArray


def _finished_slabs(
    session: Session, image: FloatArray, plan: _Plan, progress: Progress
) -> Iterator[_Slab]:
    """Run all tiles, slab after slab along k; yield slices as soon as they are final."""
    size = image.shape[1:]
    padded = _padded(image, plan.tile)
    depth, rows, columns = (max(s, t) for s, t in zip(size, plan.tile, strict=True))
    starts = [plan.starts(axis, size[axis]) for axis in range(3)]
    scores = np.zeros((len(session.card.classes), plan.tile[0], rows, columns), np.float32)
    weight = np.zeros((plan.tile[0], rows, columns), np.float32)
    for number, start in enumerate(starts[0]):
        part = progress.part(number / len(starts[0]), (number + 1) / len(starts[0]))
        _add_tiles(
            session, padded[:, start : start + plan.tile[0]], plan, starts, (scores, weight), part
        )
        following = starts[0][number + 1] if number + 1 < len(starts[0]) else depth
        done = following - start
        stop = min(following, size[0])
        inside = (slice(stop - start), slice(size[1]), slice(size[2]))
        yield _Slab(start, stop, scores[(slice(None), *inside)], weight[inside])
        _advance(scores, done)
        _advance(weight, done)


def _add_tiles(
    session: Session,
    slab: FloatArray,
    plan: _Plan,
    starts: list[list[int]],
    sums: tuple[FloatArray, FloatArray],
    progress: Progress,
) -> None:
    """Add the logits of all tiles of one slab ``(c, tile k, j, i)`` to the sums."""
    window = plan.window()
    corners = list(product(starts[1], starts[2]))
    for number, (j, i) in enumerate(corners):
        place = (..., slice(j, j + plan.tile[1]), slice(i, i + plan.tile[2]))
        logits = session.attempt(np.ascontiguousarray(slab[place])[None])[0]
        logits *= window
        sums[0][place] += logits
        sums[1][place] += window
        progress("segmenting", (number + 1) / len(corners))


def _advance(sums: FloatArray, done: int) -> None:
    """Move the sums `done` slices on, zeros coming in (axis -3 is k)."""
    keep = sums.shape[-3] - done
    sums[..., :keep, :, :] = sums[..., done:, :, :].copy()
    sums[..., keep:, :, :] = 0


def _padded(image: FloatArray, tile: Shape) -> FloatArray:
    """Repeat the last voxels of an image that is smaller than the tile."""
    missing = [max(t - s, 0) for t, s in zip(tile, image.shape[1:], strict=True)]
    if not any(missing):
        return image
    return np.pad(image, [(0, 0), *[(0, m) for m in missing]], mode="edge")


def _softmax(scores: FloatArray) -> FloatArray:
    powers = np.exp(scores - scores.max(axis=0))
    return np.asarray(powers / powers.sum(axis=0), dtype=np.float32)
