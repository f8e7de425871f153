"""What the demonstration shows of the guidewire reader: fluoroscopy before a scan's anatomy."""

from __future__ import annotations

import json

import numpy as np
import pytest

from readingroom import imaging
from readingroom.demo import run
from readingroom.readers.guidewire import simulatedcase
from readingroom.readers.guidewire.simulate import teaching_cases
from readingroom.study import Study, Volume


def a_thorax() -> Study:
    """Return a cylinder of soft tissue with a spine, 8 mm voxels."""
    _, j, i = np.indices((40, 40, 44))
    hu = np.where(np.hypot((j - 20) / 13, (i - 22) / 20) < 1, 40, -1000)
    hu[np.hypot(j - 29, i - 22) < 2.5] = 400
    matrix = np.diag([8.0, 8.0, 8.0, 1.0])
    voxels = hu.astype(np.int16)
    return Study(volumes=(Volume(lambda: voxels, voxels.shape, matrix),))


@pytest.fixture(scope="module")
def the_case(tmp_path_factory):
    folder = tmp_path_factory.mktemp("teaching")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(simulatedcase, "_FRAMES", 3)
        (case,) = teaching_cases(a_thorax(), folder / "no map", folder, seed=1)
    return case


def test_it_is_a_cine_with_its_truth_beside_it(the_case):
    (cine,) = imaging.load(the_case.path).cines
    assert cine.array.shape[:3] == (3, 512, 512)
    record = json.loads(the_case.path.with_suffix(".truth.json").read_text(encoding="utf-8"))
    shown = [frame["wires"] for frame in record["frames"] if frame["wires"]]
    assert the_case.truth["frames_with_wire"] == len(shown) == 3
    tips = np.array([wires[0]["tip_xy_px"] for wires in shown])
    path = np.linalg.norm(np.diff(tips, axis=0), axis=1).sum() * record["pixel_mm"]
    assert the_case.truth["tip_path_length"] == pytest.approx(path, abs=0.1)


def test_the_demonstration_reads_it_and_writes_a_video(the_case, tmp_path):
    from readingroom.worker.jobs import Jobs

    shown = run.DemoCase("fluoroscopy", the_case.path, the_case.truth)
    done = run._do(Jobs(), "guidewire", shown, tmp_path / "reading", lambda *_: None)
    assert set(done.scores) == set(the_case.truth)
    names = {name.rsplit("/", 1)[-1] for name in done.reports}
    assert {"video.mp4", "centerlines.csv", "report.pdf", "seg.dcm", "sr.dcm"} <= names
