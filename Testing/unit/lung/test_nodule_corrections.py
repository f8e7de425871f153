"""Corrections of a lung reading: measured anew without a network, ids kept, neighbours kept."""

from __future__ import annotations

import numpy as np
import pytest

from readingroom.errors import RefusedInput
from readingroom.reader import MaskChange
from readingroom.readers.lungnodule.reader import LungNoduleReader
from readingroom.readers.lungnodule.scan import NODULE_LAYER, SOLID_LAYER, Part
from readingroom.reading import Masks
from Testing.fixtures.lung_phantom import SOLID, Ball, a_reading, a_study, position_of, the_case

READER = LungNoduleReader()


def copy_of(masks):
    return Masks([layer.copy() for layer in masks.layers], masks.ijk_to_lps, masks.segments)


def edited(reading, study, layer, box, voxels):
    """Return the reading remeasured after one stroke, and the masks as they are then."""
    masks = copy_of(reading.masks)
    change = MaskChange(layer, tuple(s.start for s in box), masks.layers[layer][box].copy())
    masks.layers[layer][box] = voxels
    return READER.remeasure_part(reading, study, masks, [change]), masks


def solid(reading):
    return next(f for f in reading.findings if f.attributes["type"] == "solid")


def box_of(reading, study, finding, margin=0):
    start, mask = READER.voxels_of(reading, study, reading.masks, finding)
    return tuple(slice(a - margin, a + n + margin) for a, n in zip(start, mask.shape, strict=True))


def test_nothing_corrected_measures_the_same():
    study, reading = the_case()
    again = READER.remeasure(reading, study, copy_of(reading.masks))

    assert again.findings == reading.findings
    assert again.measurements == reading.measurements
    assert again.categories == reading.categories


