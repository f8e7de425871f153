"""Evidence as plots: SVG text that the page shows inline, in its own colours and language."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from readingroom.compare import Comparison
from readingroom.reader import FindingClass
from readingroom.reading import Finding, Measurement, Reading
from readingroom.report.layouts import layout_of, measurement_name
from readingroom.report.phrases import Language, pick
from readingroom.workbench.reading import labels
from readingroom.workbench.texts import say

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_WIDTH_IN = 3.6
_ROW_IN = 0.30
_HEAD_IN = 0.55
_FONT_PT = 9
#: matplotlib's SVG backend keeps the settings of one drawing at a time.
_LOCK = threading.Lock()


def probabilities(
    finding: Finding, classes: Sequence[FindingClass], language: Language, *, dark: bool
) -> str:
    """Return the class probabilities of one finding as bars; empty where there are none."""
    given = finding.evidence.get("probabilities") or {}
    if not given:
        return ""
    ordered = sorted(given.items(), key=lambda item: item[1])
    colors = {one.label: one.color for one in classes}
    names = [labels.class_title(label, classes, language) for label, _ in ordered]
    axes, finish = _begin(len(ordered), dark)
    bars = axes.barh(
        range(len(ordered)),
        [100 * p for _, p in ordered],
        color=[colors.get(label, (0.5, 0.5, 0.5)) for label, _ in ordered],
        height=0.62,
    )
    axes.bar_label(bars, fmt="%.1f %%", padding=3)
    axes.set_yticks(range(len(ordered)), names)
    axes.set_xlim(0, 122)
    axes.set_xticks([])
    return finish()


def by_structure(machine: Reading, reviewed: Reading, language: Language, *, dark: bool) -> str:
    """Return the score of each structure, the machine's beside the reviewed one."""
    layout = layout_of(reviewed)
    if layout is None:
        return ""
    quantity = layout.columns[0].quantity
    names = [measurement_name(reviewed.reader, key, quantity) for key in layout.rows]
    before = [_number(machine.measurements.get(name)) for name in names]
    now = [_number(reviewed.measurements.get(name)) for name in names]
    axes, finish = _begin(2 * len(names), dark)
    places = [float(-n) for n in range(len(names))]
    one = axes.barh([p + 0.2 for p in places], before, height=0.36, label=say("machine", language))
    two = axes.barh([p - 0.2 for p in places], now, height=0.36, label=say("now", language))
    for bars, values, color in ((one, before, "#8a97a0"), (two, now, "#26a69a")):
        for bar in bars:
            bar.set_color(color)
        axes.bar_label(bars, labels=[labels.value(value, "") for value in values], padding=3)
    titles = [labels.short_title(key, (), layout, language) for key in layout.rows]
    axes.set_yticks(places, titles)
    axes.set_xlim(0, max([*before, *now, 1.0]) * 1.25)
    axes.set_xlabel(pick(layout.columns[0].label, language))
    _legend(axes, dark)
    return finish()


def follow_up(comparison: Comparison, name: str, language: Language, *, dark: bool) -> str:
    """Return the old and the new value of the reading's main number against the date."""
    change = next((c for c in comparison.changes if c.name == name), None)
    if change is None or change.old is None or change.new is None:
        return ""
    dates = [(comparison.old_date or "")[:10], (comparison.new_date or "")[:10]]
    axes, finish = _begin(4, dark)
    axes.plot([0, 1], [change.old, change.new], "o-", color="#26a69a", linewidth=2)
    for place, value in enumerate((change.old, change.new)):
        axes.annotate(
            labels.value(value, ""),
            (place, value),
            textcoords="offset points",
            xytext=(0, 7),
            ha="center",
        )
    axes.set_xticks([0, 1], dates)
    axes.set_xlim(-0.4, 1.4)
    axes.set_ylim(0, max(change.old, change.new, 1.0) * 1.3)
    axes.set_ylabel(labels.measurement(comparison.reader, name, language))
    return finish()


def follow_up_rows(comparison: Comparison, language: Language) -> list[dict[str, str]]:
    """Return what changed since the earlier reading, as a table."""
    rows = []
    for change in comparison.changes:
        if change.old is None or change.new is None or change.old == change.new == 0:
            continue
        rows.append(
            {
                "label": labels.measurement(comparison.reader, change.name, language),
                "old": labels.value(change.old, change.unit),
                "new": labels.value(change.new, change.unit),
                "percent": "" if change.percent is None else f"{change.percent:+.0f} %",
                "rate": "" if change.per_year is None else f"{change.per_year:+.1f}/a",
            }
        )
    return rows


def _number(measurement: Measurement | None) -> float:
    return 0.0 if measurement is None or measurement.value is None else float(measurement.value)


def _begin(rows: int, dark: bool) -> tuple[Axes, Callable[[], str]]:
    from matplotlib.figure import Figure

    ink = "#e6edf1" if dark else "#1c2429"
    figure = Figure(figsize=(_WIDTH_IN, _HEAD_IN + _ROW_IN * rows), layout="constrained")
    figure.patch.set_alpha(0.0)
    axes = figure.add_subplot()
    axes.patch.set_alpha(0.0)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color(ink)

    def finish() -> str:
        axes.tick_params(colors=ink, labelsize=_FONT_PT)
        for text in (axes.xaxis.label, axes.yaxis.label, *axes.texts):
            text.set_color(ink)
            text.set_fontsize(_FONT_PT)
        return _svg(figure)

    return axes, finish


def _legend(axes: Axes, dark: bool) -> None:
    legend = axes.legend(frameon=False, fontsize=_FONT_PT, loc="lower right")
    for text in legend.get_texts():
        text.set_color("#e6edf1" if dark else "#1c2429")


def _svg(figure: Any) -> str:
    """Return the figure as an ``<svg>`` element whose text is text, in the page's own font."""
    import matplotlib

    buffer = io.StringIO()
    settings: Any = {"svg.fonttype": "none", "svg.hashsalt": "readingroom"}
    with _LOCK, matplotlib.rc_context(settings):
        figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None})
    text = buffer.getvalue()
    return text[text.index("<svg") :]
