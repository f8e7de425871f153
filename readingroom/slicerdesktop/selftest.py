"""The modules' tests in 3D Slicer's own form: on a chest phantom made in the scene.

They need what reading needs; where the packages are not installed, or the reader is not part
of this version, they say so and end there.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import slicer
import vtk

from readingroom.slicerdesktop import frames, modules, phantom
from readingroom.slicerdesktop.logic import Listener, ReaderLogic

_LIMIT_S = 300.0


def run_tests(test: Any, reader: str) -> None:
    """Run the tests of a reader's module.

    Parameters
    ----------
    test : ScriptedLoadableModuleTest
    reader : str
    """
    slicer.mrmlScene.Clear()
    if not modules.exists(reader):
        test.delayDisplay(f"The reader '{reader}' is not part of this version.")
        return
    logic = ReaderLogic(reader)
    missing = logic.packages.missing()
    if missing:
        test.delayDisplay(f"Skipped: {len(missing)} packages are not installed.")
        return
    try:
        _read_correct_export(test, logic)
    finally:
        logic.close()
    test.delayDisplay("Test passed")


def _read_correct_export(test: Any, logic: ReaderLogic) -> None:
    with tempfile.TemporaryDirectory() as folder:
        volume = phantom_frames() if logic.reader in frames.READERS else phantom_volume()
        test.delayDisplay("Reading the phantom")
        _read(test, logic, volume, folder)
        test.delayDisplay("Correcting")
        _correct(test, logic)
        test.assertEqual(logic.save("Self-test"), 2)
        test.delayDisplay("Exporting")
        files = _export(test, logic)
        test.assertTrue(all(file.is_file() for file in files))
        logic.close_review()


def _read(test: Any, logic: ReaderLogic, volume: Any, folder: str) -> None:
    told: list[Any] = []
    logic.listener = Listener(read=lambda: told.append("read"), failed=told.append)
    logic.start_reading(volume, {}, folder)
    _wait(logic)
    test.assertEqual(told, ["read"])
    test.assertIsNotNone(logic.open_review().segmentation)


def _correct(test: Any, logic: ReaderLogic) -> None:
    session = logic.open_review().session
    first = _a_finding(session)
    session.reject(first)
    test.assertEqual(session.reading.finding(first).state, "rejected")
    logic.open_review().undo()
    test.assertEqual(session.reading.finding(first).state, "proposed")
    session.accept(first)


def _a_finding(session: Any) -> str:
    """Return a finding to correct; the nodule, by one click, where the reader found nothing."""
    if session.reading.findings:
        return str(session.reading.findings[0].id)
    label = session.reader.finding_classes[0].label
    added = str(session.add_at(phantom.NODULE_MM, label))
    session.restore(added)
    return added


def _export(test: Any, logic: ReaderLogic) -> list[Path]:
    told: list[Any] = []
    logic.listener = Listener(exported=lambda f, n: told.append(f), failed=told.append)
    logic.start_export(["csv", "pdf"], "Self-test")
    _wait(logic)
    test.assertEqual(len(told), 1)
    test.assertIsInstance(told[0], list)
    return list(told[0])


def _wait(logic: ReaderLogic) -> None:
    """Let the event loop run until the work is done."""
    until = time.monotonic() + _LIMIT_S
    while logic.busy and time.monotonic() < until:
        slicer.app.processEvents()
        time.sleep(0.01)
    if logic.busy:
        logic.cancel()
        raise AssertionError("The work took too long.")


def phantom_volume() -> Any:
    """Return a scalar volume node with the chest phantom."""
    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "Phantom")
    slicer.util.updateVolumeFromArray(node, phantom.chest())
    to_ras = np.diag([-1.0, -1.0, 1.0, 1.0]) @ phantom.ijk_to_lps()
    matrix = vtk.vtkMatrix4x4()
    for row in range(4):
        for column in range(4):
            matrix.SetElement(row, column, float(to_ras[row, column]))
    node.SetIJKToRASMatrix(matrix)
    return node


def phantom_frames() -> Any:
    """Return a scalar volume node whose slices are frames with a wire."""
    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "Phantom")
    slicer.util.updateVolumeFromArray(node, phantom.fluoroscopy())
    return node
