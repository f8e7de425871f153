"""Reading folders: a reading on disk, in files that 3D Slicer opens as they are.

``reading.json`` · ``masks.seg.nrrd`` · ``landmarks.mrk.json`` · ``tables/*.csv`` ·
``figures/*.png`` · ``transforms/*.tfm`` (onto other scans) · ``revisions/NNNN/`` (what earlier
revisions held) · ``report/``.

================== =====================================================================
`save`             write a reading, all of it or nothing; each save is a new revision
`load`             the newest revision
`revision`         any revision
`load_masks`       masks that a person corrected, brought onto the grid of their volume
`temporary_sibling`, `remove_leftovers`
                   where a save is prepared, and how to clear up after a killed process
`reading_schema`   the JSON Schema of ``reading.json``
================== =====================================================================
"""

from __future__ import annotations

from readingroom.folder.atomic import remove_leftovers, temporary_sibling
from readingroom.folder.maskfile import load_masks
from readingroom.folder.schema import reading_schema
from readingroom.folder.store import load, revision, save

__all__ = [
    "load",
    "load_masks",
    "reading_schema",
    "remove_leftovers",
    "revision",
    "save",
    "temporary_sibling",
]
