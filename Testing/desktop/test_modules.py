"""All five modules load; those without a reader say so; every text is there in Chinese."""

from __future__ import annotations

import ast
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
import slicer

from Testing.desktop.host import install
from Testing.desktop.host.desk import Desk

ROOT = Path(__file__).resolve().parents[2]
WAITING = [name for name in install.MODULES if name in ("ModuleHCCFusion", "ModuleDXA")]


@pytest.mark.parametrize("module", WAITING)
@pytest.mark.parametrize(
    ("locale", "words"), [("en_US", "is not part of this version"), ("zh_CN", "不包含判读器")]
)
def test_a_module_without_its_reader_says_so(the_application, module, locale, words):
    the_application.applicationLocaleName = locale
    desk = Desk(the_application, module)
    assert words in desk.ui.noticeLabel.text
    assert desk.ui.studySection.isHidden()
    desk.leave()
    desk.enter()
    desk.close_scene()
    desk.widget.cleanup()


@pytest.mark.parametrize("module", WAITING)
def test_its_self_test_ends_there(the_application, module):
    Desk(the_application, module).widget.cleanup()
    getattr(sys.modules[module], f"{module}Test")().runTest()
    assert "not part of this version" in the_application.shown[-1]


def test_a_module_comes_to_life_with_its_reader(the_application, a_volume, tmp_path, monkeypatch):
    """The same file, once the registry has the reader: nothing else is written for it."""
    from readingroom import readers

    monkeypatch.setitem(readers._READERS, "dxa", "Testing.desktop.host.latereader:LateReader")
    monkeypatch.setitem(readers._OPTIONS, "dxa", "Testing.fixtures.tinyreader:TinyOptions")
    desk = Desk(the_application, "ModuleDXA")
    module = "Testing.desktop.host.latereader"
    desk.work.jobs.command = [sys.executable, "-m", module]
    desk.ui.outputFolderEdit.text = str(tmp_path)
    fields = desk.widget.run.options.fields
    assert list(fields) == ["threshold", "behaviour", "quick", "repeats"]
    fields["threshold"].widget.value = 400.0
    fields["repeats"].widget.value = 3
    desk.click("runButton")
    desk.wait()
    assert desk.reading.options["threshold"] == 400.0
    assert desk.reading.options["repeats"] == 3
    assert desk.shown("findingsTable")[0][1] == "Bright"
    assert not desk.ui.reassignButton.enabled  # this reader has no classes
    desk.widget.cleanup()


def test_a_reading_of_another_reader_is_refused(the_application, a_volume, a_reading, monkeypatch):
    from readingroom import readers

    monkeypatch.setitem(readers._READERS, "dxa", "Testing.desktop.host.latereader:LateReader")
    monkeypatch.setitem(readers._OPTIONS, "dxa", "Testing.fixtures.tinyreader:TinyOptions")
    desk = Desk(the_application, "ModuleDXA")
    desk.open(a_reading)
    assert "(OTHER_READER)" in desk.message
    assert not slicer.util.getNodesByClass("vtkMRMLSegmentationNode")
    desk.widget.cleanup()


def test_before_anything_is_installed_the_reader_s_folder_answers(monkeypatch):
    from readingroom.slicerdesktop import modules

    monkeypatch.setitem(sys.modules, "readingroom.readers", None)  # its import fails
    monkeypatch.delattr("readingroom.readers", raising=False)
    assert modules.exists("cacs")
    assert not modules.exists("dxa")


def test_the_calcium_module_s_self_test_reads_corrects_and_exports(the_application):
    """With the real networks, on the phantom, in the real reading process."""
    Desk(the_application, "ModuleCACS").widget.cleanup()
    sys.modules["ModuleCACS"].ModuleCACSTest().runTest()
    assert the_application.shown[-1] == "Test passed"


def test_the_self_test_says_what_is_not_installed(the_application, monkeypatch):
    from readingroom.slicerdesktop import packages

    Desk(the_application, "ModuleCACS").widget.cleanup()
    monkeypatch.setattr(packages.Packages, "missing", lambda self: ["torch==2.13.0"])
    sys.modules["ModuleCACS"].ModuleCACSTest().runTest()
    assert the_application.shown[-1] == "Skipped: 1 packages are not installed."


def test_cmake_knows_every_file_of_a_module():
    for name in install.MODULES:
        text = (ROOT / name / "CMakeLists.txt").read_text()
        assert f"set(MODULE_NAME {name})" in text
        for resource in (f"Icons/{name}.png", f"UI/{name}.ui"):
            assert (ROOT / name / "Resources" / resource).is_file()
    assert all(name in (ROOT / "CMakeLists.txt").read_text() for name in install.MODULES)


def _texts_in_code():
    for file in [*(ROOT / "readingroom" / "slicerdesktop").glob("*.py")]:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            called = isinstance(node, ast.Call) and getattr(node.func, "id", "") == "tr"
            if called and isinstance(node.args[0], ast.Constant):
                yield node.args[0].value


def _texts_in_ui():
    files = [*ROOT.glob("Module*/Resources/UI/*.ui")]
    files += (ROOT / "readingroom" / "slicerdesktop" / "ui").glob("*.ui")
    for file in files:
        for part in ElementTree.parse(file).iter("property"):
            text = part.findtext("string")
            if part.get("name") in ("text", "toolTip", "placeholderText") and text:
                yield text


def test_every_text_of_the_panel_is_there_in_chinese():
    from readingroom.slicerdesktop.texts_zh import CHINESE

    missing = {text for text in [*_texts_in_code(), *_texts_in_ui()] if text not in CHINESE}
    assert missing == set()


def test_placeholders_are_the_same_in_both_languages():
    import re

    from readingroom.slicerdesktop.texts_zh import CHINESE

    for english, chinese in CHINESE.items():
        assert set(re.findall(r"{\w+}", english)) == set(re.findall(r"{\w+}", chinese))


def test_every_reason_why_a_volume_cannot_be_read_is_there_in_chinese():
    from readingroom.slicerdesktop import source
    from readingroom.slicerdesktop.texts_zh import CHINESE

    tree = ast.parse(Path(source.__file__).read_text(encoding="utf-8"))
    function = next(n for n in tree.body if getattr(n, "name", "") == "why_not")
    reasons = [n.value.value for n in ast.walk(function) if isinstance(n, ast.Return)]
    assert len(reasons) == 5
    assert all(reason in CHINESE for reason in reasons if reason)


def test_a_fault_is_told_in_chinese_with_its_code(the_application):
    from readingroom.errors import RefusedInput
    from readingroom.slicerdesktop.texts import fault_text

    the_application.applicationLocaleName = "zh_CN"
    told = fault_text(RefusedInput("VOLUME_DIFFERS", "a", "b"))
    assert told == "所选容积与作出该判读的位置不符。 请选择当时判读的容积。 (VOLUME_DIFFERS)"
    assert fault_text(RefusedInput("NO_SUCH_CODE", "a", "b")) == "a b (NO_SUCH_CODE)"
