"""Packages on first use: consent, exact pins, a folder of their own, offline, refusals."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from readingroom.errors import ReadingRoomError, RefusedInput


def a_wheel(folder: Path, name: str, version: str) -> Path:
    """Write a wheel with one module that says its version."""
    folder.mkdir(parents=True, exist_ok=True)
    info = f"{name}-{version}.dist-info"
    files = {
        f"{name}.py": f"version = '{version}'\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{path},,\n" for path in [*files, f"{info}/RECORD"])
    path = folder / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        for inside, text in {**files, f"{info}/RECORD": record}.items():
            wheel.writestr(inside, text)
    return path


@pytest.fixture
def wanted(monkeypatch):
    """Let the package need one distribution that no index has."""
    from readingroom.slicerdesktop import packages

    pins = [Requirement("readingroomprobe==1.2")]
    monkeypatch.setattr(packages.Packages, "requirements", lambda self: pins)
    yield pins
    sys.modules.pop("readingroomprobe", None)
    for place in [p for p in sys.path if "ReadingRoom/packages" in p]:
        sys.path.remove(place)


@pytest.fixture
def a_new_desk(the_application, a_volume, wanted):
    """Return the panel of an application that lacks the packages."""
    import shutil

    from Testing.desktop.host.desk import Desk

    desk = Desk(the_application, "ModuleCACS")
    yield desk
    desk.widget.cleanup()
    shutil.rmtree(desk.work.packages.folder, ignore_errors=True)


def test_pins_are_exact_and_the_package_s_own(a_desk):
    pins = {r.name: str(r.specifier) for r in a_desk.work.packages.requirements()}
    assert pins["torch"] == "==2.13.0"
    assert all(specifier.startswith("==") for specifier in pins.values())


def test_what_is_there_is_not_asked_for(a_desk):
    assert a_desk.work.packages.missing() == []
    assert not a_desk.ui.packagesSection.visible


def test_what_is_missing_is_told_and_the_options_wait(a_new_desk):
    assert a_new_desk.ui.packagesSection.isHidden() is False
    assert a_new_desk.ui.packagesLabel.text.startswith("Reading needs 1 Python package")
    assert a_new_desk.ui.optionsSection.isHidden()
    assert a_new_desk.widget.run.options is None


def test_a_refusal_installs_nothing_and_says_how_to_go_on(a_new_desk):
    a_new_desk.application.answers.append(False)
    a_new_desk.click("runButton")
    assert "Nothing was installed" in a_new_desk.message
    assert not a_new_desk.work.busy
    assert not a_new_desk.work.packages.folder.exists()


def test_packages_come_from_a_folder_of_wheels(a_new_desk, tmp_path):
    a_wheel(tmp_path / "wheels", "readingroomprobe", "1.2")
    a_new_desk.ui.wheelFolderEdit.text = str(tmp_path / "wheels")
    a_new_desk.application.answers.append(True)
    a_new_desk.click("installButton")
    assert a_new_desk.message == "The packages are installed."
    assert (a_new_desk.work.packages.folder / "readingroomprobe.py").is_file()
    assert a_new_desk.work.packages.missing() == []
    assert a_new_desk.widget.run.options is not None
    import readingroomprobe

    assert readingroomprobe.version == "1.2"


def test_the_question_names_the_folder_and_the_size(a_new_desk):
    a_new_desk.application.answers.append(False)
    a_new_desk.click("installButton")
    question = a_new_desk.application.shown[-1]
    assert str(a_new_desk.work.packages.folder) in question
    assert "gigabytes" in question


def test_the_application_s_own_packages_stay_first(a_new_desk, tmp_path):
    """A folder that also holds numpy does not replace the application's."""
    folder = a_new_desk.work.packages.folder
    folder.mkdir(parents=True)
    (folder / "numpy.py").write_text("raise AssertionError('the wrong numpy')\n")
    a_new_desk.work.packages.activate()
    assert sys.path[-1] == str(folder)
    assert sys.path.index(str(folder)) > 0
    found = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.append({str(folder)!r}); import numpy"],
        check=False,
    )
    assert found.returncode == 0


def test_nothing_outside_the_folder_is_ever_installed(a_new_desk):
    from readingroom.slicerdesktop.packages import Packages

    calls = []

    class Host:
        testing = False

        def data_folder(self):
            return Path("/data")

        def install(self, arguments, constraints):
            calls.append((arguments, constraints))
            raise subprocess.CalledProcessError(1, "pip")

    packages = Packages(Host())
    with pytest.raises(ReadingRoomError, match="INSTALL_FAILED"):
        packages.install()
    [(arguments, constraints)] = calls
    assert arguments[:2] == ["--target", str(packages.folder) + ".partial"]
    assert "readingroomprobe==1.2" in arguments
    assert constraints.name == "lock.txt"


def test_an_installation_that_fails_is_told_and_leaves_nothing(a_new_desk, tmp_path):
    a_wheel(tmp_path / "wheels", "readingroomprobe", "0.9")  # not the pinned version
    a_new_desk.ui.wheelFolderEdit.text = str(tmp_path / "wheels")
    a_new_desk.application.answers.append(True)
    a_new_desk.click("installButton")
    assert "(INSTALL_FAILED)" in a_new_desk.message
    folder = a_new_desk.work.packages.folder
    assert not folder.exists()
    assert not folder.with_name(folder.name + ".partial").exists()


def test_a_folder_without_wheels_is_refused(a_new_desk, tmp_path):
    a_new_desk.ui.wheelFolderEdit.text = str(tmp_path)
    a_new_desk.application.answers.append(True)
    a_new_desk.click("installButton")
    assert "(WHEELS_MISSING)" in a_new_desk.message


def test_nothing_is_installed_while_the_application_tests_itself(a_new_desk):
    a_new_desk.application.testing = True
    with pytest.raises(RefusedInput, match="TESTING"):
        a_new_desk.work.packages.install()


def test_a_lost_list_of_packages_is_told(a_desk, tmp_path):
    packages = a_desk.work.packages
    root, packages._root = packages._root, tmp_path
    with pytest.raises(ReadingRoomError, match="INSTALLATION_DAMAGED"):
        packages.requirements()
    packages._root = root


def test_another_set_of_pins_gets_another_folder(a_desk, wanted):
    from readingroom.slicerdesktop.packages import Packages

    assert Packages(a_desk.work.host).folder != a_desk.work.packages.folder


def test_the_reading_process_puts_the_folder_first(tmp_path):
    from readingroom.slicerdesktop import startworker

    here = str(Path(startworker.__file__).parent)
    root = str(Path(startworker.__file__).resolve().parents[2])
    assert startworker.put_first(str(tmp_path), [here, "/slicer"]) == [
        str(tmp_path),
        root,
        "/slicer",
    ]
    assert startworker.put_first("", [here, "/slicer"]) == [root, "/slicer"]


def test_the_reading_process_answers(tmp_path, monkeypatch):
    from readingroom.slicerdesktop import startworker
    from readingroom.worker import server

    monkeypatch.setattr(sys, "argv", ["startworker.py", str(tmp_path)])
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(server, "main", lambda: 0)
    assert startworker.main() == 0
    assert sys.path[0] == str(tmp_path)


def test_the_versions_that_are_there_are_those_of_the_environment():
    from readingroom.slicerdesktop import packages

    assert packages._version_here("numpy") == metadata.version("numpy")
    assert packages._version_here("no-such-package") == ""
