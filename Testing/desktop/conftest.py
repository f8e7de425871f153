"""A desk in the test host: the module's panel, a volume, a person who clicks."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

# Before Qt is loaded: no screen.
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import numpy as np
import pytest

from Testing.desktop.host.desk import Desk
from Testing.fixtures import review_cases


@pytest.fixture(scope="session")
def the_application(tmp_path_factory):
    from Testing.desktop.host import install

    place = tmp_path_factory.mktemp("slicer")
    before = os.environ.get("XDG_DATA_HOME")
    os.environ["XDG_DATA_HOME"] = str(place / "data")  # not the data of who runs the tests
    yield install.install(place)
    install.uninstall()
    os.environ.pop("XDG_DATA_HOME")
    if before is not None:
        os.environ["XDG_DATA_HOME"] = before


@pytest.fixture(scope="session")
def the_case(tmp_path_factory):
    """Return a DICOM series and the folder of its reading; copy it before it is changed."""
    return review_cases.a_case(tmp_path_factory.mktemp("case"))


@pytest.fixture
def a_reading(the_case, tmp_path):
    return Path(shutil.copytree(the_case.folder, tmp_path / "saved" / "reading"))


@pytest.fixture(autouse=True)
def a_clean_application(the_application, request):
    import slicer

    from Testing.desktop.host import application, qtmodule

    qtmodule.as_pythonqt(request.module.__name__)
    slicer.dicomDatabase = application.Database()
    the_application.shown.clear()
    the_application.answers.clear()
    the_application.testing = False
    the_application.applicationLocaleName = "en_US"
    yield the_application
    slicer.mrmlScene.Clear(0)
    qtmodule.QFileDialog.answers.clear()
    qtmodule.QDesktopServices.opened.clear()


@pytest.fixture
def a_volume(the_case):
    """Return the series in the scene, as the DICOM module would load it."""
    import slicer

    volume = the_case.study.volumes[0]
    files = {u: str(f) for u, f in zip(volume.instance_uids, volume.files, strict=True)}
    slicer.dicomDatabase.files.update(files)
    node = a_node("CT", volume)
    node.SetAttribute("DICOM.instanceUIDs", " ".join(volume.instance_uids))
    return node


@pytest.fixture
def a_volume_without_dicom(the_case):
    return a_node("Research CT", the_case.study.volumes[0])


@pytest.fixture
def a_desk(the_application, a_volume, tmp_path):
    """Return the calcium module's panel with a volume chosen; closed at the end."""
    desk = Desk(the_application, "ModuleCACS")
    desk.use_quick_reader()
    desk.ui.outputFolderEdit.text = str(tmp_path / "readings")
    yield desk
    desk.widget.cleanup()


@pytest.fixture
def a_review(a_desk, a_reading):
    """Return the panel with a reading open on the volume."""
    a_desk.open(a_reading)
    return a_desk


def a_node(name: str, volume):
    import slicer
    import vtk

    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", name)
    slicer.util.updateVolumeFromArray(node, np.array(volume.array))
    to_ras = np.diag([-1.0, -1.0, 1.0, 1.0]) @ volume.ijk_to_lps
    matrix = vtk.vtkMatrix4x4()
    for index, value in np.ndenumerate(to_ras):
        matrix.SetElement(*index, float(value))
    node.SetIJKToRASMatrix(matrix)
    return node
