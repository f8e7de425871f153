"""The prior scan: found, linked by the stored transform or by coordinates, its findings paired."""

from __future__ import annotations

import numpy as np
import pytest
import SimpleITK as sitk

from readingroom import folder
from readingroom.errors import RefusedInput
from readingroom.imaging import transforms
from readingroom.review import ReviewSession
from readingroom.review.prior import folder_of, open_prior
from Testing.fixtures.review_pair import DAYS, SHIFT_MM, a_compared_case

POINT = (4.0, -3.0, 20.0)


@pytest.fixture
def a_pair(a_case, tmp_path):
    """The session of the later reading, and the folder of the earlier one."""
    later, earlier = a_compared_case(a_case, tmp_path / "pair")
    session = ReviewSession.open(later, study=a_case.study, autosave=False)
    yield session, earlier
    session.close()


def opened(a_pair):
    session, earlier = a_pair
    return open_prior(session.reading, session.volume, earlier)


def test_places_are_carried_by_the_stored_transform_and_back(a_pair):
    link = opened(a_pair).link

    assert link.how == "registered"
    assert np.allclose(link.to_prior(POINT), POINT + SHIFT_MM)
    assert np.allclose(link.to_current(POINT + SHIFT_MM), POINT, atol=0.01)


def test_without_a_transform_patient_coordinates_link_and_it_says_so(a_pair):
    session, earlier = a_pair
    bare = session.reading.model_copy(update={"transforms": {}})
    link = open_prior(bare, session.volume, earlier).link

    assert link.how == "coordinates"
    assert np.allclose(link.to_prior(POINT), POINT)


def test_a_transform_to_another_scan_is_not_used(a_pair):
    session, earlier = a_pair
    other = [
        f.model_copy(
            update={"evidence": {"prior": {**f.evidence["prior"], "study_uid": "1.2.3.4"}}}
        )
        for f in session.reading.findings
    ]
    reading = session.reading.model_copy(update={"findings": other})
    prior = open_prior(reading, session.volume, earlier)

    assert prior.link.how == "coordinates"
    assert prior.counterparts(reading.findings[0]) == []


def test_a_finding_has_its_counterpart_with_its_own_voxels(a_pair):
    session, _ = a_pair
    prior = opened(a_pair)
    finding = session.reading.findings[0]
    (before,) = prior.counterparts(finding)
    start, own = prior.voxels_of(before)

    assert before.id == finding.id
    assert np.allclose(before.position_lps_mm, finding.position_lps_mm + SHIFT_MM, atol=1e-3)
    assert (start, own.sum()) == (
        session.mask_of(finding.id)[0],
        session.mask_of(finding.id)[1].sum(),
    )


def test_of_several_that_merged_the_largest_comes_first(a_pair):
    session, _ = a_pair
    prior = opened(a_pair)
    finding = session.reading.findings[0]
    every = [f.id for f in prior.reading.findings]
    merged = finding.model_copy(
        update={"evidence": {"prior": {**finding.evidence["prior"], "ids": every}}}
    )
    volumes = [f.measurements["volume"].value for f in prior.counterparts(merged)]

    assert len(volumes) == len(every)
    assert volumes == sorted(volumes, reverse=True)


def test_the_interval_is_that_of_the_acquisitions(a_pair):
    session, earlier = a_pair
    series = session.reading.study.series[0]
    dated = series.model_copy(
        update={"acquisition": {**series.acquisition, "acquired_at": "2024-03-01T10:00:00"}}
    )
    reading = session.reading.model_copy(
        update={"study": session.reading.study.model_copy(update={"series": [dated]})}
    )

    assert open_prior(reading, session.volume, earlier).days == DAYS


def test_another_patients_reading_is_refused(a_pair):
    session, earlier = a_pair
    stranger = folder.load(earlier)
    stranger.study = stranger.study.model_copy(update={"patient": {"id": "SOMEBODY-ELSE"}})
    folder.save(stranger, earlier)
    with pytest.raises(RefusedInput, match="PATIENTS_DIFFER"):
        open_prior(session.reading, session.volume, earlier)


def test_the_reading_that_was_compared_goes_before_the_listed_one(a_pair, tmp_path):
    session, earlier = a_pair
    listed = tmp_path / "listed"

    compared = session.reading.model_copy(update={"options": {"prior": str(earlier)}})

    assert folder_of(compared, listed) == earlier
    gone = session.reading.model_copy(update={"options": {"prior": str(tmp_path / "gone")}})
    assert folder_of(gone, listed) == listed
    assert folder_of(gone, None) is None


def test_the_transform_stays_with_every_revision(a_pair):
    session, _ = a_pair
    session.accept(session.reading.findings[0].id)
    session.save("Dr. Who")

    for number in (1, 2, 3):
        there = folder.revision(session.directory, number).transforms
        assert ("prior" in there) == (number > 1)  # the first was not compared yet


def test_a_bent_transform_comes_back_from_its_file():
    grid = sitk.Image([40, 40, 40], sitk.sitkUInt8)
    spline = sitk.BSplineTransformInitializer(grid, [3, 3, 3], 3)
    rng = np.random.default_rng(0)
    spline.SetParameters(rng.normal(0.0, 1.0, len(spline.GetParameters())).tolist())
    both = sitk.CompositeTransform([sitk.TranslationTransform(3, [3.0, 2.0, 1.0]), spline])
    back = transforms.decode(transforms.encode(both))
    there = transforms.moved(back, (20.0, 21.0, 22.0))

    assert np.allclose(there, both.TransformPoint((20.0, 21.0, 22.0)))
    inverse = transforms.moved_back(lambda p: transforms.moved(back, p), there)
    assert np.allclose(inverse, (20.0, 21.0, 22.0), atol=0.02)


def test_a_damaged_transform_is_one_clear_message():
    with pytest.raises(RefusedInput, match="TRANSFORM_DAMAGED"):
        transforms.decode(b"not a transform")
