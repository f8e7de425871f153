"""What the worker can be asked to do; the command line does the same in its own process."""

from __future__ import annotations

import logging
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from readingroom.reader import Progress
from readingroom.worker.output import free_place

if TYPE_CHECKING:
    from readingroom.reader import Reader
    from readingroom.study import Study

_log = logging.getLogger(__name__)
_LOADED, _READ = 0.10, 0.95


class Jobs:
    """The jobs, with readers kept warm from one to the next."""

    def __init__(self) -> None:
        self._readers: dict[str, Reader[Any]] = {}

    def run(self, job: str, fields: dict[str, Any], progress: Progress) -> dict[str, Any]:
        """Do `job` and return what its ``done`` answer holds besides the id.

        Parameters
        ----------
        job : {'read', 'remeasure', 'report'}
        fields : dict
            As in `readingroom.worker.protocol`.

        Raises
        ------
        RefusedInput, ReadingRoomError, OSError
        """
        work = {"read": self.read, "remeasure": self.remeasure, "report": self.report}[job]
        started = time.perf_counter()
        result = work(fields, progress)
        return {**result, "seconds": round(time.perf_counter() - started, 3)}

    def read(self, fields: dict[str, Any], progress: Progress) -> dict[str, Any]:
        """Read ``study`` with ``reader`` and ``options``; save the reading at ``out``."""
        from readingroom import folder, readers

        name = str(fields["reader"])
        options = readers.parse_options(name, fields.get("options") or {})
        reader = self._warm(name)
        out = free_place(Path(fields["out"]))
        progress("load", 0.0)
        study = _load(fields["study"])
        _log.info("%s starts reading", name)
        reading = reader.read(study, options, progress.part(_LOADED, _READ))
        progress("save", _READ)
        folder.save(reading, out)
        return {"folder": str(out)}

    def remeasure(self, fields: dict[str, Any], progress: Progress) -> dict[str, Any]:
        """Measure the reading at ``folder`` again with ``masks``; save the next revision."""
        from readingroom import folder
        from readingroom.imaging.source import volume_read

        place = Path(fields["folder"])
        progress("load", 0.0)
        reading = folder.load(place)
        study = _load(fields.get("study") or reading.study.source)
        masks = folder.load_masks(fields["masks"], volume_read(reading, study))
        progress("remeasure", 0.5)
        revised = self._warm(reading.reader).remeasure(reading, study, masks)
        revised.reviewer = fields.get("reviewer") or reading.reviewer
        progress("save", _READ)
        folder.save(revised, place)
        return {"folder": str(place), "revision": revised.revision}

    def report(self, fields: dict[str, Any], progress: Progress) -> dict[str, Any]:
        """Write the reading at ``folder`` in the ``formats`` asked for."""
        from readingroom import report

        result = report.write(
            fields["folder"],
            fields["formats"],
            study=fields.get("study"),
            language=fields.get("language") or "en",
            progress=progress,
        )
        return {"folder": str(fields["folder"]), **result.as_dict()}

    def _warm(self, name: str) -> Reader[Any]:
        from readingroom import readers

        if name not in self._readers:
            self._readers[name] = readers.get(name)
        return self._readers[name]


def _load(where: Any) -> Study:
    """Load a study from a path, several of them, or a reading's ``source``."""
    from readingroom import imaging

    paths = list(where) if isinstance(where, (list, tuple)) else str(where).split(os.pathsep)
    # Absolute, so that the reading finds its study again from any working folder.
    return imaging.load([Path(path).absolute() for path in paths])
