"""The parser: only the verb that was asked for is imported and described in full."""

from __future__ import annotations

import argparse
import importlib
from collections.abc import Sequence
from typing import Any, NoReturn

from readingroom import __version__
from readingroom.errors import RefusedInput

#: Verb -> its one line of help by language, in the order of a day's work.
VERBS: dict[str, dict[str, str]] = {
    "demo": {
        "en": "read a real chest CT and teaching cases, and write the reports",
        "zh": "判读真实胸部 CT 与教学病例，并生成报告",
    },
    "read": {"en": "read a study", "zh": "判读检查"},
    "review": {
        "en": "open the workbench on folders of studies and readings",
        "zh": "打开工作台，复核检查与判读",
    },
    "live": {
        "en": "play fluoroscopy in the browser and mark the wires while it plays",
        "zh": "在浏览器中播放透视影像并实时标出导丝",
    },
    "remeasure": {
        "en": "measure a reading again with corrected masks",
        "zh": "用修正后的掩膜重新测量",
    },
    "report": {"en": "write a reading's reports", "zh": "生成报告"},
    "compare": {"en": "compare two readings of one patient", "zh": "比较同一患者的两次判读"},
    "batch": {"en": "read the studies of a list", "zh": "批量判读清单中的检查"},
    "simulate": {"en": "make cases of known truth", "zh": "生成已知真值的病例"},
    "train": {"en": "train a reader's models", "zh": "训练判读模型"},
    "evaluate": {"en": "compare a reader with known truth", "zh": "用已知真值评价判读器"},
    "models": {"en": "list, show, import, pull or export model cards", "zh": "管理模型卡"},
    "doctor": {
        "en": "say what works on this machine and how to get the rest",
        "zh": "检查本机可用功能及补全方法",
    },
}
LANGUAGES = ("en", "zh")
_DISCLAIMER = {
    "en": "For research; not a medical device. A physician decides.",
    "zh": "仅供研究，非医疗器械；由医生作出决定。",
}


class Parser(argparse.ArgumentParser):
    """An argument parser whose complaints take the way of every other error."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**{"allow_abbrev": False, **settings})

    def error(self, message: str) -> NoReturn:
        """Refuse the command.

        Raises
        ------
        RefusedInput
            ``USAGE``.
        """
        raise RefusedInput(
            "USAGE",
            f"The command cannot be understood: {message}.",
            f"See '{self.prog} --help'.",
        )


def build(arguments: Sequence[str], language: str = "en") -> Parser:
    """Return the parser for `arguments`."""
    parser = Parser(
        prog="readingroom",
        description="A radiology reading room: studies in, readings and reports out.",
        epilog=_DISCLAIMER[language],
    )
    parser.add_argument("--version", action="version", version=f"readingroom {__version__}")
    add_common(parser, defaults=True)
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True, parser_class=Parser)
    wanted = next((word for word in arguments if word in VERBS), None)
    for verb, text in VERBS.items():
        sub = verbs.add_parser(verb, help=text[language], description=_sentence(text[language]))
        add_common(sub, defaults=False)
        if verb == wanted:
            verb_module(verb).add_arguments(sub, arguments, language)
    return parser


def verb_module(verb: str) -> Any:
    """Import the module of `verb`; it has ``add_arguments`` and ``run``."""
    return importlib.import_module(f"readingroom.cli.verbs.{verb}")


def language_of(arguments: Sequence[str]) -> str:
    """Return the language asked for before anything is parsed; English otherwise."""
    for word, following in zip(arguments, [*arguments[1:], ""], strict=True):
        chosen = following if word == "--language" else word.removeprefix("--language=")
        if chosen in LANGUAGES and word.startswith("--language"):
            return chosen
    return "en"


def add_common(parser: argparse.ArgumentParser, *, defaults: bool) -> None:
    """Add what every verb takes; it may stand before or after the verb."""

    def default(value: Any) -> Any:
        return value if defaults else argparse.SUPPRESS

    parser.add_argument(
        "--json",
        action="store_true",
        default=default(False),
        help="print one JSON object on standard output",
    )
    parser.add_argument(
        "--language", choices=LANGUAGES, default=default("en"), help="language of texts"
    )
    parser.add_argument(
        "-v", "--verbose", action="count", default=default(0), help="say more; twice for most"
    )


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:] + "."
