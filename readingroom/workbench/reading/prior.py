"""The earlier reading of the patient beside the open one: found, opened, told in numbers."""

from __future__ import annotations

import asyncio
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from readingroom.reading import Finding
from readingroom.report.layouts import attribute_text, layout_of
from readingroom.report.phrases import Language
from readingroom.review import ReviewSession
from readingroom.review.prior import How, Prior, folder_of, open_prior
from readingroom.workbench.faults import told
from readingroom.workbench.reading import labels
from readingroom.workbench.texts import say

if TYPE_CHECKING:
    from readingroom.workbench.reading.page import ReadingPage

#: What is set side by side, with the change that the reading holds.
_BESIDE = (
    ("mean_diameter", "mm", "diameter_change"),
    ("solid_mean_diameter", "mm", ""),
    ("volume", "mm3", "volume_change"),
)
_LAYOUT = "prior"
_LINKS: dict[How, str] = {
    "registered": "link_registered",
    "frame": "link_frame",
    "coordinates": "link_coordinates",
}


class PriorPage:
    """Opens the prior scan when it is asked for, and says what was measured then and now.

    Parameters
    ----------
    page : ReadingPage
    """

    def __init__(self, page: ReadingPage) -> None:
        self._page = page
        self._state = page.state
        self._folder: Path | None = None
        self.prior: Prior | None = None

    def tell(self, fault: BaseException) -> None:
        """Show a fault."""
        self._page.tell(fault)

    def begin(self, session: ReviewSession) -> None:
        """See whether there is an earlier reading; its images wait until they are asked for."""
        self.prior = None
        self._find(session)

    def _find(self, session: ReviewSession) -> None:
        entry = self._page.app.list.entry_for(session.directory)
        earlier = entry and self._page.app.list.work.earlier_of(entry)
        listed = earlier.path if earlier else None
        projected = session.volume.projection
        self._folder = None if projected else folder_of(session.reading, listed)
        self._state.view_has_prior = self._folder is not None

    def leave(self) -> None:
        """Forget the prior scan."""
        self.prior = self._folder = None
        with self._state:
            self._state.view_has_prior = False
            self._state.page_prior = None

    def wanted(self, layout: str = _LAYOUT) -> None:
        """Show the prior scan, opening it first; say so where there is none."""
        if self._folder is None:
            self._page.app.note("no_prior")
        else:
            self._page.app.tasks.start(self._open(layout))

    @told
    async def _open(self, layout: str) -> None:
        session, place = self._page.session, self._folder
        if session is None or place is None:
            return
        with self._state:
            self._state.page_busy = "opening_prior"
        try:
            prior = await asyncio.to_thread(_opened, session, place)
        finally:
            with self._state:
                self._state.page_busy = ""
        if self._page.session is session:
            self.prior = prior
            self._page.viewer.show_prior(prior, layout)
            self.present()

    def present(self) -> None:
        """Tell the page what the selected finding was then, and how the scans are linked."""
        session = self._page.session
        if session is None:
            return
        if self._folder is None:
            self._find(session)  # the work list may have been looked through since
        language, chosen = self._page.app.language, self._state.page_selected
        finding = next((f for f in session.reading.findings if f.id == chosen), None)
        with self._state:
            self._state.page_prior = {
                "scan": None if self.prior is None else scan(self.prior, language),
                "finding": then_and_now(session, finding, language),
                "matched": None if self.prior is None else _matched(self.prior, finding, language),
            }


def _opened(session: ReviewSession, place: Path) -> Prior:
    prior = open_prior(session.reading, session.volume, place)
    _ = prior.volume.array, prior.masks  # decoded here, in a thread
    return prior


def scan(prior: Prior, language: Language) -> dict[str, str]:
    """Return when the prior scan was made, and how places are carried to it."""
    dates = [one.acquisition.get("acquired_at") for one in prior.reading.study.series]
    return {
        "title": say("prior_scan", language),
        "date": next((str(one)[:10] for one in dates if one), ""),
        "before": _before(prior.days, language),
        "link": say(_LINKS[prior.link.how], language),
        "how": prior.link.how,
    }


def _before(days: float | None, language: Language) -> str:
    return "" if days is None else say("days_before", language, days=round(days))


