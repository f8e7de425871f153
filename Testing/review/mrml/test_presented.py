from __future__ import annotations

import slicer

from readingroom.review.mrml import present, present_volume, update
from readingroom.terminology import concept


def points_of(node) -> list[str]:
    return [node.GetNthControlPointLabel(n) for n in range(node.GetNumberOfControlPoints())]


def test_findings_are_points_in_the_colour_of_their_class(shown, a_session):
    found = sorted(label for node in shown.findings.values() for label in points_of(node))
    assert found == sorted(f"{f.id} {f.label}" for f in a_session.reading.findings)
    color = shown.findings["RCA"].GetDisplayNode().GetSelectedColor()
    assert tuple(round(c, 3) for c in color) == tuple(round(c, 3) for c in concept("RCA").color)


def test_a_rejected_finding_is_dimmed(shown, a_session):
    a_session.subscribe(lambda change: update(shown, a_session, change))
    finding = next(f for f in a_session.reading.findings if f.label == "RCA")
    assert shown.findings["RCA"].GetNthControlPointSelected(0)
    a_session.reject(finding.id)
    assert not shown.findings["RCA"].GetNthControlPointSelected(0)
    a_session.undo()
    assert shown.findings["RCA"].GetNthControlPointSelected(0)


def test_a_reassigned_finding_goes_to_the_other_class(shown, a_session):
    a_session.subscribe(lambda change: update(shown, a_session, change))
    finding = next(f for f in a_session.reading.findings if f.label == "RCA")
    a_session.reassign(finding.id, "LCX")
    assert points_of(shown.findings["RCA"]) == []
    assert f"{finding.id} LCX" in points_of(shown.findings["LCX"])


def test_tables_hold_the_numbers_and_follow_them(shown, a_session):
    a_session.subscribe(lambda change: update(shown, a_session, change))
    before = _value(shown.tables["measurements"], "agatston_score")
    assert before == str(a_session.reading.measurements["agatston_score"].value)
    a_session.reject(a_session.reading.findings[0].id)
    after = _value(shown.tables["measurements"], "agatston_score")
    assert after == str(a_session.reading.measurements["agatston_score"].value) != before


def test_nodes_lie_beside_the_volume_in_the_subject_hierarchy(a_session, a_scene):
    hierarchy = a_scene.GetSubjectHierarchyNode()
    volume = present_volume(a_session.volume, a_scene)
    study = hierarchy.CreateStudyItem(hierarchy.GetSceneItemID(), "study")
    hierarchy.CreateItem(study, volume)
    shown = present(a_session.reading, a_scene, volume)
    for node in shown.nodes():
        assert hierarchy.GetItemParent(hierarchy.GetItemByDataNode(node)) == study


def test_removing_leaves_the_scene_as_it_was(a_session, a_scene):
    volume = present_volume(a_session.volume, a_scene)
    before = _names(a_scene)
    present(a_session.reading, a_scene, volume).remove()
    assert _names(a_scene) == before


def test_segments_have_a_display(shown):
    assert isinstance(shown.segmentation.GetDisplayNode(), slicer.vtkMRMLSegmentationDisplayNode)


def _names(scene) -> list[str]:
    nodes = [scene.GetNthNode(n) for n in range(scene.GetNumberOfNodes())]
    ignored = ("vtkMRMLMarkupsFiducialStorageNode", "vtkMRMLColor", "vtkMRMLSubjectHierarchy")
    return sorted(n.GetID() for n in nodes if not n.GetClassName().startswith(ignored))


def _value(node, name: str) -> str:
    table = node.GetTable()
    names = table.GetColumnByName("name")
    rows = {names.GetValue(n): n for n in range(table.GetNumberOfRows())}
    return table.GetColumnByName("value").GetValue(rows[name])
