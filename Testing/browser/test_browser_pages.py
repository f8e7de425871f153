"""Keyboard, languages, themes and sizes of the pages, in a real browser."""

from __future__ import annotations

import re

import pytest

from readingroom.readers.cacs.reader import CacsReader
from readingroom.workbench.keymap import GROUPS, KEYS, class_keys, shown
from Testing.browser.desk import layout
from Testing.fixtures.review_cases import a_case

TOOLS = ("paint", "erase", "threshold_brush", "classify", "grow")
SIZES = {"laptop": (1280, 800), "4K": (3840, 2160)}
#: Words that are the same in Chinese: names of the case, units, abbreviations, keys.
SAME_IN_CHINESE = frozenset(
    re.findall(
        r"\w+",
        "LM LAD LCX RCA MIP DICOM SEG PDF CSV FHIR STL GLB nnU Net ReadingRoom English Ctrl Shift"
        " Esc Del Space Agatston Chest PHANTOM Phantom Test kVp zip nrrd nii CAC DRS MESA report"
        " GPU CUDA CPU Page UID auto mmHg",
    )
)
#: What this case says in English only, and what is published in English: sources.
IN_ENGLISH = re.compile(r"Not gated\.|Apex|.*\b(19|20)\d\d;\d+.*")
_AUTHOR = re.compile(r"[A-Z]\w+ (19|20)\d\d")
_WORD = re.compile(r"[A-Za-z]{3,}")


@pytest.fixture
def the_workbench(a_workbench, tmp_path):
    for name in ("one", "two"):
        a_case(tmp_path / "cases" / name)
    return a_workbench(tmp_path / "cases")


def open_first(desk):
    desk.page.locator(".rr-row").first.click()
    desk.wait_for_reading()
    desk.say_name("Dr Page")


def switch_language(desk, language):
    desk.press("l")
    desk.until("page_lang", "(v, a) => v === a", language)


def state_after(desk, key, name, condition):
    desk.press(key)
    return desk.until(name, condition)


def test_every_key_does_what_the_overlay_says(the_workbench, a_desk):
    desk = a_desk(the_workbench)
    open_first(desk)

    desk.press("?")
    desk.page.locator("#rr-keys").wait_for()
    every = [*KEYS, *class_keys(CacsReader.finding_classes)]
    told = desk.page.locator("#rr-keys .rr-key").all_inner_texts()
    assert [line.split() for line in told] == [
        [*(shown(k) for k in key.keys), *key.title["en"].split()]
        for group in GROUPS
        for key in every
        if key.group == group
    ]
    desk.page.keyboard.press("?")
    desk.gone("#rr-keys")

    first = desk.state("page_selected")
    state_after(desk, "j", "page_selected", f"v => v !== '{first}'")
    state_after(desk, "ArrowUp", "page_selected", f"v => v === '{first}'")
    state_after(desk, "ArrowDown", "page_selected", f"v => v !== '{first}'")
    state_after(desk, "k", "page_selected", f"v => v === '{first}'")
    state_after(desk, "f", "page_filter", "v => v === 'open'")
    for _ in range(3):
        desk.press("f")
    desk.until("page_filter", "v => v === 'all'")

    layouts = ["four_up", "mpr", "axial", "three_d"]
    for number, name in reversed(list(enumerate(layouts, 1))):
        state_after(desk, f"Shift+Digit{number}", "view_layout", f"v => v === '{name}'")
    window = desk.state("view_window")
    state_after(desk, "w", "view_window", f"v => v !== '{window}'")
    state_after(desk, "c", "view_crosshair", "v => !v")
    state_after(desk, "c", "view_crosshair", "v => v")
    state_after(desk, "m", "view_slab_mm", "v => v > 0")
    state_after(desk, "m", "view_slab_mm", "v => v === 0")
    for key, tool in zip("petqg", TOOLS, strict=True):
        desk.take_up(tool, key)
    state_after(desk, "Escape", "view_tool", "v => v === 'none'")
    state_after(desk, "[", "page_panel_left", "v => !v")
    state_after(desk, "[", "page_panel_left", "v => v")
    state_after(desk, "]", "page_panel_right", "v => !v")
    state_after(desk, "]", "page_panel_right", "v => v")

    edits_by_keys(desk)
    cases_by_keys(desk)


def edits_by_keys(desk):
    desk.select("L002")
    state_after(desk, "a", "page_findings", "v => v[1].state === 'accepted'")
    desk.select("L002")
    state_after(desk, "x", "page_findings", "v => v[1].state === 'rejected'")
    desk.select("L002")
    state_after(desk, "u", "page_findings", "v => v[1].state === 'proposed'")
    for key in class_keys(CacsReader.finding_classes):
        desk.select("L001")
        name = key.keys[0].replace("shift+", "Shift+")
        state_after(desk, name, "page_findings", f"v => v[0].label === '{key.argument}'")
    edits = desk.edits()
    state_after(desk, "Control+z", "page_can_redo", "v => v")
    state_after(desk, "Control+y", "page_can_redo", "v => !v")
    state_after(desk, "Control+z", "page_can_redo", "v => v")
    state_after(desk, "Control+Shift+Z", "page_can_redo", "v => !v")
    assert desk.edits() >= edits
    desk.press("Delete")
    desk.message("FINDING_NOT_ADDED")
    desk.close_message()
    assert desk.save() == 2


