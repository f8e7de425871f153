"""The user guide says what the code does: its keys, its pictures."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from readingroom.readers.cacs.reader import CacsReader
from readingroom.workbench.keymap import KeyMap

_GUIDE = Path(__file__).parents[2] / "Docs" / "userguide"
_ROW = re.compile(r"^\| (`.+`) \| (.+) \|$", re.MULTILINE)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_keys_of_the_guide_are_those_of_the_code(language):
    guide = (_GUIDE / language / "workbench.md").read_text("utf-8")
    groups = KeyMap(CacsReader.finding_classes).rows(language)
    assert _ROW.findall(guide) == [
        (" ".join(f"`{name}`" for name in row["keys"]), row["title"])
        for group in groups
        for row in group["keys"]
    ]
    assert all(f"**{group['title']}**" in guide for group in groups)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_pictures_of_the_guide_exist_and_are_small(language):
    page = _GUIDE / language / "workbench.md"
    pictures = re.findall(r"!\[.+\]\((.+\.png)\)", page.read_text("utf-8"))
    assert len(pictures) >= 7
    assert all((page.parent / picture).stat().st_size < 256 * 1024 for picture in pictures)
