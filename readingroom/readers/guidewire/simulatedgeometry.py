"""The C-arm of simulated pictures: from patient space to the picture, as DICOM says it.

Positioner angles are those of DICOM PS3.3 C.8.7.5.1.2: the primary angle is positive
towards the patient's left (LAO), the secondary positive towards the head (CRAN); at 0/0
the detector is in front of the patient. Points are mm in LPS axes from the isocentre.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class CArm:
    """One projection.

    Attributes
    ----------
    primary_deg, secondary_deg : float
        Positioner angles (0018,1510) and (0018,1511).
    sid_mm, sod_mm : float
        Distance source to detector (0018,1110) and to the isocentre ("patient", 0018,1111).
    imager_mm : float
        Pixel spacing on the detector (0018,1164).
    size : int
        Rows and columns of the picture.
    """

    primary_deg: float = 0.0
    secondary_deg: float = 0.0
    sid_mm: float = 1050.0
    sod_mm: float = 750.0
    imager_mm: float = 0.3
    size: int = 512

    @property
    def pixel_mm(self) -> float:
        """Pixel spacing at the isocentre, mm."""
        return self.imager_mm * self.sod_mm / self.sid_mm

    @property
    def axes(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Unit vectors: along columns' number, along rows' number, isocentre to detector."""
        alpha, beta = np.deg2rad([self.primary_deg, self.secondary_deg])
        right = np.array([np.cos(alpha), np.sin(alpha), 0.0])
        front = np.array(
            [np.sin(alpha) * np.cos(beta), -np.cos(alpha) * np.cos(beta), np.sin(beta)]
        )
        return right, np.cross(right, front), front

    @property
    def source(self) -> FloatArray:
        """Place of the focal spot, mm."""
        return -self.sod_mm * self.axes[2]

    @property
    def matrix(self) -> FloatArray:
        """Projection matrix (3, 4): LPS mm, homogeneous, to picture ``(x, y, 1)`` times depth."""
        right, down, front = self.axes
        focal, centre = self.sid_mm / self.imager_mm, (self.size - 1) / 2
        camera = np.diag([focal, focal, 1.0])
        camera[:2, 2] = centre
        world = np.zeros((3, 4))
        world[:, :3] = np.stack([right, down, front])
        world[2, 3] = self.sod_mm
        return np.asarray(camera @ world)

    def project(self, points_mm: FloatArray) -> FloatArray:
        """Return the picture points ``(x, y)`` px of points (n, 3) mm."""
        seen = points_mm @ self.matrix[:, :3].T + self.matrix[:, 3]
        return np.asarray(seen[:, :2] / seen[:, 2:])

    def oblique_gain(self, axis_mm: FloatArray) -> FloatArray:
        """Return how much longer rays run through a tube along `axis_mm`, by point (1…4)."""
        heading = np.gradient(axis_mm, axis=0)
        heading /= np.maximum(np.linalg.norm(heading, axis=1, keepdims=True), 1e-9)
        ray = axis_mm - self.source
        ray /= np.linalg.norm(ray, axis=1, keepdims=True)
        sine = np.linalg.norm(np.cross(heading, ray), axis=1)
        return np.asarray(1.0 / np.maximum(sine, 0.25))
