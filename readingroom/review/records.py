"""What the journal holds of an edit: the reading after it, as bytes and back."""

from __future__ import annotations

import json
import struct
import zlib
from dataclasses import asdict, dataclass
from typing import Any, Literal, cast

import numpy as np

from readingroom.maskregion import Index
from readingroom.reading import (
    Category,
    Finding,
    Landmark,
    Masks,
    Measurement,
    NoteRecord,
    Reading,
    Segment,
)
from readingroom.review.change import Kind
from readingroom.review.patch import Patch

#: ``mark`` is what cannot be undone: a signed reading that was opened again.
Mode = Literal["do", "undo", "redo", "mark"]
#: What edits change in ``reading.json``.
_STORED = {"findings", "measurements", "categories", "notes", "status", "reviewer", "audit"}
_LENGTH = struct.Struct("<I")
_LEVEL = 1


@dataclass(frozen=True)
class Record:
    """The outcome of an edit, an undo or a redo: enough to repeat it without measuring.

    Attributes
    ----------
    reading : Reading
        After it; of its audit only the last entry is kept.
    patches : tuple of Patch
        Only ``after`` is kept.
    """

    mode: Mode
    what: str
    kind: Kind
    finding_ids: tuple[str, ...]
    reading: Reading
    patches: tuple[Patch, ...] = ()


def encode(record: Record) -> bytes:
    """Return the record as bytes."""
    masks = record.reading.masks
    head = {
        "mode": record.mode,
        "what": record.what,
        "kind": record.kind,
        "finding_ids": record.finding_ids,
        "landmarks": [asdict(mark) for mark in record.reading.landmarks],
        "segments": [asdict(s) for s in masks.segments] if masks else [],
        "layers": len(masks.layers) if masks else 0,
        "patches": [[p.layer, p.start, p.shape, len(p.after)] for p in record.patches],
    }
    # Written by pydantic in one go: dumping a hundred findings one by one took 15 ms.
    whole = f'{json.dumps(head)[:-1]}, "reading": {_stored(record.reading)}}}'
    text = zlib.compress(whole.encode("utf-8"), _LEVEL)
    return b"".join([_LENGTH.pack(len(text)), text, *(p.after for p in record.patches)])


def decode(data: bytes, onto: Reading) -> Record:
    """Return the record, its reading being `onto` with what the record changed.

    The masks' layers are those of `onto`, with empty ones where the record has more;
    patches are not written, and their ``before`` is empty.
    """
    (size,) = _LENGTH.unpack_from(data)
    at = _LENGTH.size + size
    head = json.loads(zlib.decompress(data[_LENGTH.size : at]))
    patches = []
    for layer, start, shape, length in head["patches"]:
        after = data[at : at + length]
        patches.append(Patch(layer, _index(start), _index(shape), b"", after))
        at += length
    reading = _restored(head["reading"], onto)
    reading.landmarks = [_landmark(mark) for mark in head["landmarks"]]
    if reading.masks is not None:
        segments = [_segment(one) for one in head["segments"]]
        layers = _layers(reading.masks.layers, head["layers"])
        reading.masks = Masks(layers, reading.masks.ijk_to_lps, segments)
    ids = tuple(head["finding_ids"])
    return Record(head["mode"], head["what"], head["kind"], ids, reading, tuple(patches))


def _stored(reading: Reading) -> str:
    last = reading.model_copy(update={"audit": reading.audit[-1:]})
    return last.model_dump_json(include=_STORED)


def _restored(stored: dict[str, Any], onto: Reading) -> Reading:
    changed = {
        "findings": [Finding(**finding) for finding in stored["findings"]],
        "measurements": {n: Measurement(**m) for n, m in stored["measurements"].items()},
        "categories": {n: Category(**c) for n, c in stored["categories"].items()},
        "notes": [NoteRecord(**note) for note in stored["notes"]],
        "status": stored["status"],
        "reviewer": stored["reviewer"],
        "audit": [*onto.audit, *stored["audit"]],
    }
    return onto.model_copy(update=changed)


def _layers(layers: list[Any], count: int) -> list[Any]:
    more = [np.zeros(layers[0].shape, np.uint8) for _ in range(count - len(layers))]
    return [*layers, *more][:count]


def _landmark(stored: dict[str, Any]) -> Landmark:
    x, y, z = stored["position_lps_mm"]
    return Landmark(stored["name"], (x, y, z), stored["description"])


def _segment(stored: dict[str, Any]) -> Segment:
    red, green, blue = stored["color"]
    return Segment(**{**stored, "color": (red, green, blue)})


def _index(values: list[int]) -> Index:
    return cast(Index, tuple(values))
