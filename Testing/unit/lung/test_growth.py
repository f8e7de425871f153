"""Doubling time with its interval, the growth rule, several scans."""

from __future__ import annotations

import pytest

from readingroom.readers.lungnodule.growth import Growth, Size, doubling_days, growth, trend
from readingroom.readers.lungnodule.measure import sphere_volume


def a_sphere(mm: float, sd: float = 0.0) -> Size:
    return Size(sphere_volume(mm), mm, sd)


def between(first_mm: float, second_mm: float, days: float) -> Growth:
    return growth(a_sphere(first_mm), a_sphere(second_mm), days)


def test_doubling_time_of_the_published_example() -> None:
    assert between(6, 8, 90).doubling_days == pytest.approx(72.3, abs=0.05)


def test_twice_the_volume_takes_one_doubling_time() -> None:
    assert doubling_days(100, 200, 123) == pytest.approx(123)
    assert doubling_days(200, 100, 123) == pytest.approx(-123)
    assert doubling_days(100, 100, 123) is None


@pytest.mark.parametrize(
    ("doubling", "grade"),
    [(399, "suspicious"), (400, "indeterminate"), (600, "indeterminate"), (601, "favours_benign")],
)
def test_grades(doubling: float, grade: str) -> None:
    found = growth(Size(100, 6), Size(100 * 2 ** (365 / doubling), 7), 365)
    assert found.grade == grade


def test_less_than_a_quarter_is_no_growth() -> None:
    found = growth(Size(100, 6), Size(124, 6.4), 90)
    assert (found.grade, found.pace, found.significant) == ("none", "stable", False)


def test_the_interval_holds_the_doubling_time() -> None:
    found = between(6, 8, 90)
    low, high = found.interval_days
    assert low is not None
    assert high is not None
    assert low < 72.3 < high


def test_the_interval_widens_with_the_uncertainty() -> None:
    sure, unsure = between(6, 8, 90), growth(a_sphere(6, 30), a_sphere(8, 60), 90)
    assert unsure.interval_days[0] < sure.interval_days[0]  # type: ignore[operator]
    assert unsure.interval_days[1] is None or unsure.interval_days[1] > sure.interval_days[1]  # type: ignore[operator]


def test_a_small_change_has_no_upper_limit() -> None:
    found = growth(Size(100, 6), Size(110, 6.2), 90)
    assert found.interval_days[1] is None
    assert not found.significant


@pytest.mark.parametrize(
    ("first", "second", "days", "pace"),
    [
        (8, 9.5, 365, "stable"),
        (8, 9.6, 365, "growing"),
        (8, 9.6, 90, "growing"),
        (8, 10, 730, "slowly_growing"),
        (8, 12, 730, "growing"),
        (8, 6.4, 365, "decreased"),
    ],
)
def test_the_growth_rule(first: float, second: float, days: float, pace: str) -> None:
    # Same volume, so that the diameters alone decide.
    assert growth(Size(100, first), Size(100, second), days).pace == pace


def test_volume_without_diameter_is_slow_growth() -> None:
    assert growth(Size(100, 6), Size(140, 6.7), 365).pace == "slowly_growing"


def test_growth_speaks_both_languages() -> None:
    found = between(6, 8, 90)
    assert "72 days" in found.text
    assert "72 天" in found.text_zh


@pytest.mark.parametrize(("volume", "days"), [(0.0, 90.0), (100.0, 0.0), (100.0, -5.0)])
def test_what_cannot_be_compared(volume: float, days: float) -> None:
    with pytest.raises(ValueError, match="above 0"):
        growth(Size(volume, 5), Size(100, 6), days)


def test_a_trend_over_several_scans() -> None:
    days = [0, 100, 200, 400]
    sizes = [Size(100 * 2 ** (day / 250), 6) for day in days]
    found = trend(sizes, days)
    assert found.doubling_days == pytest.approx(250)
    assert found.residual_sd == pytest.approx(0, abs=1e-12)
    low, high = found.interval_days
    assert low is not None
    assert high is not None
    assert low < 250 < high


def test_two_scans_give_the_same_as_growth() -> None:
    found = trend([a_sphere(6), a_sphere(8)], [0, 90])
    assert found.doubling_days == pytest.approx(between(6, 8, 90).doubling_days)


def test_a_trend_needs_two_days() -> None:
    with pytest.raises(ValueError, match="different days"):
        trend([a_sphere(6), a_sphere(8)], [5, 5])