def _matched(prior: Prior, finding: Finding | None, language: Language) -> dict[str, str]:
    """Return what the finding was called then, and its size; why there is nothing, if so."""
    if finding is None:
        return {"text": "", "kind": ""}
    before = prior.counterparts(finding)
    if not before:
        known = finding.evidence.get("prior")
        key = "prior_new" if known and known.get("kind") == "new" else "prior_unmatched"
        return {"text": say(key, language), "kind": key}
    names = " + ".join(one.id for one in before)
    sizes = [_number(before[0], name, unit) for name, unit, _ in (_BESIDE[0], _BESIDE[2])]
    return {"text": " · ".join([names, *(one for one in sizes if one)]), "kind": "matched"}


def then_and_now(
    session: ReviewSession, finding: Finding | None, language: Language
) -> dict[str, Any] | None:
    """Return the table of a finding's two times; None where it was never compared.

    Returns
    -------
    dict or None
        ``id``, ``then`` and ``now`` (dates), ``ids`` (then), ``status``, ``growth`` in words,
        and ``rows`` of ``label``, ``then``, ``now``, ``change``.
    """
    prior = finding.evidence.get("prior") if finding is not None else None
    if finding is None or not prior:
        return None
    return {
        "id": finding.id,
        "then": _date(prior.get("date")),
        "now": _date(_acquired(session)),
        "ids": " + ".join(str(one) for one in prior.get("ids") or ()),
        "status": _status(session, finding, language),
        "growth": str(
            finding.attributes.get("growth_text_zh" if language == "zh" else "growth_text") or ""
        ),
        "rows": [*_sizes(finding, prior, language), *_words(session, finding, prior, language)],
    }


def _sizes(finding: Finding, prior: dict[str, Any], language: Language) -> list[dict[str, str]]:
    rows = []
    for name, unit, change in _BESIDE:
        now = _number(finding, name, unit)
        then = prior.get(name)
        if name == "solid_mean_diameter" and _is_all_solid(finding, prior):
            continue  # twice the same
        if now and then is not None:
            text = f"{labels.value(float(then), unit)} {labels.unit(unit, language)}"
            rows.append(
                {
                    "label": labels.quantity(name, language),
                    "then": text,
                    "now": now,
                    "change": _signed(finding, change, language),
                }
            )
    doubling = finding.measurements.get("volume_doubling_time")
    if doubling is not None:
        label = labels.quantity("volume_doubling_time", language)
        text = f"{labels.value(doubling.value, doubling.unit)} {labels.unit('d', language)}"
        rows.append({"label": label, "then": "", "now": text, "change": ""})
    return rows


def _is_all_solid(finding: Finding, prior: dict[str, Any]) -> bool:
    return finding.attributes.get("type") == prior.get("type") == "solid"


def _words(
    session: ReviewSession, finding: Finding, prior: dict[str, Any], language: Language
) -> list[dict[str, str]]:
    """Return the attributes that were kept of the earlier time: type, category."""
    layout = layout_of(session.reading)
    rows = []
    for column in layout.said if layout else ():
        then = prior.get(column.attribute)
        if then and column.attribute in ("type", "lung_rads"):
            old = finding.model_copy(
                update={"attributes": {**finding.attributes, column.attribute: then}}
            )
            texts = [attribute_text(one, column, language) for one in (old, finding)]
            label = column.label[language == "zh"]
            rows.append({"label": label, "then": texts[0], "now": texts[1], "change": ""})
    return rows


def _status(session: ReviewSession, finding: Finding, language: Language) -> str:
    layout = layout_of(session.reading)
    for column in layout.said if layout else ():
        if column.attribute == "status":
            return attribute_text(finding, column, language)
    return ""


def _number(finding: Finding, name: str, unit: str) -> str:
    measured = finding.measurements.get(name)
    if measured is None or measured.value is None:
        return ""
    return f"{labels.value(measured.value, unit)} {labels.unit(unit, 'en')}"


def _signed(finding: Finding, name: str, language: Language) -> str:
    measured = finding.measurements.get(name)
    if measured is None or measured.value is None:
        return ""
    return f"{measured.value:+.{0 if measured.unit == '%' else 1}f} {measured.unit}"


def _acquired(session: ReviewSession) -> str:
    return next(
        (str(s.acquisition.get("acquired_at") or "") for s in session.reading.study.series), ""
    )


def _date(text: Any) -> str:
    try:
        return datetime.fromisoformat(str(text)).date().isoformat()
    except ValueError:
        return ""
