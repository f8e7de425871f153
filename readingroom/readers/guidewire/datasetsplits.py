"""Which public data may be trained on, validated on, and opened only at the end.

Training: CathAction and MOSXAV's training part (ARCADE's vessels and the WEISS phantom may
join). Validation: MOSXAV's test sequences. Sealed: WEISS T5 and T6, whose contrast is lowest
and whose machine is another; they are opened once, by the final evaluation. T1 to T4, of
the same hospital, are kept from training too.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from readingroom.errors import RefusedInput
from readingroom.readers.guidewire.datasets import Sample, read


@dataclass(frozen=True)
class Split:
    """Samples by what they are for."""

    training: tuple[Sample, ...]
    validation: tuple[Sample, ...]
    test: tuple[Sample, ...]
    sealed: tuple[Sample, ...]


def purpose(sample: Sample) -> str:
    """Return what a sample is for: 'training', 'validation', 'test' or 'sealed'."""
    if sample.subset == "sealed":
        return "sealed"
    if sample.dataset == "mosxav":
        return "validation" if sample.subset == "test" else "training"
    if sample.subset == "train":
        return "training"
    return "validation" if sample.subset == "validation" else "test"


def split(samples: Iterable[Sample]) -> Split:
    """Return the samples by what they are for, in the order given."""
    parts: dict[str, list[Sample]] = {k: [] for k in ("training", "validation", "test", "sealed")}
    for sample in samples:
        parts[purpose(sample)].append(sample)
    return Split(**{name: tuple(found) for name, found in parts.items()})


def for_training(*roots: str | Path) -> Split:
    """Return the split of data sets that a training was given.

    Raises
    ------
    RefusedInput
        ``SEALED_SET`` if any of the folders holds sealed frames: they are not passed over in
        silence, because who gives them to a training has mistaken them for something else.
    """
    found = split(sample for root in roots for sample in read(root))
    check_not_sealed(found.sealed)
    return found


def check_not_sealed(samples: Iterable[Sample]) -> None:
    """Refuse to go on if any sample is of the sealed set; raises ``SEALED_SET``."""
    sealed = [sample for sample in samples if purpose(sample) == "sealed"]
    if sealed:
        raise RefusedInput(
            "SEALED_SET",
            f"{len(sealed)} frames of what was given are of the sealed test (WEISS T5 and T6).",
            "Train without these files; they are for the final evaluation only.",
        )
