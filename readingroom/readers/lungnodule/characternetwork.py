"""A nodule's characteristics as the network of them estimates it (``lungnodule-characteristics``).

The second estimate beside that of classical descriptors: the network sees the picture, not
the outline, and was taught by simulated nodules of known characteristics only.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from readingroom.errors import RefusedInput
from readingroom.readers.lungnodule import cards
from readingroom.readers.lungnodule.characterdata import CALCIFICATION, GRADED, STRUCTURE
from readingroom.readers.lungnodule.characterpatches import channels, cube, numbers
from readingroom.readers.lungnodule.probabilities import BY_NETWORK

if TYPE_CHECKING:
    from readingroom.inference.cards import Card
    from readingroom.inference.engine import Engine
    from readingroom.readers.lungnodule.scan import Part, Scan
    from readingroom.reading import Finding

Triple = tuple[float, float, float]

OUTPUTS = len(GRADED) + len(CALCIFICATION) + len(STRUCTURE)
_BATCH = 32
_SMALLEST_MM = 2.0


def installed() -> Card | None:
    """Return the network's card; None where it is not installed."""
    from readingroom.inference.cards import load_card

    try:
        return load_card(cards.CHARACTERISTICS)
    except RefusedInput:
        return None


def estimate(
    engine: Engine,
    hu: npt.NDArray[np.generic],
    spacing_mm: Triple,
    positions_kji: Sequence[Sequence[float]],
    diameters_mm: Sequence[float],
) -> list[dict[str, float]]:
    """Return the characteristics of nodules, as `characteristics.SCALES` and the structure.

    Parameters
    ----------
    hu : ndarray, ``[k, j, i]``
        Canonical native grid.
    positions_kji : sequence of (k, j, i)
        Middles of the nodules, voxels.
    diameters_mm : sequence of float
        Diameters of the balls of their volumes.

    Raises
    ------
    RefusedInput
        ``CARD_MISSING``, if the model is not there.
    """
    session = engine.session(cards.CHARACTERISTICS)
    found = []
    for start in range(0, len(diameters_mm), _BATCH):
        sizes = list(diameters_mm[start : start + _BATCH])
        places = positions_kji[start : start + _BATCH]
        cubes = [cube(hu, spacing_mm, p, d) for p, d in zip(places, sizes, strict=True)]
        beside = numbers(sizes, [spacing_mm] * len(sizes))
        found += [ratings_of(row) for row in session(channels(np.stack(cubes)), beside)]
    return found


def described(
    engine: Engine, scan: Scan, findings: Sequence[Finding], parts: Sequence[Part]
) -> list[Finding]:
    """Return the findings with what the network says of them; as they were without its card.

    Parameters
    ----------
    findings, parts : sequence
        Nodules and their voxels, in the same order.
    """
    card = installed()
    if card is None or not findings:
        return list(findings)
    places, sizes = [], []
    for finding, part in zip(findings, parts, strict=True):
        start, mask = scan.canonical_part(part)
        places.append((np.argwhere(mask).mean(0) + start).tolist())
        volume = float(finding.measurements["volume"].value or 0.0)
        sizes.append(max((6 * volume / np.pi) ** (1 / 3), _SMALLEST_MM))
    said = estimate(engine, scan.hu, scan.spacing_mm, places, sizes)
    record = {"model": card.name, "sha256": card.sha256, "errors": errors_of(card)}
    return [
        f.model_copy(update={"evidence": {**f.evidence, BY_NETWORK: {**record, "ratings": one}}})
        for f, one in zip(findings, said, strict=True)
    ]


def errors_of(card: Card) -> dict[str, float]:
    """Return the root mean square error of each grade on unseen nodules, as the card says."""
    known = {name: card.metrics.get(f"{name}_rmse") for name in GRADED}
    return {name: metric.value for name, metric in known.items() if metric is not None}


def ratings_of(row: npt.NDArray[Any]) -> dict[str, float]:
    """Return ratings from one row of the network's outputs ``(OUTPUTS,)``.

    Grades are kept within their scale; classes are the likeliest one.
    """
    grades = np.clip(3 + 2 * row[: len(GRADED)].astype(np.float64), 1, 5)
    said = {name: round(float(g), 2) for name, g in zip(GRADED, grades, strict=True)}
    first = len(GRADED) + len(CALCIFICATION)
    said["calcification"] = float(CALCIFICATION[int(row[len(GRADED) : first].argmax())])
    said["internal_structure"] = float(STRUCTURE[int(row[first:].argmax())])
    return said
