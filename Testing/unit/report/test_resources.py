"""Resources are found in a checkout, in an installation, and where a variable points."""

from __future__ import annotations

import sysconfig
from pathlib import Path

from readingroom import resources


def test_a_checkout_has_its_fonts():
    for name in (
        "LiberationSans-Regular.ttf",
        "LiberationSans-Bold.ttf",
        "DroidSansFallbackFull.ttf",
    ):
        assert resources.resource_path("Fonts", name).is_file()


def test_every_font_comes_with_its_licence():
    folder = resources.resource_path("Fonts")
    families = {font.name.split("-")[0].removesuffix("Full.ttf") for font in folder.glob("*.ttf")}
    licences = {path.stem.removeprefix("LICENSE-") for path in folder.glob("LICENSE-*.txt")}
    assert families == licences


def test_the_variable_goes_before_everything_else(tmp_path, monkeypatch):
    monkeypatch.setenv("READINGROOM_RESOURCES", str(tmp_path))
    assert resources.resource_path("Models", "a.json") == tmp_path / "Models" / "a.json"


def test_an_installation_keeps_them_below_its_data_folder(tmp_path, monkeypatch):
    monkeypatch.delenv("READINGROOM_RESOURCES", raising=False)
    monkeypatch.setattr(resources, "__file__", str(tmp_path / "site" / "readingroom" / "x.py"))
    installed = tmp_path / "env" / "share" / "readingroom" / "Resources"
    installed.mkdir(parents=True)
    monkeypatch.setattr(sysconfig, "get_path", lambda name: str(tmp_path / "env"))
    assert resources.resource_path("Fonts") == installed / "Fonts"


def test_without_any_the_checkout_is_named(tmp_path, monkeypatch):
    monkeypatch.delenv("READINGROOM_RESOURCES", raising=False)
    monkeypatch.setattr(resources, "__file__", str(tmp_path / "readingroom" / "x.py"))
    monkeypatch.setattr(sysconfig, "get_path", lambda name: str(tmp_path / "env"))
    monkeypatch.setattr("site.getuserbase", lambda: str(tmp_path / "user"))
    assert resources.resource_path("Fonts") == Path(tmp_path, "Resources", "Fonts")
