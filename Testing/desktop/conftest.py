"""A desk in the test host: the module's panel, a volume, a person who clicks."""

from __future__ import annotations

import functools
import os
import shutil
from pathlib import Path

# Before Qt is loaded: no screen, and no data of the user who runs the tests.
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import numpy as np
import pydicom
import pytest

from readingroom import folder, imaging, readers
from readingroom.imaging.write import write_ct_series
from readingroom.slicerdesktop import phantom
from readingroom.study import Acquisition
from Testing.desktop.host.desk import Desk

FACTS = Acquisition(modality="CT", kvp=120.0, slice_thickness_mm=3.0, gated=True)


@pytest.fixture(scope="session")
def the_application(tmp_path_factory):
    from Testing.desktop.host import install

    place = tmp_path_factory.mktemp("slicer")
    before = os.environ.get("XDG_DATA_HOME")
    os.environ["XDG_DATA_HOME"] = str(place / "data")
    yield install.install(place)
    install.uninstall()
    os.environ.pop("XDG_DATA_HOME")
    if before is not None:
        os.environ["XDG_DATA_HOME"] = before


@pytest.fixture(scope="session")
def the_series(tmp_path_factory):
    """Return the DICOM files of the chest phantom."""
    place = tmp_path_factory.mktemp("ct")
    return write_ct_series(the_voxels(), phantom.ijk_to_lps(), place, acquisition=FACTS)


@pytest.fixture(scope="session")
def the_reading(the_series, tmp_path_factory):
    """Return the folder of a reading of the phantom; copy it before it is changed."""
    place = tmp_path_factory.mktemp("read") / "reading"
    study = imaging.load(the_series[0].parent)
    return folder.save(readers.read_study("cacs", study), place)


@pytest.fixture
def a_reading(the_reading, tmp_path):
    return Path(shutil.copytree(the_reading, tmp_path / "saved" / "reading"))


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
def a_volume(the_series):
    """Return the phantom in the scene, as the DICOM module would load it."""
    import slicer

    uids = [str(pydicom.dcmread(file, stop_before_pixels=True).SOPInstanceUID) for file in the_series]
    slicer.dicomDatabase.files.update(zip(uids, map(str, the_series), strict=True))
    node = a_node("CT")
    node.SetAttribute("DICOM.instanceUIDs", " ".join(uids))
    return node


@pytest.fixture
def a_volume_without_dicom():
    return a_node("Research CT")


@pytest.fixture
def a_desk(the_application, a_volume, tmp_path):
    """Return the calcium module's panel with a volume chosen; closed at the end."""
    desk = Desk(the_application, "ModuleCACS")
    desk.ui.outputFolderEdit.text = str(tmp_path / "readings")
    yield desk
    desk.widget.cleanup()


@pytest.fixture
def a_review(a_desk, a_reading):
    """Return the panel with a reading open on the volume."""
    a_desk.open(a_reading)
    return a_desk


@functools.cache
def the_voxels() -> np.ndarray:
    return phantom.chest()


def a_node(name: str):
    import slicer
    import vtk

    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", name)
    slicer.util.updateVolumeFromArray(node, the_voxels())
    to_ras = np.diag([-1.0, -1.0, 1.0, 1.0]) @ phantom.ijk_to_lps()
    matrix = vtk.vtkMatrix4x4()
    for index, value in np.ndenumerate(to_ras):
        matrix.SetElement(*index, float(value))
    node.SetIJKToRASMatrix(matrix)
    return node
