"""demo, simulate, train, evaluate and models, with a reader that has the smallest rooms."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from readingroom import readers
from readingroom.demo.data import DemoData
from readingroom.inference.cards import Card
from Testing.fixtures.dicom_phantom import write_ct_slices

pytestmark = pytest.mark.usefixtures("the_tiny_reader")


def bright_ct(place: Path, voxels: int) -> Path:
    image = np.full((3, 16, 16), 40, np.int16)
    image[1].flat[:voxels] = 900
    write_ct_slices(place, image)
    return place


@dataclass
class Teaching:
    path: Path
    truth: dict


@pytest.fixture
def a_room(monkeypatch):
    """Give the tiny reader another room: a module with the given functions."""

    def add(name: str, **functions) -> None:
        module = ModuleType(f"readingroom.readers.tiny.{name}")
        vars(module).update(functions)
        for parent in ("readingroom.readers.tiny", module.__name__):
            monkeypatch.setitem(sys.modules, parent, module)

    return add


@pytest.fixture
def demo_data(monkeypatch, tmp_path):
    """Pretend that the scan was fetched."""
    data = DemoData(bright_ct(tmp_path / "scan", 5), tmp_path / "organs")
    monkeypatch.setattr("readingroom.demo.data.fetch", lambda cache: data)
    monkeypatch.setattr("readingroom.demo.data.fetch_organs", lambda: data.organs)
    return data


@pytest.fixture
def teaching(a_room, monkeypatch):
    """One teaching case with 7 bright voxels."""

    def teaching_cases(background, organ_labels, out, seed):
        assert background.volumes
        path = bright_ct(out / "seven", 7)
        return [Teaching(path, {"bright_voxels": 7, "contrast": False, "plaques": []})]

    a_room("simulate", teaching_cases=teaching_cases)
    for table in (readers._READERS, readers._OPTIONS):
        for name in table.keys() - {"tiny"}:
            monkeypatch.delitem(table, name)
    monkeypatch.setattr("readingroom.demo.run._KNOWN", {"tiny": {}})  # the scan is for it too
    monkeypatch.setattr("readingroom.demo.run.FORMATS", ("csv", "stl"))


@pytest.mark.usefixtures("teaching", "demo_data")
def test_the_demo_reads_the_scan_and_the_teaching_cases_and_reports_them(readingroom, tmp_path):
    spoken = readingroom("demo", "--out", tmp_path / "demo", "--json")
    assert spoken.code == 0, spoken.out
    real, taught = spoken.data["results"]
    assert (real["case"], real["scores"]) == ("LIDC-IDRI-0001", {"bright_voxels": [None, 5]})
    assert (taught["case"], taught["scores"]) == ("seven", {"bright_voxels": [7, 7]})
    assert all(Path(file).is_file() for result in (real, taught) for file in result["reports"])
    assert (tmp_path / "demo" / "tiny" / "seven" / "reading.json").is_file()


@pytest.mark.usefixtures("teaching", "demo_data")
def test_the_demo_shows_people_a_table_and_where_things_are(readingroom, tmp_path):
    spoken = readingroom("demo", "--out", tmp_path / "demo", "--no-browser")
    for part in ("reference", "seven", "LIDC-IDRI-0001", "readings:", "reports:", "physician"):
        assert part in spoken.out
    assert f"readingroom review {tmp_path / 'demo'}" in spoken.out


@pytest.mark.usefixtures("teaching", "demo_data")
def test_the_demo_ends_in_the_workbench_on_what_it_read(readingroom, tmp_path, monkeypatch):
    served = []

    def serve(plan, opened):
        served.append(plan)
        opened("http://127.0.0.1:8765/?token=key")

    opened = []
    monkeypatch.setattr("readingroom.workbench.serve.serve", serve)
    monkeypatch.setattr("readingroom.workbench.serve.open_browser", opened.append)
    command = ("demo", "--out", tmp_path / "demo", "--language", "zh")
    assert readingroom(*command).code == 0
    assert served == []  # nobody is at the terminal, nobody would end it

    monkeypatch.setattr("readingroom.cli.verbs.demo._at_a_terminal", lambda: True)
    spoken = readingroom(*command)
    assert spoken.code == 0
    assert [(plan.roots, plan.language) for plan in served] == [((tmp_path / "demo",), "zh")]
    assert opened == ["http://127.0.0.1:8765/?token=key"]
    assert opened[0] in spoken.out


@pytest.mark.usefixtures("teaching", "demo_data")
def test_the_demo_replaces_an_earlier_one_but_nothing_else(readingroom, tmp_path):
    assert readingroom("demo", "--out", tmp_path / "demo", "--no-browser").code == 0
    assert readingroom("demo", "--out", tmp_path / "demo", "--no-browser").code == 0
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter.tex").write_text("precious")
    spoken = readingroom("demo", "--out", tmp_path / "thesis", "--json")
    assert (spoken.code, spoken.data["error"]["code"]) == (2, "OUTPUT_EXISTS")
    assert (tmp_path / "thesis" / "chapter.tex").read_text() == "precious"


def test_simulate_hands_number_and_seed_on(readingroom, a_room, tmp_path, demo_data):
    asked = []

    def write_cases(out, cases, seed, progress, scan):
        asked.append((cases, seed, scan))
        return [bright_ct(out / "one", 3)]

    a_room("simulate", write_cases=write_cases)
    arguments = ["simulate", "tiny", "--cases", 4, "--seed", 9, "--out", tmp_path / "s", "--json"]
    spoken = readingroom(*arguments)
    assert asked == [(4, 9, demo_data.organs)]
    assert spoken.data["cases"] == [str(tmp_path / "s" / "one")]
    assert readingroom(*arguments).data["error"]["code"] == "OUTPUT_EXISTS"


def test_evaluate_prints_metrics_and_writes_the_page(readingroom, a_room, tmp_path):
    def evaluate(dataset, directory, progress):
        pair = {"kind": "agreement", "found": [1.0, 2.0, 3.0], "truth": [1.0, 2.0, 3.5]}
        return {"dataset": "three", "cases": [{"case": n} for n in "abc"], "pairs": {"x": pair}}

    a_room("evaluate", evaluate=evaluate)
    out = tmp_path / "e"
    spoken = readingroom("evaluate", "tiny", tmp_path, "--out", out, "--json")
    assert spoken.code == 0, spoken.out
    assert spoken.data["cases"] == 3
    assert 0.9 < spoken.data["metrics"]["x"]["icc_2_1"]["value"] < 1.0
    assert (out / "README.md").is_file()
    assert "icc_2_1" in readingroom("evaluate", "tiny", tmp_path, "--out", out).out


class TinyRecipe:
    """Learns one weight."""

    name, seed, steps, batch_size = "tiny-model", 3, 4, 2
    learning_rate, weight_decay = 0.1, 0.0

    def build_network(self):
        from torch import nn

        return nn.Linear(1, 1)

    def sample(self, rng):
        x = rng.normal(size=1).astype(np.float32)
        return x, 2 * x

    def loss(self, output, batch):
        return ((output - batch[1]) ** 2).mean()

    def validate(self, network):
        return {"weight": float(network.weight)}

    def card(self):
        return Card(
            name=self.name,
            version="1",
            architecture="unet3d",
            classes=("a",),
            licence="Apache-2.0",
        )


def test_train_stops_goes_on_and_ends_with_a_card_that_can_be_imported(
    readingroom, a_room, tmp_path, monkeypatch
):
    monkeypatch.setenv("READINGROOM_MODELS", str(tmp_path / "models"))
    a_room("train", recipes=lambda data: {"tiny-model": TinyRecipe()})
    arguments = ["train", "tiny", "--out", tmp_path / "t", "--data", tmp_path, "--json"]
    first = readingroom(*arguments, "--budget-minutes", "0").data["models"]["tiny-model"]
    assert (first["finished"], first["step"], first["card"]) == (False, 1, None)
    second = readingroom(*arguments).data["models"]["tiny-model"]
    assert (second["finished"], second["step"]) == (True, 4)
    assert readingroom("models", "import", second["card"], "--json").code == 0
    shown = readingroom("models", "show", "tiny-model", "--json").data["model"]
    assert (
        shown["sha256"]
        == json.loads(Path(second["card"]).read_text())["files"]["tiny-model.safetensors"]
    )
    names = [m["name"] for m in readingroom("models", "list", "--json").data["models"]]
    assert "tiny-model" in names
    assert "tiny-model" in readingroom("models", "show", "tiny-model").out
    exported = readingroom("models", "export", "tiny-model", "--out", tmp_path / "x", "--json")
    assert Path(exported.data["card"]).is_file()


def test_an_unknown_recipe_and_an_unknown_model_are_refused(readingroom, a_room, tmp_path):
    a_room("train", recipes=lambda data: {"tiny-model": TinyRecipe()})
    arguments = ["--card", "x", "--out", tmp_path / "t", "--data", tmp_path, "--json"]
    assert readingroom("train", "tiny", *arguments).data["error"]["code"] == "CARD_UNKNOWN"
    missing = readingroom("models", "show", "no-such-model", "--json")
    assert (missing.code, missing.data["error"]["code"]) == (2, "CARD_MISSING")
