"""Cases with known truth: simulated nodules in a deformed real lung.

Each nodule's volume, diameter, mask and type are known exactly; the scanner's voxels,
slice thickness, blur and noise are applied to it as to the scan around it.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from readingroom.imaging import synthesis
from readingroom.reader import Progress
from readingroom.readers.lungnodule import simulatednodule as solids
from readingroom.readers.lungnodule.placement import Sites, place
from readingroom.readers.lungnodule.simulatedlung import (
    LungScan,
    Protocol,
    SourceLung,
    deform,
    random_habitus,
    random_protocol,
)
from readingroom.readers.lungnodule.simulatedmimics import add_mimics, draw_plate
from readingroom.readers.lungnodule.simulatednodule import FloatArray, Nodule
from readingroom.readers.lungnodule.simulatedscan import InsertedNodule, SimulatedScan
from readingroom.readers.lungnodule.simulatedtype import random_diameter, random_nodule
from readingroom.study import Acquisition, Patient, Study, Volume

#: Chooses the nodules of a scan.
Choose = Callable[[np.random.Generator], Sequence[Nodule]]


def screening_nodules(count: int) -> Choose:
    """Return a choice of `count` nodules of 3…30 mm, all types and attachments."""

    def choose(rng: np.random.Generator) -> list[Nodule]:
        return [random_nodule(rng, random_diameter(rng)) for _ in range(count)]

    return choose


def simulate(
    rng: np.random.Generator,
    source: SourceLung,
    nodules: Choose | None = None,
    *,
    protocol: Protocol | None = None,
    wild: bool = False,
) -> SimulatedScan:
    """Return a scan of a new patient with nodules; drawn at random where not given.

    Parameters
    ----------
    nodules : callable, optional
        Chooses them; eight of 3…30 mm by default.
    wild : bool
        For training: a more deformed patient with drawn vessels, scars and opacities.
    """
    protocol = protocol or random_protocol(rng)
    scan = deform(rng, source, protocol, random_habitus(rng, wild=wild))
    if wild:
        add_mimics(rng, scan)
    return insert(rng, scan, (nodules or screening_nodules(8))(rng), source.noise_hu)


def insert(
    rng: np.random.Generator,
    scan: LungScan,
    nodules: Sequence[Nodule],
    source_noise_hu: float = 0.0,
) -> SimulatedScan:
    """Put `nodules` into `scan`, largest first, and add noise; those without room are left out."""
    sites = Sites.of(scan)
    taken = scan.real.copy()
    placed: list[InsertedNodule] = []
    hu, drawn = scan.hu.copy(), LungScan(scan.hu.copy(), scan.lungs, scan.protocol, scan.real)
    for nodule in sorted(nodules, key=lambda n: -n.diameter_mm):
        centre = place(rng, drawn, sites, nodule, taken)
        if centre is None:
            continue
        if nodule.attachment == "perifissural":
            _draw_fissure(rng, hu, scan, centre, nodule)
        inserted = put(rng, hu, scan, nodule, centre, source_noise_hu)
        if inserted is not None:
            placed.append(inserted)
            taken = np.vstack([taken, [*centre, nodule.reach_mm]])
    noisy = hu + _added_noise(rng, scan.protocol, hu.shape, source_noise_hu)
    whole = np.clip(np.rint(noisy), -1024, 3071).astype(np.int16)
    return SimulatedScan(whole, scan.lungs, tuple(placed), scan.real, scan.protocol)


def put(
    rng: np.random.Generator,
    hu: npt.NDArray[np.float32],
    scan: LungScan,
    nodule: Nodule,
    centre_mm: FloatArray,
    source_noise_hu: float = 0.0,
) -> InsertedNodule | None:
    """Draw one nodule into `hu`, in place; None where it does not lie in the lung.

    What is denser than the nodule stays seen through it, as vessels are in ground glass.
    """
    protocol = scan.protocol
    optics = solids.Optics(protocol.spacing_mm, protocol.thickness_mm, protocol.blur_mm)
    volumes, mask, box = [], np.zeros((0, 0, 0), bool), (slice(0, 0),) * 3
    before = np.zeros((0, 0, 0), np.float32)
    for number, layer in enumerate(nodule.layers):
        part = solids.render(layer.shape, centre_mm + layer.offset_mm, hu.shape, optics)
        if not part.seen.size:
            return None
        lung = scan.lungs[part.box] > 0
        volumes.append(float(part.exact[lung].sum() * np.prod(protocol.spacing_mm)))
        if number == 0:
            mask, box = (part.exact >= 0.5) & lung, part.box
            before = hu[box].copy()
        _draw(rng, hu, part, layer, whole=number == 0, noise_hu=source_noise_hu)
    if volumes[0] < 0.3 * nodule.layers[0].shape.volume_mm3 or not mask.any():
        return None
    solid = {"solid": volumes[0], "calcified": volumes[0], "ground_glass": 0.0}
    solid_volume = solid.get(nodule.type, volumes[-1])
    contrast = float((hu[box] - before)[mask].mean())
    start = (box[0].start, box[1].start, box[2].start)
    return InsertedNodule(nodule, centre_mm, volumes[0], solid_volume, start, mask, contrast)


def _draw(
    rng: np.random.Generator,
    hu: npt.NDArray[np.float32],
    part: solids.Rendered,
    layer: solids.Layer,
    *,
    whole: bool,
    noise_hu: float,
) -> None:
    here = hu[part.box]
    density = np.full(here.shape, layer.hu, np.float32)
    if layer.texture_hu:
        density += layer.texture_hu * synthesis.smooth_noise(rng, here.shape, 2.5)
    # The source's own noise is hidden behind a solid nodule; interpolation has halved it.
    density += synthesis.ct_noise(rng, here.shape, 0.6 * noise_hu, [0.3, 0.6, 0.6])
    change = density - here
    # The whole never thins what is there; its parts replace what it drew.
    here += part.seen * (np.maximum(change, 0) if whole else change)


def _draw_fissure(
    rng: np.random.Generator,
    hu: npt.NDArray[np.float32],
    scan: LungScan,
    centre: FloatArray,
    nodule: Nodule,
) -> None:
    shape = nodule.layers[0].shape
    normal = shape.turn[:, int(np.argmin(shape.radii_mm))]
    at = centre + normal * float(shape.radii_mm.min()) * rng.uniform(-0.8, 0.8)
    draw_plate(
        rng,
        hu,
        scan.spacing_mm,
        at,
        normal,
        radius_mm=float(rng.uniform(12, 30)),
        thickness_mm=float(rng.uniform(0.6, 1.2)),
        density_hu=float(rng.uniform(-650, -350)),
    )


def _added_noise(
    rng: np.random.Generator, protocol: Protocol, shape: tuple[int, ...], source_noise_hu: float
) -> npt.NDArray[np.float32]:
    """Return what is lacking to the protocol's noise, in white and soft-kernel texture."""
    lacking = math.sqrt(max(protocol.noise_hu**2 - (0.6 * source_noise_hu) ** 2, 4.0))
    return synthesis.ct_noise(rng, shape, lacking, [0.0, *[float(rng.uniform(0.35, 0.8))] * 2])


