"""What the browser fetches of the open reading, and the mask files it hands in."""

from __future__ import annotations

import asyncio
import io
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

from aiohttp import web

from readingroom.errors import RefusedInput
from readingroom.workbench.upload import INBOX, discard

if TYPE_CHECKING:
    from readingroom.workbench.reading.page import ReadingPage

_REPORT = "report"
_PDF, _ZIP = "report.pdf", "export.zip"


class Files:
    """Serves the report and the export of the open reading, and nothing else.

    Parameters
    ----------
    page : ReadingPage
    """

    def __init__(self, page: ReadingPage) -> None:
        self._page = page

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Answer ``/files/<key>/report.pdf`` and ``/files/<key>/export.zip``."""
        session = self._page.session
        if session is None or request.match_info["key"] != self._page.state.page_case["key"]:
            raise web.HTTPNotFound()
        place = session.directory / _REPORT
        name = request.match_info["name"]
        if name == _PDF and (place / _PDF).is_file():
            return web.FileResponse(
                place / _PDF,
                headers={"Content-Type": "application/pdf", "Content-Disposition": "inline"},
            )
        if name == _ZIP and place.is_dir():
            data = await asyncio.to_thread(zipped, place)
            headers = {
                "Content-Disposition": f'attachment; filename="{session.directory.name}.zip"'
            }
            return web.Response(body=data, content_type="application/zip", headers=headers)
        raise web.HTTPNotFound()

    def take_masks(self, name: str) -> None:
        """Take over the masks of an upload; raises as `ReviewSession.import_masks`."""
        place = self._page.app.list.work.home / INBOX / Path(name).name
        try:
            session = self._page.session
            if session is not None:
                self._page.viewer.flush()
                session.import_masks(the_file(place))
                self._page.app.note("imported")
        finally:
            discard(place)


def the_file(place: Path) -> Path:
    """Return the one file of an upload.

    Raises
    ------
    RefusedInput
        ``MASK_FILE_ONE`` if there is not exactly one.
    """
    files = [path for path in place.rglob("*") if path.is_file()]
    if len(files) != 1:
        raise RefusedInput(
            "MASK_FILE_ONE",
            "One mask file can be taken over at a time.",
            "Drop a single file.",
        )
    return files[0]


def zipped(folder: Path) -> bytes:
    """Return all files below `folder` as a zip archive."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(p for p in folder.rglob("*") if p.is_file()):
            archive.write(path, path.relative_to(folder).as_posix())
    return buffer.getvalue()
