"""ModuleLungNodule in the test host: a lung reading opened, corrected, measured live."""

from __future__ import annotations

import pytest

from Testing.desktop.conftest import a_node
from Testing.desktop.host.desk import Desk
from Testing.fixtures.lung_phantom import a_saved_case


@pytest.fixture(scope="module")
def the_lung_case(tmp_path_factory):
    return a_saved_case(tmp_path_factory.mktemp("lung"))


@pytest.fixture
def a_lung_review(the_application, the_lung_case):
    import slicer

    study, folder = the_lung_case
    volume = study.volumes[0]
    files = {u: str(f) for u, f in zip(volume.instance_uids, volume.files, strict=True)}
    slicer.dicomDatabase.files.update(files)
    node = a_node("Chest", volume)
    node.SetAttribute("DICOM.instanceUIDs", " ".join(volume.instance_uids))
    desk = Desk(the_application, "ModuleLungNodule")
    desk.open(folder)
    yield desk
    desk.widget.cleanup()


def rads(desk):
    return desk.reading.categories["lung_rads"].value


def test_the_module_has_its_reader_and_lists_the_nodules(a_lung_review):
    rows = a_lung_review.shown("findingsTable")
    assert not a_lung_review.ui.studySection.isHidden()
    assert [row[1].split()[0] for row in rows] == ["N001", "N002"]
    assert {row[-1] for row in rows} == {"2", "4A"}


def test_rejecting_the_solid_nodule_moves_the_category_and_undo_brings_it_back(a_lung_review):
    solid = next(f for f in a_lung_review.reading.findings if f.attributes["type"] == "solid")
    assert rads(a_lung_review) == "4A"
    a_lung_review.session.reject(solid.id)
    assert rads(a_lung_review) == "2"
    a_lung_review.session.undo()
    assert rads(a_lung_review) == "4A"


def test_another_class_says_the_type(a_lung_review):
    solid = next(f for f in a_lung_review.reading.findings if f.attributes["type"] == "solid")
    kept = a_lung_review.session.reassign(solid.id, "GROUND_GLASS_NODULE")
    found = a_lung_review.reading.finding(kept)
    assert found.attributes["type"] == "ground_glass"
    assert rads(a_lung_review) == "2"
    a_lung_review.session.undo()
