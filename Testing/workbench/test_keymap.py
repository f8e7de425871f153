"""The keyboard map."""

from __future__ import annotations

from readingroom.reader import FindingClass
from readingroom.readers.cacs.display import CLASSES
from readingroom.workbench.keymap import KEYS, KeyMap, class_keys, shown

WHITE = (1.0, 1.0, 1.0)


def a_class(label: str, shortcut: str) -> FindingClass:
    return FindingClass(label, {"en": label, "zh": label}, WHITE, shortcut)


def test_no_key_means_two_things():
    keys = [key for one in (*KEYS, *class_keys(CLASSES)) for key in one.keys]
    assert len(keys) == len(set(keys))


def test_a_class_gets_its_shortcut_with_shift_where_the_key_is_taken():
    found = {one.argument: one.keys for one in class_keys([a_class("A", "1"), a_class("B", "n")])}
    assert found == {"A": ("1",), "B": ("shift+n",)}


def test_a_class_without_shortcut_has_no_key():
    assert class_keys([a_class("A", "")]) == []


def test_a_key_finds_its_command():
    keys = KeyMap(CLASSES)
    assert keys.find("2").argument == "LAD"
    assert (keys.find("j").command, keys.find("j").argument) == ("step", "1")
    assert keys.find("ctrl+z").command == "undo"
    assert keys.find("ctrl+q") is None


def test_the_work_list_knows_language_and_help_only():
    assert sorted(KeyMap(CLASSES).names("list")) == ["?", "l"]
    assert {"j", "1", "ctrl+s", "shift+2"} <= set(KeyMap(CLASSES).names("reading"))


def test_the_overlay_shows_every_key_in_both_languages():
    for language in ("en", "zh"):
        rows = KeyMap(CLASSES).rows(language)
        keys = [name for group in rows for key in group["keys"] for name in key["keys"]]
        assert len(keys) == sum(len(one.keys) for one in (*KEYS, *class_keys(CLASSES)))
    assert "Ctrl+Z" in keys


def test_keys_are_written_as_on_a_keyboard():
    assert [shown(k) for k in ("j", "shift+1", "ctrl+shift+z", "ArrowDown", "Escape", "?")] == [
        "J",
        "Shift+1",
        "Ctrl+Shift+Z",
        "↓",
        "Esc",
        "?",
    ]
