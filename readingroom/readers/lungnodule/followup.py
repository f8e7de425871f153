"""A reading beside an earlier one of the same person: pairs of nodules, and what became of them.

What was found of the earlier time is written into each finding's ``evidence.prior``, so that
growth follows when a nodule is corrected, without registering again.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from readingroom import folder, imaging
from readingroom.errors import ReadingRoomError, RefusedInput
from readingroom.imaging import transforms
from readingroom.imaging.source import volume_read
from readingroom.readers.lungnodule import NAME, texts, timeline
from readingroom.readers.lungnodule.judge import judge
from readingroom.readers.lungnodule.matching import Match, Spot, match
from readingroom.readers.lungnodule.options import LungNoduleOptions
from readingroom.readers.lungnodule.registration import LungImage, Registration, register
from readingroom.readers.lungnodule.scan import LOBE_LAYER, Scan
from readingroom.reading import Category, Finding, Landmark, Measurement, NoteRecord, Reading
from readingroom.study import Note, Study

#: Measurements of the earlier nodule that growth is judged by.
_KEPT = ("volume", "volume_uncertainty", "mean_diameter", "solid_mean_diameter", "solid_volume")
_ADDED = ("volume", "solid_volume")
#: Name of the transform from this scan to the prior one, for whoever shows both.
PRIOR = "prior"


def with_prior(reading: Reading, study: Study, options: LungNoduleOptions) -> Reading:
    """Return `reading` with each nodule's counterpart in the prior reading of the options.

    A prior that cannot be used (another patient, images gone) leaves a note, no refusal:
    the scan itself has been read.
    """
    try:
        return compared(reading, study, Path(str(options.prior)), options.prior_study)
    except ReadingRoomError as fault:
        return _noted(reading, [texts.prior_unused(fault)])


def compared(
    reading: Reading, study: Study, prior_folder: Path, prior_study: str | None = None
) -> Reading:
    """Return `reading`, which has its masks, compared with the one in `prior_folder`.

    Raises
    ------
    RefusedInput
        ``READERS_DIFFER``, ``PATIENTS_DIFFER``, ``DATES_REVERSED``, ``SOURCE_GONE``,
        ``STUDY_DIFFERS``, ``LUNGS_ABSENT``.
    """
    earlier = folder.load(prior_folder)
    _same_question(earlier, reading)
    days = days_between(earlier, reading)
    earlier_study = imaging.load(prior_study or _source(earlier))
    registered = register(lung_image(reading, study), lung_image(earlier, earlier_study))
    after = paired(reading, study, earlier, registered, days)
    kept = {**after.transforms, PRIOR: transforms.encode(registered.transform)}
    return after.model_copy(update={"transforms": kept})


def paired(
    reading: Reading,
    study: Study,
    earlier: Reading,
    registered: Registration,
    days: float | None,
) -> Reading:
    """Return `reading` with the counterparts of its nodules, once both scans are registered."""
    old = [f for f in earlier.findings if f.state != "rejected"]
    matches = match([_spot(f, registered) for f in reading.findings], [_spot(f, None) for f in old])
    by_id = {f.id: f for f in old}
    facts = {"date": acquired(earlier), "days": days, "study_uid": earlier.study.study_uid}
    prior = {
        one: _prior(found, by_id, facts, registered, reading.finding(one))
        for found in matches
        for one in found.now
    }
    findings = [
        f.model_copy(update={"evidence": {**f.evidence, "prior": prior[f.id]}})
        for f in reading.findings
    ]
    scan = Scan.of(volume_read(reading, study), LungNoduleOptions(**reading.options), study.patient)
    judged = judge(findings, scan)
    gone = [by_id[one] for found in matches if found.kind == "resolved" for one in found.before]
    measured = judged.measurements | _about(registered, days, len(gone))
    kept = {n: m for n, m in reading.measurements.items() if n not in measured}
    after = reading.model_copy(
        update={
            "findings": judged.findings,
            "measurements": measured | kept,
            "categories": judged.categories,
            "landmarks": [*reading.landmarks, *_resolved(gone, registered)],
        }
    )
    drawn = timeline.figure(after)
    if drawn is not None:
        after = after.model_copy(update={"figures": {**after.figures, "timeline": drawn}})
    return _noted(after, _notes(gone, registered))


def lung_image(reading: Reading, study: Study) -> LungImage:
    """Return scan and lungs of a reading with masks."""
    volume = volume_read(reading, study)
    assert reading.masks is not None  # loaded with them
    return LungImage(volume.array, reading.masks.layers[LOBE_LAYER] > 0, volume.ijk_to_lps)


def acquired(reading: Reading) -> str | None:
    """Return when the images were acquired, ISO 8601, where they say so."""
    for series in reading.study.series:
        if series.acquisition.get("acquired_at"):
            return str(series.acquisition["acquired_at"])
    return None


def days_between(earlier: Reading, later: Reading) -> float | None:
    """Return the days between two readings' acquisitions; None where a date is missing.

    Raises
    ------
    RefusedInput
        ``DATES_REVERSED`` if `earlier` was acquired after `later`.
    """
    dates = [acquired(reading) for reading in (earlier, later)]
    if dates[0] is None or dates[1] is None:
        return None
    first, second = (datetime.fromisoformat(date).replace(tzinfo=None) for date in dates if date)
    days = (second - first).total_seconds() / 86400.0
    if days < 0:
        raise RefusedInput(
            "DATES_REVERSED",
            "The reading given as the prior one was acquired later.",
            "Give the earlier reading as the prior one.",
        )
    return days


def _same_question(earlier: Reading, later: Reading) -> None:
    if earlier.reader != NAME:
        raise RefusedInput(
            "READERS_DIFFER", "The prior reading is not one of lung nodules.", "Choose another."
        )
    people = [r.study.patient.get("id") for r in (earlier, later)]
    if all(people) and people[0] != people[1]:
        raise RefusedInput(
            "PATIENTS_DIFFER",
            "The prior reading belongs to a different patient.",
            "Choose a reading of the same patient.",
        )


def _source(reading: Reading) -> list[str]:
    source = reading.study.source
    places = [source] if Path(source).exists() else source.split(os.pathsep)
    if not source or not all(Path(place).exists() for place in places):
        raise RefusedInput(
            "SOURCE_GONE",
            "The prior images are no longer where they were read.",
            "Say where they are with the option 'prior_study'.",
        )
    return places


def _spot(finding: Finding, registered: Registration | None) -> Spot:
    """Return a nodule in the prior scan's space."""
    at = np.asarray(finding.position_lps_mm)
    if registered is not None:
        at = registered.transform_point(at)
    return Spot(finding.id, at, _value(finding, "mean_diameter"))