def as_study(scan: SimulatedScan, name: str = "simulated") -> Study:
    """Return a simulated scan as a study with one CT volume."""
    volume = Volume(
        pixels=lambda: scan.hu.copy(),
        shape=(scan.hu.shape[0], scan.hu.shape[1], scan.hu.shape[2]),
        ijk_to_lps=scan.ijk_to_lps,
        acquisition=acquisition_of(scan.protocol),
        description=name,
    )
    return Study(volumes=(volume,), source=name)


def acquisition_of(protocol: Protocol) -> Acquisition:
    """Return the protocol as a CT acquisition."""
    return Acquisition(
        modality="CT",
        kvp=120.0,
        slice_thickness_mm=protocol.thickness_mm,
        slice_increment_mm=protocol.spacing_mm[0],
        body_part="CHEST",
    )


def truth_record(scan: SimulatedScan) -> dict[str, Any]:
    """Return the truth as plain data: a row per nodule, positions in LPS mm."""
    return {"nodules": [_row(scan, nodule) for nodule in scan.nodules]}


def _row(scan: SimulatedScan, found: InsertedNodule) -> dict[str, Any]:
    ijk = (found.centre_mm / np.array(scan.spacing_mm))[::-1]
    lps = scan.ijk_to_lps[:3, :3] @ ijk + scan.ijk_to_lps[:3, 3]
    return {
        "position_lps_mm": [round(float(x), 2) for x in lps],
        "type": found.nodule.type,
        "attachment": found.nodule.attachment,
        "diameter": round(found.diameter_mm, 3),
        "volume": round(found.volume_mm3, 2),
        "solid_volume": round(found.solid_volume_mm3, 2),
        "contrast_to_noise": round(found.contrast_hu / scan.protocol.noise_hu, 2),
    }


def write_cases(
    out: Path, cases: int, seed: int, progress: Progress, scan: Path | None = None
) -> list[Path]:
    """Write `cases` simulated patients as DICOM series with their truth.

    Parameters
    ----------
    out : Path
        Gets a folder per case with the series, and ``case_NNNN.truth.json`` beside it.
    scan : Path, optional
        Folder with ``cxr.nii.gz`` and ``mask.nii.gz``; the demonstration's by default.
    """
    from readingroom.imaging.write import SeriesIdentity, write_ct_series
    from readingroom.readers.lungnodule.sources import organ_map_source

    source = organ_map_source(scan or Path(".cache") / "LIDC-IDRI-0001-organs")
    written = []
    for number in range(cases):
        progress(f"case {number + 1}", number / cases)
        case = simulate(np.random.default_rng([seed, number]), source)
        folder = out / f"case_{number:04d}"
        name = f"SIM{seed}-{number:04d}"
        identity = SeriesIdentity(
            patient=Patient(id=name, name=f"Simulated^{name}"),
            description="Simulated nodules, known truth",
        )
        write_ct_series(case.hu, case.ijk_to_lps, folder, identity, acquisition_of(case.protocol))
        text = json.dumps(truth_record(case), indent=1)
        folder.with_suffix(".truth.json").write_text(text, encoding="utf-8")
        written.append(folder)
    return written
