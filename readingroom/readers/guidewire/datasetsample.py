"""One labelled frame of a public data set, and what its labels mean."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import numpy.typing as npt

from readingroom.errors import RefusedInput

Subset = Literal["train", "validation", "test", "sealed"]
Frame = npt.NDArray[np.uint8]
Labels = npt.NDArray[np.uint8]

#: Values of `Sample.load`'s labels, the same for every data set.
BACKGROUND, GUIDEWIRE, CATHETER, VESSEL, BALLOON, OTHER = range(6)
SUBSETS: dict[str, Subset] = {
    "train": "train",
    "training": "train",
    "val": "validation",
    "valid": "validation",
    "validation": "validation",
    "test": "test",
    "testing": "test",
}


@dataclass(frozen=True)
class Sample:
    """One labelled frame, not loaded yet.

    Attributes
    ----------
    dataset : {'cathaction', 'mosxav', 'weiss', 'arcade'}
    subset : {'train', 'validation', 'test', 'sealed'}
        As the data set's authors divide it; ``sealed`` is the final test.
    sequence, number : str, int
        Which sequence, and which of its labelled frames.
    classes : frozenset of int
        The label values that the data set marks; others are unknown in its frames, not
        absent (MOSXAV shows guidewires and does not mark them).
    load : callable
        Returns frame and labels, uint8 ``[row, col]``.
    """

    dataset: str
    subset: Subset
    sequence: str
    number: int
    classes: frozenset[int]
    load: Callable[[], tuple[Frame, Labels]] = field(compare=False, repr=False)


def damaged(what: str) -> RefusedInput:
    """Return the refusal of a data set that is not as its authors published it."""
    return RefusedInput("DATASET_DAMAGED", what, "Unpack the data set's archive again.")