def cases_by_keys(desk):
    for key, dialog in (("s", "sign"), ("d", "report"), ("r", "run")):
        state_after(desk, key, "page_dialog", f"v => v === '{dialog}'")
        if dialog == "report":
            desk.until("page_report", "v => v.url && !v.on")
        desk.page.keyboard.press("Escape")
        desk.until("page_dialog", "v => v === ''")
    here = desk.state("page_case")["key"]
    for key, condition in (("n", f"v => v.key !== '{here}'"), ("b", f"v => v.key === '{here}'")):
        state_after(desk, key, "page_case", condition)
        desk.wait_for_reading()
    desk.press("h")
    desk.wait_for_page("list")


def english_left(desk):
    """Return the texts with English words in them."""
    return [
        text
        for text in layout.texts(desk.page)
        if not IN_ENGLISH.fullmatch(text)
        and any(word not in SAME_IN_CHINESE for word in _WORD.findall(_AUTHOR.sub("", text)))
    ]


def every_page(desk):
    """Show one page, tab and dialog after the other."""
    desk.back_to_list()
    yield "work list"
    desk.page.locator(".rr-row").first.click()
    desk.wait_for_reading()
    for tab in ("numbers", "evidence", "history"):
        desk.page.locator(f"#rr-tab-{tab}").click()
        desk.until("page_tab", "(v, a) => v === a", tab)
        if tab == "evidence":
            desk.page.locator(
                "#rr-plot-probabilities svg, #rr-plot-probabilities img"
            ).first.wait_for()
        yield tab
    for tool, key in (("paint", "p"), ("threshold_brush", "t")):
        desk.take_up(tool, key)
        yield tool
    desk.press("Escape")
    desk.until("view_tool", "v => v === 'none'")
    for key, dialog in (("?", "keys"), ("r", "run"), ("s", "sign")):
        desk.press(key)
        desk.page.locator(f"#rr-dialog-{dialog}").wait_for()
        layout.wait_until_at_rest(desk.page)
        yield dialog
        desk.page.keyboard.press("Escape")
        desk.gone(f"#rr-dialog-{dialog}")


def test_the_language_changes_everywhere_without_a_reload(the_workbench, a_desk):
    desk = a_desk(the_workbench)
    open_first(desk)
    desk.page.evaluate("() => { window.the_same_page = true; }")
    desk.select("L004")
    desk.press("4")
    desk.wait_for_edit(1)
    assert desk.save() == 2
    switch_language(desk, "zh")
    for place in every_page(desk):
        assert english_left(desk) == [], place
    switch_language(desk, "en")
    assert not [t for t in layout.texts(desk.page) if re.search(r"[一-鿿]", t) and "中文" not in t]
    assert desk.page.evaluate("window.the_same_page")


@pytest.mark.parametrize("size", SIZES)
def test_nothing_overlaps_is_cut_off_or_faint(the_workbench, a_desk, size):
    desk = a_desk(the_workbench, SIZES[size])
    open_first(desk)
    for language in ("en", "zh"):
        if desk.state("page_lang") != language:
            switch_language(desk, language)
        for place in every_page(desk):
            where = f"{place} in {language}"
            assert layout.outside(desk.page) == [], where
            assert layout.cut_off(desk.page) == [], where
            dialog = desk.state("page_dialog")
            within = f"#rr-dialog-{dialog}" if dialog else "body"
            assert layout.overlaps(desk.page, within) == [], where
            assert layout.faint(desk.page) == [], where


def test_the_light_theme_can_be_read(the_workbench, a_desk):
    desk = a_desk(the_workbench)
    open_first(desk)
    desk.page.locator("#rr-theme").click()
    desk.until("page_dark", "v => !v")
    for place in every_page(desk):
        assert layout.faint(desk.page) == [], place


def test_the_work_list_filters_and_searches(the_workbench, a_desk):
    desk = a_desk(the_workbench)
    rows = desk.page.locator(".rr-row")
    assert rows.count() == 2
    desk.page.locator("#rr-filter-signed").click()
    desk.page.wait_for_function("document.querySelectorAll('.rr-row').length === 0")
    desk.page.locator("#rr-filter-proposed").click()
    desk.page.wait_for_function("document.querySelectorAll('.rr-row').length === 2")
    desk.page.locator("#rr-search").fill("nobody")
    desk.page.wait_for_function("document.querySelectorAll('.rr-row').length === 0")
    desk.page.locator("#rr-search").fill("phantom")
    desk.page.wait_for_function("document.querySelectorAll('.rr-row').length === 2")