def _value(finding: Finding, name: str) -> float:
    measured = finding.measurements.get(name)
    return 0.0 if measured is None or measured.value is None else float(measured.value)


def _prior(
    found: Match,
    earlier: dict[str, Finding],
    facts: dict[str, Any],
    registered: Registration,
    now: Finding,
) -> dict[str, Any]:
    """Return what is kept of the earlier time for one nodule."""
    there = [round(float(x), 2) for x in registered.transform_point(now.position_lps_mm)]
    record = {**facts, "kind": found.kind, "ids": list(found.before), "expected_lps_mm": there}
    if not found.before:
        return record
    old = [earlier[one] for one in found.before]
    largest = max(old, key=lambda f: _value(f, "volume"))
    record |= {name: _value(largest, name) for name in _KEPT if name in largest.measurements}
    # What has merged is compared with all that it was before.
    record |= {n: sum(_value(f, n) for f in old) for n in _ADDED if n in largest.measurements}
    before = largest.evidence.get("prior") or {}
    return record | {
        "type": largest.attributes.get("type"),
        "lung_rads": largest.attributes.get("lung_rads"),
        "position_lps_mm": list(largest.position_lps_mm),
        "distance_mm": found.distance_mm,
        "history": [*before.get("history", []), *([_time(before)] if before.get("ids") else [])],
    }


def _time(before: dict[str, Any]) -> dict[str, Any]:
    kept = ("date", "ids", "volume", "mean_diameter", "type", "days")
    return {name: before.get(name) for name in kept}


def _resolved(gone: Sequence[Finding], registered: Registration) -> list[Landmark]:
    """Return where nodules were that are no longer seen, in this scan's space."""
    marks = []
    for finding in gone:
        x, y, z = (float(v) for v in registered.inverse_point(finding.position_lps_mm))
        about = f"{_value(finding, 'mean_diameter'):.1f} mm in the prior scan"
        marks.append(Landmark(f"resolved_{finding.id}", (x, y, z), about))
    return marks


def _about(registered: Registration, days: float | None, gone: int) -> dict[str, Measurement]:
    found = {
        "resolved_count": Measurement(value=gone, unit="1", method="nodules of the prior scan"),
        "registration_lung_dice": Measurement(
            value=round(registered.lung_dice, 4), unit="1", method="lungs after registration"
        ),
    }
    if days is not None:
        found["days_since_prior"] = Measurement(value=round(days, 1), unit="d")
    return found


def _notes(gone: Sequence[Finding], registered: Registration) -> list[Note]:
    notes = []
    if gone:
        names = ", ".join(f.id for f in gone)
        notes.append(texts.RESOLVED.note(count=len(gone), names=names))
    if not registered.good:
        notes.append(texts.REGISTRATION_POOR.note(overlap=registered.lung_dice))
    return notes


def _noted(reading: Reading, notes: Sequence[Note]) -> Reading:
    records = [NoteRecord(**asdict(note)) for note in notes]
    return reading.model_copy(update={"notes": [*reading.notes, *records]})


def progression(old: Reading, new: Reading) -> dict[str, Category]:
    """Say what became of each nodule, for ``readingroom compare``.

    Where `new` was not read with `old` as its prior, the scans are registered now, which
    takes their images and masks; without these nothing is said.

    Returns
    -------
    dict of str to Category
        ``nodule_N001`` and so on: status and growth.
    """
    after = new
    if not _compared_with(new, old):
        if old.masks is None or new.masks is None:
            return {}
        try:
            after = _compared_now(old, new)
        except ReadingRoomError:
            return {}
    found = {}
    for finding in after.findings:
        if finding.state != "rejected" and finding.evidence.get("prior"):
            words = str(finding.attributes.get("growth_text") or "")
            status = str(finding.attributes.get("status") or "unknown")
            found[f"nodule_{finding.id}"] = Category(value=status, meaning=words)
    for mark in after.landmarks:
        if mark.name.startswith("resolved_"):
            name = mark.name.removeprefix("resolved_")
            found[f"prior_nodule_{name}"] = Category(value="resolved", meaning=mark.description)
    return found


def _compared_with(new: Reading, old: Reading) -> bool:
    priors = [f.evidence.get("prior") or {} for f in new.findings]
    return any(p.get("study_uid") == old.study.study_uid for p in priors)


def _compared_now(old: Reading, new: Reading) -> Reading:
    studies = [imaging.load(_source(reading)) for reading in (old, new)]
    registered = register(lung_image(new, studies[1]), lung_image(old, studies[0]))
    return paired(new, studies[1], old, registered, days_between(old, new))
