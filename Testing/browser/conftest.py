"""Fixtures of the browser tests: everything is real, the server, its processes, Chromium."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from Testing.browser.desk import Browser, Desk, Workbench, chromium

_FAILED = pytest.StashKey[bool]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: Any) -> Any:
    report = yield
    if report.failed:
        item.stash[_FAILED] = True
    return report


@pytest.fixture(scope="module")
def the_chromium() -> Iterator[Any]:
    with chromium() as browser:
        yield browser


@pytest.fixture
def a_workbench(tmp_path: Path) -> Iterator[Callable[..., Workbench]]:
    """Start workbenches on folders; what still runs at the end is stopped in order."""
    started: list[Workbench] = []

    def start(*folders: Path, language: str = "en") -> Workbench:
        state = tmp_path / f"state{len(started)}"
        state.mkdir()
        workbench = Workbench(list(folders), state, language)
        workbench.start()
        started.append(workbench)
        return workbench

    yield start
    for workbench in started:
        workbench.stop()


@pytest.fixture
def a_desk(
    the_chromium: Any, a_workbench: Any, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[Callable[..., Desk]]:
    """Open browsers on workbenches.

    They are closed before the workbenches end. Then no page may have asked another host for
    anything, or complained; a test that breaks the line on purpose sets
    ``desk.browser.may_complain``.
    """
    desks: list[tuple[Desk, str]] = []

    def sit_down(workbench: Workbench, size: tuple[int, int] = (1280, 800)) -> Desk:
        desk = Desk(Browser(the_chromium, size), workbench.address)
        desks.append((desk, workbench.address))
        return desk

    yield sit_down
    failed = request.node.stash.get(_FAILED, False)
    for number, (desk, _) in enumerate(desks):
        if failed:
            desk.browser.look(tmp_path, f"browser{number}")
        desk.browser.close()
    for desk, address in desks:
        assert desk.browser.strangers(address) == []
        assert failed or desk.browser.may_complain or desk.browser.complaints == []
