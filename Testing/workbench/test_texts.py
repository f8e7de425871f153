"""Everything that the workbench says exists in English and Chinese."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import readingroom
from readingroom import readers
from readingroom.options import describe
from readingroom.workbench import texts
from readingroom.workbench.faults_zh import CHINESE
from readingroom.workbench.keymap import GROUPS, KEYS
from readingroom.workbench.reading import labels
from readingroom.workbench.ui.theme import DARK, LIGHT, contrast

ROOT = Path(readingroom.__file__).parent
TABLES = {
    "TEXTS": texts.TEXTS,
    "STATES_TEXT": texts.STATES_TEXT,
    "CHOICES": texts.CHOICES,
    "STAGES": texts.STAGES,
    "GROUPS": GROUPS,
    "KEYS": {key.command + key.argument: key.title for key in KEYS},
    "QUANTITIES": labels._QUANTITIES,
    "LANDMARKS": labels._LANDMARKS,
}
#: The same in both languages: names, units, abbreviations.
SAME = {"cpu", "cuda", "mm3", "mm2", "1"}
HAN = re.compile(r"[\u4e00-\u9fff]")
#: Names of formats and keys, not language.
NAMES = {"ReadingRoom", "A", "X", "U", "Del", "readingroom review"}


@pytest.mark.parametrize("table", TABLES)
def test_every_text_has_both_languages(table):
    for key, text in TABLES[table].items():
        assert set(text) == {"en", "zh"}, key
        assert all(part.strip() for part in text.values()), key
        assert not HAN.search(text["en"]) or "language" in key, key
        assert HAN.search(text["zh"]) or key in SAME or key == "language_other", key


def test_both_languages_fill_in_the_same_values():
    for key, text in texts.TEXTS.items():
        assert re.findall(r"{\w+}", text["en"]) == re.findall(r"{\w+}", text["zh"]), key


def page_sources() -> list[Path]:
    return [*(ROOT / "workbench" / "ui").glob("*.py"), *(ROOT / "workbench").glob("*.py")]


def test_every_text_that_a_page_asks_for_is_there():
    asked: set[str] = set()
    for path in page_sources():
        asked |= set(re.findall(r"page_t\.(\w+)", path.read_text("utf-8")))
    asked |= {f"filter_{name}" for name in ("all", "open", "counted", "rejected")}
    asked.discard("language_")
    missing = {
        a for a in asked if a not in texts.TEXTS and not a.startswith(("format_", "filter_"))
    }
    assert missing == set()


def test_no_text_is_left_over():
    sources = "".join(p.read_text("utf-8") for p in (ROOT / "workbench").rglob("*.py"))
    chosen_by_name = ("format_", "filter_", "title_", "add_fi", "add_fo")
    names = [key for key in texts.TEXTS if not key.startswith(chosen_by_name)]
    unused = [n for n in names if len(re.findall(rf"page_t\.{n}\b|\"{n}\"", sources)) < 2]
    assert unused == []


def test_no_page_says_anything_that_is_not_translated():
    """Literal texts of widgets are expressions, or names that are no language."""
    said = []
    for path in (ROOT / "workbench" / "ui").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                said += [(path.name, text) for text in _literals(node)]
    shown = [text for _, text in said if re.sub(r"{{.*?}}", "", text).strip(" ·→:,()–%")]
    assert set(shown) <= NAMES


def _literals(node: ast.Call) -> list[str]:
    widgets = {"html", "v3"}
    owner = node.func.value  # type: ignore[attr-defined]
    if not (isinstance(owner, ast.Name) and owner.id in widgets):
        return []
    if node.func.attr in ("VIcon", "Style"):  # type: ignore[attr-defined]
        return []
    words = ("title", "label", "placeholder", "alt", "aria_label", "text")
    given = [*node.args, *(k.value for k in node.keywords if k.arg in words)]
    return [a.value for a in given if isinstance(a, ast.Constant) and isinstance(a.value, str)]


def raised_codes() -> set[str]:
    packages = (
        "imaging",
        "inference",
        "folder",
        "readers",
        "report",
        "review",
        "worker",
        "workbench",
    )
    files = [p for name in packages for p in (ROOT / name).rglob("*.py")]
    codes: set[str] = set()
    for path in [*files, ROOT / "compare.py", ROOT / "reader.py", ROOT / "errors.py"]:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            name = getattr(node.func, "id", "") if isinstance(node, ast.Call) else ""
            if name in ("RefusedInput", "ReadingRoomError") and node.args:
                first = node.args[0]
                codes |= {first.value} if isinstance(first, ast.Constant) else set()
    return codes


#: Raised only by commands that no page can start.
NOT_IN_THE_WORKBENCH = {
    "CARD_EXPORT",
    "DOWNLOAD_FAILED",
    "MODEL_UNKNOWN",
    "SOURCES_INVALID",
    "WEIGHTS_DIFFER",
}


def test_every_error_that_a_person_may_meet_here_exists_in_chinese():
    assert raised_codes() - set(CHINESE) - NOT_IN_THE_WORKBENCH == set()
    for code, parts in CHINESE.items():
        assert all(HAN.search(part) for part in parts), code


def test_every_refusal_of_a_reader_exists_in_chinese():
    from readingroom.readers import hounsfield
    from readingroom.readers.cacs import fitness_texts
    from readingroom.readers.lungnodule import texts as lung_texts

    modules = (hounsfield, fitness_texts, lung_texts)
    notes = [one for module in modules for one in vars(module).values() if hasattr(one, "severity")]
    refusals = {one.code for one in notes if one.severity == "refusal"}
    assert len(refusals) >= 6
    assert refusals - set(CHINESE) == set()


def test_every_stage_of_every_reader_is_spoken():
    announced: set[str] = set()
    for path in (ROOT / "readers").glob("*/pipeline.py"):
        announced |= set(re.findall(r'progress\("(\w+)"', path.read_text("utf-8")))
    assert "tracking" in announced
    assert announced - set(texts.STAGES) == set()


def test_every_choice_of_every_reader_is_spoken():
    for name in readers.names():
        for option in describe(readers.options_type(name)):
            for choice in option.choices:
                assert choice in texts.CHOICES, (option.name, choice)


@pytest.mark.parametrize("colors", [DARK, LIGHT], ids=["dark", "light"])
def test_every_colour_reads_well_on_its_ground(colors):
    inks = ("primary", "secondary", "success", "warning", "error", "info")
    for ground in ("background", "surface"):
        for ink in inks:
            assert contrast(colors[ink], colors[ground]) >= 4.5, (ink, ground)
    for name in (*inks[:1], *inks[2:]):
        assert contrast(colors[f"on-{name}"], colors[name]) >= 4.5, name
    assert contrast(colors["on-surface-variant"], colors["surface-variant"]) >= 4.5


def test_a_chips_text_reads_well_on_any_class_colour():
    for red in (0.0, 0.3, 0.5, 0.7, 1.0):
        for green in (0.0, 0.3, 0.5, 0.7, 1.0):
            color = (red, green, 0.5)
            ground = "#" + "".join(f"{round(255 * part):02x}" for part in color)
            ink = {"#000": "#000000", "#fff": "#ffffff"}[labels.ink(color)]
            assert contrast(ink, ground) >= 4.5
