"""Which key does what; the overlay and the handling are made from this one table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from readingroom.reader import FindingClass
from readingroom.report.phrases import Language


@dataclass(frozen=True)
class Key:
    """One command of the keyboard.

    Attributes
    ----------
    keys : tuple of str
        As the page names them: ``j``, ``shift+1``, ``ctrl+z``.
    command : str
        What it does.
    title : dict of str to str
        For people.
    group : str
        Heading in the overlay.
    argument : str
        Handed to the command.
    """

    keys: tuple[str, ...]
    command: str
    title: dict[str, str]
    group: str
    argument: str = ""


def _key(keys: str, command: str, group: str, en: str, zh: str, argument: str = "") -> Key:
    return Key(tuple(keys.split()), command, {"en": en, "zh": zh}, group, argument)


GROUPS: dict[str, dict[str, str]] = {
    "findings": {"en": "Findings", "zh": "所见"},
    "classes": {"en": "Class of the selected finding", "zh": "所选所见的类别"},
    "views": {"en": "Views", "zh": "视图"},
    "tools": {"en": "Tools", "zh": "工具"},
    "case": {"en": "Case", "zh": "病例"},
}

KEYS: tuple[Key, ...] = (
    _key("j ArrowDown", "step", "findings", "Next finding", "下一个所见", "1"),
    _key("k ArrowUp", "step", "findings", "Previous finding", "上一个所见", "-1"),
    _key("a", "accept", "findings", "Accept", "接受"),
    _key("x", "reject", "findings", "Reject", "拒绝"),
    _key("u", "restore", "findings", "Undecided again", "恢复未定"),
    _key("Delete", "remove", "findings", "Remove (added by hand)", "移除（人工添加）"),
    _key("f", "filter", "findings", "Next filter of the list", "切换列表筛选"),
    _key("shift+1", "layout", "views", "Four views", "四视图", "four_up"),
    _key("shift+2", "layout", "views", "Three planes", "三平面", "mpr"),
    _key("shift+3", "layout", "views", "Axial only", "仅轴位", "axial"),
    _key("shift+4", "layout", "views", "3D only", "仅三维", "three_d"),
    _key("shift+5", "layout", "views", "Current and prior scan", "本次与既往对照", "prior"),
    _key("w", "window", "views", "Next window", "下一个窗宽窗位"),
    _key("c", "crosshair", "views", "Crosshair", "十字线"),
    _key("m", "slab", "views", "Slab MIP on, off", "厚层 MIP 开关"),
    _key("ArrowRight", "scroll", "views", "Next slice or frame", "下一层或下一帧", "1"),
    _key("ArrowLeft", "scroll", "views", "Previous slice or frame", "上一层或上一帧", "-1"),
    _key("Space", "play", "views", "Play or pause a cine", "播放或暂停序列"),
    _key("p", "tool", "tools", "Paint", "绘制", "paint"),
    _key("e", "tool", "tools", "Erase", "擦除", "erase"),
    _key("t", "tool", "tools", "Threshold brush", "阈值画笔", "threshold_brush"),
    _key("q", "tool", "tools", "Click a lesion", "点选病灶", "classify"),
    _key("g", "tool", "tools", "Click what was missed", "点击补标遗漏", "grow"),
    _key("v", "tool", "tools", "Drag the centreline (cine)", "拖动中心线（序列）", "curve"),
    _key("Escape", "tool", "tools", "No tool", "退出工具", "none"),
    _key("ctrl+z", "undo", "tools", "Undo", "撤销"),
    _key("ctrl+y ctrl+shift+z", "redo", "tools", "Redo", "重做"),
    _key("ctrl+s", "save", "case", "Save", "保存"),
    _key("s", "sign", "case", "Sign", "签署"),
    _key("d", "report", "case", "Report", "报告"),
    _key("r", "run", "case", "Read again", "重新判读"),
    _key("n", "next", "case", "Next case", "下一例", "1"),
    _key("b", "next", "case", "Previous case", "上一例", "-1"),
    _key("h", "list", "case", "Work list", "工作列表"),
    _key("l", "language", "case", "English, Chinese", "中英文切换"),
    _key("[", "panel", "case", "Left panel", "左侧面板", "left"),
    _key("]", "panel", "case", "Right panel", "右侧面板", "right"),
    _key("?", "help", "case", "This overview", "本页"),
)
#: Commands that work on the work list too.
_EVERYWHERE = {"language", "help"}


@dataclass
class KeyMap:
    """The keys of one page.

    Parameters
    ----------
    classes : sequence of FindingClass
        Their shortcuts come first; where the key has another meaning, Shift is added.
    """

    classes: Sequence[FindingClass] = ()
    _by_key: dict[str, Key] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for one in (*KEYS, *class_keys(self.classes)):
            for key in one.keys:
                self._by_key[key] = one

    def names(self, page: str) -> list[str]:
        """Return the keys that do something on `page` (``list`` or ``reading``)."""
        if page == "reading":
            return list(self._by_key)
        return [name for name, key in self._by_key.items() if key.command in _EVERYWHERE]

    def find(self, name: str) -> Key | None:
        """Return what the key does."""
        return self._by_key.get(name)

    def rows(self, language: Language) -> list[dict[str, Any]]:
        """Return the overlay: groups of keys with what they do."""
        every = (*KEYS, *class_keys(self.classes))
        return [
            {
                "title": title[language],
                "keys": [
                    {"keys": [shown(k) for k in key.keys], "title": key.title[language]}
                    for key in every
                    if key.group == group
                ],
            }
            for group, title in GROUPS.items()
            if any(key.group == group for key in every)
        ]


def class_keys(classes: Sequence[FindingClass]) -> list[Key]:
    """Return the commands that give the selected finding a class."""
    taken = {key for one in KEYS for key in one.keys}
    made = []
    for one in classes:
        if not one.shortcut:
            continue
        plain = one.shortcut.lower()
        key = f"shift+{plain}" if plain in taken else plain
        made.append(Key((key,), "class", one.title, "classes", one.label))
    return made


def shown(key: str) -> str:
    """Return a key as it is printed on a keyboard."""
    names = {
        "ArrowDown": "↓",
        "ArrowUp": "↑",
        "Escape": "Esc",
        "Delete": "Del",
        "ArrowRight": "→",
        "ArrowLeft": "←",
    }
    parts = [names.get(part, part) for part in key.split("+")]
    words = {"ctrl": "Ctrl", "shift": "Shift"}
    return "+".join(words.get(part, part.upper() if len(part) == 1 else part) for part in parts)
