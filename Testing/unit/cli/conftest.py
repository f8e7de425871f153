"""Fixtures of the command line's tests."""

from __future__ import annotations

import json

import numpy as np
import pytest

from readingroom import readers
from readingroom.cli import main
from Testing.fixtures.dicom_phantom import write_ct_slices

#: A patient whose name must never show up in a message or a log.
MARKED_NAME = "ZEBEDEE^QUINTUS"
MARKED_ID = "MRN-7731"


@pytest.fixture
def the_tiny_reader(monkeypatch):
    """Make the reader ``tiny`` known for one test."""
    monkeypatch.setitem(readers._READERS, "tiny", "Testing.fixtures.tinyreader:TinyReader")
    monkeypatch.setitem(readers._OPTIONS, "tiny", "Testing.fixtures.tinyreader:TinyOptions")


@pytest.fixture
def a_ct(tmp_path):
    """A DICOM CT of a marked patient, with 12 bright voxels."""
    voxels = np.full((4, 16, 16), 40, np.int16)
    voxels[1, 4:7, 4:8] = 900

    def mark(dataset, k):
        dataset.PatientName, dataset.PatientID = MARKED_NAME, MARKED_ID
        dataset.AcquisitionDate, dataset.AcquisitionTime = "20200101", "100000"

    write_ct_slices(tmp_path / "ct", voxels, change=mark)
    return tmp_path / "ct"


class Spoken:
    """What one command said."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err

    @property
    def data(self) -> dict:
        return json.loads(self.out)


@pytest.fixture
def readingroom(capfd):
    """Run one command in this process; returns its exit code and what it printed."""

    def run(*arguments: object) -> Spoken:
        capfd.readouterr()
        code = main([str(argument) for argument in arguments])
        return Spoken(code, *capfd.readouterr())

    return run
