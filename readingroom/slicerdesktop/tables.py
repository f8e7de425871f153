"""Two tables of the panel: the findings, and the numbers of machine and review side by side."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import qt

from readingroom.slicerdesktop import labels
from readingroom.slicerdesktop.texts import language, tr

if TYPE_CHECKING:
    from readingroom.reading import Finding, Measurement, Reading

_GREY = "#808080"


class FindingsTable:
    """The findings of a reading, one a row; choosing a row calls back with its id.

    Parameters
    ----------
    widget : QTableWidget
    chosen : Callable[[str], None]
    """

    def __init__(self, widget: Any, chosen: Callable[[str], None]) -> None:
        self._widget = widget
        self._chosen = chosen
        self._ids: list[str] = []
        self._filling = False
        widget.itemSelectionChanged.connect(self._selected)

    @property
    def current(self) -> str | None:
        """The id of the chosen finding."""
        row = self._widget.currentRow()
        has_row = 0 <= row < len(self._ids) and bool(self._widget.selectedItems())
        return self._ids[row] if has_row else None

    def show(self, reading: Reading, reader: Any) -> None:
        """Show the findings; the chosen one stays chosen."""
        chosen = self.current
        columns = labels.finding_columns(reading, language())
        self._filling = True
        try:
            self._ids = [finding.id for finding in reading.findings]
            _clear(self._widget, ["", tr("Class"), *(title for _, title in columns)], wide=1)
            self._widget.rowCount = len(self._ids)
            for row, finding in enumerate(reading.findings):
                title = labels.finding_title(reader, finding, reading, language())
                self._fill(row, finding, title, [name for name, _ in columns])
            self.choose(chosen)
        finally:
            self._filling = False

    def choose(self, finding_id: str | None) -> None:
        """Choose the row of a finding."""
        if finding_id in self._ids:
            self._widget.selectRow(self._ids.index(finding_id))
        else:
            self._widget.clearSelection()

    def clear(self) -> None:
        """Show nothing."""
        self._ids = []
        self._widget.rowCount = 0

    def _fill(self, row: int, finding: Finding, title: str, names: list[str]) -> None:
        texts = [labels.state_sign(finding), title]
        texts += [labels.finding_value(finding, name) for name in names]
        for column, text in enumerate(texts):
            item = qt.QTableWidgetItem(text)
            item.setToolTip(_details(finding))
            if column > 1:
                item.setTextAlignment(qt.Qt.AlignRight | qt.Qt.AlignVCenter)
            if finding.state == "rejected":
                item.setForeground(qt.QBrush(qt.QColor(_GREY)))
            self._widget.setItem(row, column, item)

    def _selected(self) -> None:
        if not self._filling and self.current is not None:
            self._chosen(self.current)


class NumbersTable:
    """The measurements of the machine's reading and of the review, side by side."""

    def __init__(self, widget: Any) -> None:
        self._widget = widget

    def show(self, machine: Reading, reviewed: Reading, names: list[str]) -> None:
        """Show the measurements called `names`; what differs is bold."""
        headings = [tr("Measurement"), tr("Machine"), tr("Reviewed"), tr("Unit")]
        _clear(self._widget, headings, wide=0)
        self._widget.rowCount = len(names)
        for row, name in enumerate(names):
            self._fill(row, name, machine, reviewed)

    def clear(self) -> None:
        """Show nothing."""
        self._widget.rowCount = 0

    def text(self, row: int, column: int) -> str:
        """Return what a cell shows."""
        return str(self._widget.item(row, column).text())

    def _fill(self, row: int, name: str, machine: Reading, reviewed: Reading) -> None:
        before, after = machine.measurements.get(name), reviewed.measurements.get(name)
        known = after or before
        texts = [
            labels.measurement_title(reviewed, name, language()),
            labels.value_text(before),
            labels.value_text(after),
            "" if known is None else labels.unit_text(known, language()),
        ]
        for column, text in enumerate(texts):
            item = qt.QTableWidgetItem(text)
            item.setToolTip(name if known is None else f"{name}: {known.method}")
            if column == 2 and texts[1] != texts[2]:
                item.setFont(_bold(item.font()))
            self._widget.setItem(row, column, item)


def _details(finding: Finding) -> str:
    rows = [f"{finding.id} · {finding.type}"]
    if finding.confidence is not None:
        rows.append(f"{tr('Confidence')}: {100 * finding.confidence:.0f} %")
    rows += [
        f"{labels.quantity_title(name, language())}: {_with_unit(m)}"
        for name, m in finding.measurements.items()
    ]
    return "\n".join(rows)


def _with_unit(measurement: Measurement) -> str:
    unit = labels.unit_text(measurement, language())
    return f"{labels.value_text(measurement)} {unit}".rstrip()


def _clear(widget: Any, headings: list[str], *, wide: int) -> None:
    """Empty a table; its column `wide` gives way so that the others fit into the panel."""
    widget.rowCount = 0
    widget.columnCount = len(headings)
    widget.setHorizontalHeaderLabels(headings)
    header = widget.horizontalHeader()
    header.setSectionResizeMode(qt.QHeaderView.ResizeToContents)
    header.setSectionResizeMode(wide, qt.QHeaderView.Stretch)


def _bold(font: Any) -> Any:
    font.setBold(True)
    return font
