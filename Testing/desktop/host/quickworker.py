"""The real reading process with a calcium reader that uses no network, for tests of the door.

``python -m Testing.desktop.host.quickworker [GATE]``: a reading finds what
``Testing.fixtures.review_cases`` has put into the images, once the file GATE is there.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np

from readingroom import readers
from readingroom.errors import RefusedInput
from readingroom.reader import Progress
from readingroom.readers.cacs.options import CacsOptions
from readingroom.readers.cacs.reader import CacsReader
from readingroom.reading import NoteRecord, Reading
from readingroom.study import Study
from Testing.fixtures import review_cases

_STEP_S = 0.02


class QuickReader(CacsReader):
    """Finds the lesions that the chest of the fixtures has."""

    gate: Path | None = None

    def read(self, study: Study, options: CacsOptions, progress: Progress) -> Reading:
        volume = study.volumes[0]
        if not np.any(volume.array > 130):
            raise RefusedInput("HEART_ABSENT", "No heart was found.", "Choose another series.")
        while self.gate is not None and not self.gate.exists():
            progress("lesions", 0.5)
            time.sleep(_STEP_S)
        progress("lesions", 0.9)
        changed = options.model_dump(exclude_defaults=True)
        reading = review_cases.read(study, review_cases.masks_of(volume), **changed)
        reading.notes = [
            NoteRecord(code="MOTION", severity="warning", message="Motion.", message_zh="运动。")
        ]
        return reading


if __name__ == "__main__":
    from readingroom.worker.server import main

    readers._READERS["cacs"] = "__main__:QuickReader"
    QuickReader.gate = Path(sys.argv[1]) if len(sys.argv) > 1 else None
    raise SystemExit(main())
