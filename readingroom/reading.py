"""The record of one reading: plain data, schema ``readingroom/1``.

The JSON part is a pydantic model whose JSON Schema is committed under ``Docs/``.
Masks and landmarks travel beside it (see `readingroom.folder`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field

SCHEMA = "readingroom/1"

FindingState = Literal["proposed", "accepted", "rejected", "added"]
ReadingStatus = Literal["proposed", "reviewed", "signed"]
Severity = Literal["info", "warning", "refusal"]


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid", validate_assignment=True)


class NoteRecord(_Record):
    """A remark on fitness or limits, as stored."""

    code: str
    severity: Severity
    message: str
    message_zh: str = ""


class Measurement(_Record):
    """One number with its unit and how it was made."""

    value: float | int | None
    unit: str
    method: str = ""


class Category(_Record):
    """One published class, what it means (English, Chinese) and where it was published."""

    value: str
    meaning: str = ""
    source: str = ""
    meaning_zh: str = ""


class Finding(_Record):
    """One thing seen.

    ``position_lps_mm`` lies on a voxel centre inside the finding's own mask, so that
    the finding can be found again in the mask segment named by ``mask_segment``.
    """

    id: str
    type: str
    label: str
    state: FindingState = "proposed"
    confidence: float | None = Field(default=None, ge=0.0, le=1.0)
    position_lps_mm: tuple[float, float, float]
    mask_segment: str | None = None
    measurements: dict[str, Measurement] = {}
    attributes: dict[str, Any] = {}
    evidence: dict[str, Any] = {}


class SeriesRecord(_Record):
    """The series that was read, with its acquisition facts."""

    uid: str
    modality: str
    description: str = ""
    acquisition: dict[str, Any] = {}


class StudyRecord(_Record):
    """What was read, enough to find it again."""

    patient: dict[str, Any] = {}
    study_uid: str = ""
    series: list[SeriesRecord] = []
    source: str = ""


class CardReference(_Record):
    """A model's name and the checksum of the weights that were used."""

    name: str
    sha256: str


class Provenance(_Record):
    """How the reading came about."""

    cards: list[CardReference] = []
    device: str = ""
    precision: str = ""
    seconds: dict[str, float] = {}
    package_version: str = ""
    input_sha256: str = ""


@dataclass(frozen=True)
class Segment:
    """One named mask: a label value in one layer of `Masks`.

    Parameters
    ----------
    color : tuple of float
        Red, green, blue in 0…1.
    terminology : str
        3D Slicer's serialised terminology entry, never empty (DICOM SEG export in
        3D Slicer fails without one).
    """

    name: str
    layer: int
    value: int
    color: tuple[float, float, float]
    terminology: str


@dataclass
class Masks:
    """Named masks on the grid of the volume that was read.

    Attributes
    ----------
    layers : list of ndarray
        Label maps ``[k, j, i]`` of unsigned integers, 0 = background. Masks that
        overlap (a lesion inside the heart) lie in different layers.
    ijk_to_lps : ndarray, shape (4, 4)
        Geometry shared by all layers.
    """

    layers: list[npt.NDArray[np.unsignedinteger[Any]]]
    ijk_to_lps: npt.NDArray[np.float64]
    segments: list[Segment] = field(default_factory=list)

    def names(self) -> list[str]:
        """Return the segment names in order."""
        return [segment.name for segment in self.segments]

    def mask(self, name: str) -> npt.NDArray[np.bool_]:
        """Return the boolean mask ``[k, j, i]`` of the segment called `name`.

        Raises
        ------
        KeyError
            If there is no such segment.
        """
        for segment in self.segments:
            if segment.name == name:
                return np.asarray(self.layers[segment.layer] == segment.value)
        raise KeyError(name)


@dataclass(frozen=True)
class Landmark:
    """A named point in LPS millimetres."""

    name: str
    position_lps_mm: tuple[float, float, float]
    description: str = ""


class Reading(_Record):
    """A reading without its voxels: what ``reading.json`` holds."""

    model_config = ConfigDict(
        extra="forbid", validate_assignment=True, arbitrary_types_allowed=True
    )

    schema_: str = Field(default=SCHEMA, alias="schema")
    reader: str
    reader_version: str
    revision: int = Field(default=1, ge=1)
    created: str
    reviewer: str | None = None
    status: ReadingStatus = "proposed"
    study: StudyRecord = StudyRecord()
    notes: list[NoteRecord] = []
    measurements: dict[str, Measurement] = {}
    categories: dict[str, Category] = {}
    findings: list[Finding] = []
    options: dict[str, Any] = {}
    provenance: Provenance = Provenance()
    audit: list[dict[str, Any]] = []

    masks: Masks | None = Field(default=None, exclude=True)
    landmarks: list[Landmark] = Field(default=[], exclude=True)
    figures: dict[str, bytes] = Field(default={}, exclude=True)
    #: ITK transform files (text) by name; `readingroom.imaging.transforms` reads them.
    transforms: dict[str, bytes] = Field(default={}, exclude=True)

    def finding(self, finding_id: str) -> Finding:
        """Return the finding with this id.

        Raises
        ------
        KeyError
            If there is none.
        """
        for finding in self.findings:
            if finding.id == finding_id:
                return finding
        raise KeyError(finding_id)

    def to_json(self) -> str:
        """Return the text of ``reading.json``."""
        return self.model_dump_json(by_alias=True, indent=1)
