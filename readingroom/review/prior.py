"""An earlier reading of the same patient beside the one under review.

Both scans stay as they were acquired: only places are carried from one to the other, by the
transform that was found when the readings were compared, or by patient coordinates where there
is none.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from readingroom import folder, readers
from readingroom.errors import RefusedInput
from readingroom.imaging import transforms
from readingroom.maskregion import Index
from readingroom.reading import Finding, Masks, Reading
from readingroom.review.source import find_study, find_volume
from readingroom.study import Study, Volume

Point = npt.NDArray[np.float64]
#: ``registered``: by the stored transform. ``frame``: both scans have one frame of reference.
#: ``coordinates``: by patient coordinates of two examinations, which nobody has registered.
How = Literal["registered", "frame", "coordinates"]

#: Name of the stored transform from a scan to its prior.
TRANSFORM = "prior"


@dataclass(frozen=True)
class Link:
    """How places of the current scan and of the prior one belong together.

    Attributes
    ----------
    how : {'registered', 'frame', 'coordinates'}
    transform : SimpleITK.Transform or None
        From the current scan to the prior one; None for equal coordinates.
    """

    how: How
    transform: Any = None

    def to_prior(self, lps_mm: npt.ArrayLike) -> Point:
        """Return where a point ``(3,)`` of the current scan lies in the prior one, LPS mm."""
        if self.transform is None:
            return np.asarray(lps_mm, np.float64)
        return transforms.moved(self.transform, lps_mm)

    def to_current(self, lps_mm: npt.ArrayLike) -> Point:
        """Return where a point ``(3,)`` of the prior scan lies in the current one, LPS mm."""
        if self.transform is None:
            return np.asarray(lps_mm, np.float64)
        return transforms.moved_back(self.to_prior, lps_mm)


@dataclass(frozen=True)
class Prior:
    """The earlier reading with its images, and how it belongs to the current one.

    Attributes
    ----------
    reading : Reading
        With its masks.
    days : float or None
        Between the two acquisitions, where both are dated.
    """

    directory: Path
    reading: Reading
    study: Study
    volume: Volume
    link: Link
    days: float | None
    _marked: dict[str, tuple[Index, npt.NDArray[np.bool_]]] = field(default_factory=dict)

    @cached_property
    def masks(self) -> Masks:
        """The prior masks; empty ones where the reading has none."""
        empty = Masks([np.zeros(self.volume.shape, np.uint8)], self.volume.ijk_to_lps)
        return self.reading.masks or empty

    def counterparts(self, finding: Finding) -> list[Finding]:
        """Return what a finding of the current reading was then, the largest first.

        Several where findings have merged since; none where it is new or was never matched.
        """
        return counterparts(self.reading, finding)

    def voxels_of(self, finding: Finding) -> tuple[Index, npt.NDArray[np.bool_]]:
        """Return first ``(k, j, i)`` and box ``[k, j, i]`` of a prior finding's voxels."""
        if finding.id not in self._marked:
            reader = readers.get(self.reading.reader)
            self._marked[finding.id] = reader.voxels_of(
                self.reading, self.study, self.masks, finding
            )
        return self._marked[finding.id]


def folder_of(reading: Reading, listed: Path | None) -> Path | None:
    """Return the folder of the prior reading, None where there is none.

    The one that `reading` was compared with, or else the one that is `listed` as the
    patient's latest earlier reading.
    """
    given = reading.options.get("prior")
    if given and (Path(str(given)) / "reading.json").is_file():
        return Path(str(given))
    return listed


def open_prior(reading: Reading, volume: Volume, directory: Path) -> Prior:
    """Open the earlier reading in `directory` beside `reading` of `volume`.

    Raises
    ------
    RefusedInput
        ``PATIENTS_DIFFER``; ``SOURCE_MISSING``, ``SOURCE_CHANGED`` and as
        `readingroom.folder.load`.
    """
    earlier = folder.load(directory)
    people = [one.study.patient.get("id") for one in (earlier, reading)]
    if all(people) and people[0] != people[1]:
        raise RefusedInput(
            "PATIENTS_DIFFER",
            "The prior reading belongs to a different patient.",
            "Choose a reading of the same patient.",
        )
    study = find_study(earlier, _images_of(reading, directory))
    there = find_volume(earlier, study)
    return Prior(
        directory=directory,
        reading=earlier,
        study=study,
        volume=there,
        link=link_between(reading, earlier, volume, there, directory),
        days=days_between(earlier, reading),
    )


def link_between(
    reading: Reading, earlier: Reading, volume: Volume, there: Volume, directory: Path
) -> Link:
    """Return how two scans are linked: see `How`."""
    stored = reading.transforms.get(TRANSFORM)
    if stored is not None and _compared_with(reading, earlier, directory):
        return Link("registered", transforms.decode(stored))
    frames = [one.frame_of_reference_uid for one in (volume, there)]
    return Link("frame" if frames[0] and frames[0] == frames[1] else "coordinates")


def counterparts(earlier: Reading, finding: Finding) -> list[Finding]:
    """Return the findings of `earlier` that `finding` was matched with, the largest first."""
    prior = finding.evidence.get("prior") or {}
    if prior.get("study_uid") not in (None, earlier.study.study_uid):
        return []
    wanted = {str(one) for one in prior.get("ids") or ()}
    found = [one for one in earlier.findings if one.id in wanted]
    return sorted(found, key=lambda one: -_number(one, "volume"))


def days_between(earlier: Reading, later: Reading) -> float | None:
    """Return the days between two readings' acquisitions; None where one has no date."""
    dates = [_acquired(one) for one in (earlier, later)]
    if dates[0] is None or dates[1] is None:
        return None
    return (dates[1] - dates[0]).total_seconds() / 86400.0


def _images_of(reading: Reading, directory: Path) -> str | None:
    """Return where the options say that the prior images are now."""
    given = reading.options.get("prior")
    moved = reading.options.get("prior_study")
    return str(moved) if moved and given and Path(str(given)) == directory else None


def _compared_with(reading: Reading, earlier: Reading, directory: Path) -> bool:
    """Say whether the stored transform leads to the images of `earlier`."""
    uids = {str((f.evidence.get("prior") or {}).get("study_uid") or "") for f in reading.findings}
    if uids - {""}:
        return earlier.study.study_uid in uids
    given = reading.options.get("prior")
    return bool(given) and Path(str(given)) == directory


def _acquired(reading: Reading) -> datetime | None:
    for series in reading.study.series:
        text = series.acquisition.get("acquired_at")
        if text:
            return datetime.fromisoformat(str(text)).replace(tzinfo=None)
    return None


def _number(finding: Finding, name: str) -> float:
    measured = finding.measurements.get(name)
    return 0.0 if measured is None or measured.value is None else float(measured.value)
