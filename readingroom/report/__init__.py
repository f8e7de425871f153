"""What leaves the room: a reading folder in the formats that others read.

===============  =========================================  ======================
format           what                                       needs
===============  =========================================  ======================
``seg``          DICOM Segmentation                         the DICOM series
``sr``           DICOM Comprehensive 3D SR (TID 1500)       the DICOM series
``pdf``          one page for the physician                 the volume
``csv``          findings and totals as tables              the reading alone
``fhir``         FHIR R4 Bundle                             the reading alone
``stl``          surfaces for printing, LPS mm              the reading alone
``glb``          coloured surfaces for viewers              the reading alone
``centerlines``  centrelines of a cine, JSON and CSV        the reading alone
``video``        a cine with the devices drawn in           the frames
``nnunet``       image and label map in nnU-Net v2 layout   the volume
===============  =========================================  ======================
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from readingroom.errors import RefusedInput

if TYPE_CHECKING:
    from readingroom.reader import Progress
    from readingroom.reading import Reading
    from readingroom.study import Note, Study, Volume

__all__ = ["ReportResult", "formats", "write"]

_READ = 0.2
#: Refusals that concern one format alone: the others are still written.
_SKIPPED_ZH = {
    "SEG_EMPTY": "判读中没有任何掩膜，未生成 DICOM SEG。",
    "SOURCE_INCOMPLETE": "原始图像缺少必要的 DICOM 标识，未生成该 DICOM 对象。",
    "SEG_SEVERAL_IMAGES": "各帧来自多个图像文件，未生成 DICOM SEG。",
    "NO_CENTERLINES": "判读中没有中心线，未生成中心线文件。",
    "NOT_A_CINE": "所读为容积数据而非图像序列，未生成视频。",
    "NO_SURFACE": "图像帧没有第三维，未生成表面网格。",
    "MASKS_MISSING": "判读中没有掩膜，未生成训练数据。",
}


@dataclass
class ReportResult:
    """What was written, and what could not be and why."""

    files: list[Path] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """Return plain data for JSON lines: paths as text, notes as dictionaries."""
        return {
            "files": [str(file) for file in self.files],
            "notes": [dict(vars(note)) for note in self.notes],
        }


@dataclass
class _Job:
    """One report under way; `volume` is only there if a chosen format needs it."""

    reading: Reading
    volume: Volume | None
    out: Path
    language: str
    seg: Path | None = None


@dataclass(frozen=True)
class _Format:
    needs: Literal["reading", "volume", "dicom"]
    write: Callable[[_Job], list[Path]]


def formats() -> list[str]:
    """Return the names of the formats there are."""
    return list(_FORMATS)


def write(
    directory: str | Path,
    formats: Iterable[str],
    *,
    study: Study | str | Path | None = None,
    out: str | Path | None = None,
    language: str = "en",
    progress: Progress | None = None,
) -> ReportResult:
    """Write the reading at `directory` in each of `formats`.

    Parameters
    ----------
    directory : str or Path
        A reading folder.
    formats : iterable of str
        Names out of `readingroom.report.formats`; order and repetition do not matter.
    study : Study, str or Path, optional
        The study that was read, or where it is now; by default it is looked for where it
        was read, and only if one of the formats needs the images.
    out : str or Path, optional
        Folder for the files; ``report`` in the reading folder by default.
    language : {'en', 'zh'}
        Language of the texts that physicians read.
    progress : Progress, optional

    Returns
    -------
    ReportResult
        DICOM formats of a study that did not come as DICOM are left out with the note
        ``NO_DICOM_SOURCE``; everything else is made.

    Raises
    ------
    RefusedInput
        ``FORMAT_UNKNOWN``, ``FORMAT_MISSING``; ``SOURCE_GONE`` if the study is no longer
        where it was read; ``STUDY_DIFFERS`` if the study is not the one that was read;
        ``LANGUAGE_UNKNOWN``.
    Cancelled
        If the host asked to stop; files already written stay.
    """
    from readingroom import folder
    from readingroom.reader import Progress

    chosen = _known(formats)
    progress = progress or Progress()
    progress("load", 0.0)
    reading = folder.load(Path(directory))
    volume = _volume_for(reading, chosen, study)
    place = Path(directory) / "report" if out is None else Path(out)
    result = ReportResult()
    chosen = _without_impossible(chosen, volume, result)
    job = _Job(reading, volume, place, language)
    for done, name in enumerate(chosen):
        progress(name, _READ + (1.0 - _READ) * done / len(chosen))
        _write_one(name, job, result)
    progress("done", 1.0)
    return result


def _known(names: Iterable[str]) -> list[str]:
    """Return the formats in the order of the table: SR refers to the SEG made before it."""
    wanted = [name.strip().lower() for name in names]
    unknown = [name for name in wanted if name not in _FORMATS]
    there = f"Formats: {', '.join(_FORMATS)}."
    if unknown:
        raise RefusedInput("FORMAT_UNKNOWN", f"There is no report format '{unknown[0]}'.", there)
    if not wanted:
        raise RefusedInput("FORMAT_MISSING", "No report format was chosen.", there)
    return [name for name in _FORMATS if name in wanted]


def _write_one(name: str, job: _Job, result: ReportResult) -> None:
    try:
        result.files += _FORMATS[name].write(job)
    except RefusedInput as refusal:
        if refusal.code not in _SKIPPED_ZH:
            raise
        result.notes.append(_skipped(refusal))


def _skipped(refusal: RefusedInput) -> Note:
    from readingroom.study import Note

    return Note(refusal.code, "warning", refusal.what_happened, _SKIPPED_ZH[refusal.code])


def _without_impossible(
    chosen: list[str], volume: Volume | None, result: ReportResult
) -> list[str]:
    from readingroom.study import Note

    dicom = [name for name in chosen if _FORMATS[name].needs == "dicom"]
    if not dicom or (volume is not None and volume.is_dicom):
        return chosen
    names = " and ".join(name.upper() for name in dicom)
    names_zh = "、".join(name.upper() for name in dicom)
    result.notes.append(
        Note(
            "NO_DICOM_SOURCE",
            "warning",
            f"The study did not come as DICOM: DICOM {names} cannot refer to its images and "
            "was left out.",
            f"该检查并非 DICOM 格式，DICOM {names_zh} 无法引用其图像，已略去。",
        )
    )
    return [name for name in chosen if name not in dicom]


def _volume_for(
    reading: Reading, chosen: list[str], study: Study | str | Path | None
) -> Volume | None:
    if all(_FORMATS[name].needs == "reading" for name in chosen):
        return None
    from readingroom.imaging.source import volume_read

    return volume_read(reading, _study_of(reading, study))


def _study_of(reading: Reading, study: Study | str | Path | None) -> Study:
    from readingroom import imaging
    from readingroom.study import Study

    if isinstance(study, Study):
        return study
    return imaging.load(_source(reading) if study is None else study)


def _source(reading: Reading) -> list[str]:
    """Return the places the study was read from, which `Study.source` joins into one text."""
    source = reading.study.source
    places = [source] if Path(source).exists() else source.split(os.pathsep)
    if not source or not all(Path(place).exists() for place in places):
        raise RefusedInput(
            "SOURCE_GONE",
            "The study is no longer where it was read.",
            "Put it back, or say with --study where it is now.",
        )
    return places


def _writer(module: str) -> Any:
    """Import a writer only when its format is chosen: most of them take a while."""
    return import_module(f"readingroom.report.{module}")


def _seg(job: _Job) -> list[Path]:
    job.seg = _writer("seg").write(job.reading, job.volume, job.out / "seg.dcm")
    return [job.seg]


def _sr(job: _Job) -> list[Path]:
    path = job.out / "sr.dcm"
    return [_writer("sr").write(job.reading, job.volume, path, seg_path=job.seg)]


def _pdf(job: _Job) -> list[Path]:
    path = job.out / "report.pdf"
    return [_writer("pdf").write(job.reading, job.volume, path, language=job.language)]


def _csv(job: _Job) -> list[Path]:
    written: list[Path] = _writer("table").write(job.reading, job.out)
    return written


def _fhir(job: _Job) -> list[Path]:
    return [_writer("fhir").write(job.reading, job.out / "fhir.json")]


def _centerlines(job: _Job) -> list[Path]:
    written: list[Path] = _writer("centerlines").write(job.reading, job.out)
    return written


def _video(job: _Job) -> list[Path]:
    path = job.out / "video.mp4"
    return [_writer("video").write(job.reading, job.volume, path, language=job.language)]


def _mesh(job: _Job, file_format: str) -> list[Path]:
    if any("frame" in finding.attributes for finding in job.reading.findings):
        raise RefusedInput(
            "NO_SURFACE",
            "The reading is of frames, which have no third dimension: no surface is made.",
            "Choose other report formats.",
        )
    place = job.out / "meshes"
    for earlier in place.glob(f"*.{file_format}"):
        earlier.unlink()  # A segment that a correction removed must not stay behind.
    written: list[Path] = _writer("mesh").write(job.reading, place, file_format)
    return written


def _nnunet(job: _Job) -> list[Path]:
    pair = _writer("trainingpair")
    place = job.out / "nnunet" / pair.dataset_name(job.reading.reader)
    written: list[Path] = pair.write(job.reading, job.volume, place)
    return written


_FORMATS: dict[str, _Format] = {
    "seg": _Format("dicom", _seg),
    "sr": _Format("dicom", _sr),
    "pdf": _Format("volume", _pdf),
    "csv": _Format("reading", _csv),
    "fhir": _Format("reading", _fhir),
    "stl": _Format("reading", lambda job: _mesh(job, "stl")),
    "glb": _Format("reading", lambda job: _mesh(job, "glb")),
    "centerlines": _Format("reading", _centerlines),
    "video": _Format("volume", _video),
    "nnunet": _Format("volume", _nnunet),
}