def test_a_painted_contour_changes_size_and_category_and_keeps_the_id():
    study, reading = the_case()
    before = solid(reading)
    box = box_of(reading, study, before)
    half = reading.masks.layers[NODULE_LAYER][box].copy()
    half[:, half.shape[1] // 2 - 1 :] = 0
    after, _ = edited(reading, study, NODULE_LAYER, box, half)

    found = after.finding(before.id)
    assert found.measurements["volume"].value < 0.7 * before.measurements["volume"].value
    assert found.state == before.state
    assert after.measurements["nodule_volume"].value < reading.measurements["nodule_volume"].value
    other = next(f for f in reading.findings if f.id != before.id)
    assert after.finding(other.id) == other


def test_measuring_a_part_gives_what_measuring_all_gives():
    study, reading = the_case()
    box = box_of(reading, study, solid(reading))
    half = reading.masks.layers[NODULE_LAYER][box].copy()
    half[: half.shape[0] // 2] = 0
    after, masks = edited(reading, study, NODULE_LAYER, box, half)

    assert READER.remeasure(reading, study, masks).findings == after.findings
    assert READER.remeasure(reading, study, masks).measurements == after.measurements


def test_an_erased_nodule_is_gone():
    study, reading = the_case()
    before = solid(reading)
    after, _ = edited(reading, study, NODULE_LAYER, box_of(reading, study, before), 0)

    assert [f.id for f in after.findings] == [f.id for f in reading.findings if f.id != before.id]
    assert after.measurements["nodule_count"].value == 1


def test_a_painted_blob_is_an_added_nodule_with_a_new_number():
    study, reading = the_case()
    box = (slice(20, 24), slice(38, 42), slice(75, 79))
    after, _ = edited(reading, study, NODULE_LAYER, box, 1)

    (added,) = [f for f in after.findings if f.state == "added"]
    assert added.id == "N003"
    assert added.confidence is None
    assert after.measurements["nodule_count"].value == 3


def test_a_rejected_nodule_counts_nowhere_and_has_no_category():
    study, reading = the_case()
    before = solid(reading)
    rejected = before.model_copy(update={"state": "rejected"})
    drafted = reading.model_copy(
        update={"findings": [rejected if f.id == before.id else f for f in reading.findings]}
    )
    after = READER.remeasure_part(drafted, study, reading.masks, [])

    assert after.measurements["nodule_count"].value == 1
    assert "lung_rads" not in after.finding(before.id).attributes
    assert after.categories["lung_rads"].value == "2"


def with_room_for_classes(reading):
    from readingroom.review.masking import with_classes

    reading.masks = with_classes(reading.masks, READER.finding_classes)
    return reading


def test_a_type_that_a_person_says_decides_the_category():
    study, reading = the_case()
    reading = with_room_for_classes(reading)
    before = solid(reading)
    glass = next(s for s in reading.masks.segments if s.name == "GROUND_GLASS_NODULE")
    start, own = READER.voxels_of(reading, study, reading.masks, before)
    box = Part(start, own).box
    after, _ = edited(reading, study, NODULE_LAYER, box, np.where(own, glass.value, 0))

    found = after.finding(before.id)
    assert (found.label, found.attributes["type"]) == ("GROUND_GLASS_NODULE", "ground_glass")
    assert found.attributes["type_from"] == "person"
    assert (before.attributes["lung_rads"], found.attributes["lung_rads"]) == ("4A", "2")


def test_a_drawn_solid_part_is_measured_as_drawn():
    study, reading = the_case()
    glass = next(f for f in reading.findings if f.attributes["type"] == "ground_glass")
    k, j, i = (s.start + (s.stop - s.start) // 2 for s in box_of(reading, study, glass))
    box = (slice(k - 1, k + 2), slice(j - 1, j + 2), slice(i - 1, i + 2))
    after, masks = edited(reading, study, SOLID_LAYER, box, 1)

    found = after.finding(glass.id)
    assert glass.measurements["solid_volume"].value == 0
    # Border voxels count by partial volume: at most the voxels drawn and one around them.
    assert 27 * 8.0 <= found.measurements["solid_volume"].value < 125 * 8.0
    assert found.attributes["solid_part_from"] == "person"
    assert READER.remeasure(reading, study, masks).findings == after.findings


TWO = (Ball((30.0, 40.0, 24.0), 11.0), Ball((30.0, 40.0, 30.0), 9.0))


def test_nodules_that_touch_are_two_findings_and_share_no_voxel():
    study = a_study(TWO)
    reading = a_reading(study, TWO)
    parts = [Part(*READER.voxels_of(reading, study, reading.masks, f)) for f in reading.findings]

    assert len(parts) == 2
    assert not parts[0].overlap(parts[1]).mask.any()
    marked = reading.masks.mask("NODULE")
    assert sum(int(part.mask.sum()) for part in parts) == int(marked.sum())
    again = READER.remeasure(reading, study, copy_of(reading.masks))
    assert again.findings == reading.findings


def test_erasing_one_of_two_that_touch_leaves_the_other():
    study = a_study(TWO)
    reading = a_reading(study, TWO)
    gone, kept = reading.findings
    start, own = READER.voxels_of(reading, study, reading.masks, gone)
    box = Part(start, own).box
    layer = reading.masks.layers[NODULE_LAYER][box]
    after, _ = edited(reading, study, NODULE_LAYER, box, np.where(own, 0, layer))

    assert [f.id for f in after.findings] == [kept.id]
    same = after.finding(kept.id).measurements["voxels"].value
    assert same == kept.measurements["voxels"].value


def test_one_click_outlines_a_nodule_that_was_missed():
    study = a_study((SOLID,))
    reading = with_room_for_classes(a_reading(study, ()))
    growth = READER.grow(reading, study, reading.masks, position_of(SOLID), "NODULE")

    millilitres = float((growth.voxels > 0).sum()) * 8.0
    assert growth.layer == NODULE_LAYER
    assert millilitres == pytest.approx(np.pi / 6 * SOLID.diameter_mm**3, rel=0.3)


@pytest.mark.parametrize("at", [(0.0, 0.0, 500.0), (-52.0, -32.0, 30.0)])
def test_a_click_on_nothing_is_refused(at):
    study, reading = the_case()
    with pytest.raises(RefusedInput) as refused:
        READER.grow(reading, study, reading.masks, at, "NODULE")
    assert refused.value.code in ("NOTHING_TO_GROW", "GROWTH_LEAKS")


def test_a_click_on_a_marked_nodule_is_refused():
    study, reading = the_case()
    with pytest.raises(RefusedInput) as refused:
        READER.grow(reading, study, reading.masks, position_of(SOLID), "NODULE")
    assert refused.value.code == "NOTHING_TO_GROW"
