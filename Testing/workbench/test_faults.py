"""Whatever goes wrong is one message, in the page's language."""

from __future__ import annotations

from readingroom.errors import Cancelled, ReadingRoomError, RefusedInput
from readingroom.workbench.faults import as_message, told
from Testing.workbench.host import run


class Page:
    def __init__(self) -> None:
        self.heard: list[BaseException] = []

    def tell(self, fault: BaseException) -> None:
        self.heard.append(fault)

    @told
    def works(self, value: int) -> int:
        return value + 1

    @told
    def breaks(self) -> None:
        raise RefusedInput("SIGNED", "It is signed.", "Reopen it.")

    @told
    async def breaks_later(self) -> None:
        raise KeyError("Doe^Ada")


def test_a_refusal_is_told_in_its_three_parts():
    shown = as_message(RefusedInput("SIGNED", "It is signed.", "Reopen it."), "en")
    assert (shown["code"], shown["text"], shown["todo"]) == (
        "SIGNED",
        "It is signed.",
        "Reopen it.",
    )
    assert (shown["open"], shown["kind"]) == (True, "warning")


def test_in_chinese_it_is_chinese():
    shown = as_message(RefusedInput("SIGNED", "It is signed.", "Reopen it."), "zh")
    assert shown["text"] == "判读已签署，不可修改。"
    assert shown["code"] == "SIGNED"


def test_a_code_without_chinese_is_still_told():
    assert as_message(ReadingRoomError("NEW", "What.", "Do."), "zh")["text"] == "What."


def test_what_nobody_foresaw_names_no_patient_and_no_trace():
    shown = as_message(KeyError("Doe^Ada"), "en")
    assert shown["code"] == "INTERNAL_ERROR"
    assert shown["kind"] == "error"
    assert "Doe" not in f"{shown['text']} {shown['todo']}"
    assert "Traceback" not in shown["text"]


def test_a_cancellation_is_no_alarm():
    assert as_message(Cancelled(), "en")["kind"] == "info"


def test_methods_tell_instead_of_raising():
    page = Page()
    assert page.works(1) == 2
    page.breaks()
    run(page.breaks_later())
    assert [type(fault) for fault in page.heard] == [RefusedInput, KeyError]
