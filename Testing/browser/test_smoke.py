"""The shortest way through the workbench, in real Chromium.

That nothing outside was asked for, and that the browser had nothing to complain about, is
looked at by the desk itself, at the end of each test.
"""

from __future__ import annotations

from Testing.fixtures.review_cases import LESIONS, a_case


def test_a_case_of_the_list_opens_and_speaks_both_languages(a_workbench, a_desk, tmp_path):
    a_case(tmp_path / "cases")
    desk = a_desk(a_workbench(tmp_path / "cases"))
    desk.open("Phantom", reviewer="Dr Test")
    page = desk.page
    assert page.locator(".rr-finding[data-id]").count() == len(LESIONS)
    assert page.locator("#rr-research").inner_text().startswith("For research")
    page.click("#rr-language")
    page.wait_for_selector("html[lang=zh]")
    assert page.locator("#rr-research").inner_text().startswith("仅供研究")
    assert page.locator("#rr-sign").inner_text() == "签署"


def test_the_keyboard_overlay_opens_and_keys_do_nothing_while_someone_types(
    a_workbench, a_desk, tmp_path
):
    a_case(tmp_path / "cases")
    desk = a_desk(a_workbench(tmp_path / "cases"))
    desk.open("Phantom", reviewer="Dr Test")
    page = desk.page
    page.keyboard.press("?")
    page.wait_for_selector("#rr-keys")
    page.keyboard.press("?")
    page.wait_for_selector("#rr-keys", state="hidden")
    page.keyboard.press("s")
    page.fill("#rr-name", "")
    page.type("#rr-name", "axn j3")
    assert page.locator("#rr-saved").inner_text().startswith("Saved")
    assert page.input_value("#rr-name") == "axn j3"
