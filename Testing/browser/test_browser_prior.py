"""The prior scan beside the current one in real Chromium: linked, matched, told in numbers."""

from __future__ import annotations

import pytest

from readingroom.workbench.reading import labels
from Testing.fixtures.lung_pair import SHIFT_MM, a_saved_pair


@pytest.fixture
def at_the_pair(a_workbench, a_desk, tmp_path):
    """Open the later of two readings, the earlier scan beside it; return the desk and both."""
    pair = a_saved_pair(tmp_path / "cases")
    desk = a_desk(a_workbench(tmp_path / "cases"))
    desk.open("2024-03-01", reviewer="Dr Test")
    desk.press("Shift+5")
    desk.until("view_layout", "v => v === 'prior'")
    desk.until("page_prior", "v => v && v.scan")
    desk.wait_for_reading()  # every view that is shown has its picture
    return desk, pair


def places(desk) -> tuple[float, float]:
    """Return the z of the current and of the prior axial slice, mm, once they rest."""
    for view in ("axial", "prior_axial"):
        desk.at_rest(view)
    return _mm(desk.info("axial")["slice"]["place"]), _mm(_prior(desk)["place"])


def _prior(desk) -> dict:
    return desk.info("prior_axial")


def written(finding, name: str) -> str:
    """Return a size as the page writes it."""
    measured = finding.measurements[name]
    return f"{labels.value(measured.value, measured.unit)} {labels.unit(measured.unit, 'en')}"


def _mm(text: str) -> float:
    letter, value = text.split()
    return float(value) * (1 if letter == "S" else -1)


def id_of(desk, status: str) -> str:
    """Return the finding whose table of then and now says a status."""
    for row in desk.state("page_findings"):
        desk.select(row["id"])
        known = "(v, a) => v && v.finding && v.finding.id === a"
        if desk.until("page_prior", known, row["id"])["finding"]["status"] == status:
            return row["id"]
    raise AssertionError(f"no finding is {status}")


def test_the_prior_follows_in_scroll_crosshair_and_finding(at_the_pair):
    desk, pair = at_the_pair
    growing = id_of(desk, "growing")
    desk.select(growing)
    desk.until("view_info_prior_axial", "v => v.marker && v.marker.through")
    now, then = places(desk)

    assert desk.state("page_prior")["scan"]["how"] == "registered"
    assert then - now == pytest.approx(SHIFT_MM[2], abs=1.5)
    before, after = pair.prior.findings[0], pair.reading.finding(growing)
    shown = desk.page.locator(".rv-cell[data-view=prior_axial] .rv-match").inner_text()
    assert (
        shown == f"{before.id} · {written(before, 'mean_diameter')} · {written(before, 'volume')}"
    )
    rows = desk.page.locator("#rr-then-now tbody tr").all_inner_texts()
    volume = next(row for row in rows if row.startswith("Volume\t"))
    grown = after.measurements["volume_change"].value
    assert volume.split("\t")[1:] == [
        written(before, "volume"),
        written(after, "volume"),
        f"{grown:+.0f} %",
    ]

    cell = desk.page.locator(".rv-cell[data-view=prior_axial]").bounding_box()
    desk.page.mouse.move(cell["x"] + cell["width"] / 3, cell["y"] + cell["height"] / 3)
    number = desk.info("axial")["slice"]["number"]
    desk.page.mouse.wheel(0, -200)  # two notches over the prior: both scroll
    desk.until("view_info_axial", "(v, a) => v.slice.number !== a", number)
    moved_now, moved_then = places(desk)
    assert abs(moved_now - now) == pytest.approx(4.0, abs=0.1)
    assert moved_then - then == pytest.approx(moved_now - now, abs=0.1)

    lines = _prior(desk)["lines"]
    desk.page.mouse.click(cell["x"] + cell["width"] / 3, cell["y"] + cell["height"] / 3)
    desk.until("view_info_prior_axial", "(v, a) => v.lines.x !== a.x", lines)
    desk.at_rest("prior_axial")
    assert _prior(desk)["lines"]["x"] == pytest.approx(100 / 3, abs=1.0)
    assert desk.info("axial")["lines"]["x"] == pytest.approx(100 / 3, abs=2.5)

    new = id_of(desk, "new")
    desk.select(new)
    desk.until("page_prior", "v => v.matched.kind === 'prior_new'")
    assert _prior(desk)["marker"] is None
    desk.press("Shift+1")
    desk.until("view_shown", "v => !v.includes('prior_axial')")
