"""Corrections made on the live page, one JSON file a video, written whole or not at all."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from readingroom.errors import ReadingRoomError, RefusedInput

#: Frames and points of one file; more is no correction by hand.
_MOST_FRAMES, _MOST_POINTS = 5000, 5000


class Curve(BaseModel):
    """One corrected wire."""

    model_config = ConfigDict(extra="forbid")

    kind: Literal["wire", "catheter"] = "wire"
    identity: int = Field(default=1, ge=0, le=1_000_000)
    centerline_xy_px: list[tuple[float, float]] = Field(min_length=2, max_length=_MOST_POINTS)


class Corrected(BaseModel):
    """One frame whose wires are as a person left them."""

    model_config = ConfigDict(extra="forbid")

    frame: int = Field(ge=0, le=1_000_000)
    wires: list[Curve] = Field(max_length=64)


class Corrections(BaseModel):
    """What the page sends."""

    model_config = ConfigDict(extra="forbid")

    video: str = Field(pattern=r"^[A-Za-z0-9._-]{1,80}$")
    frames: list[Corrected] = Field(min_length=1, max_length=_MOST_FRAMES)


def parsed(data: Any) -> Corrections:
    """Return checked corrections.

    Raises
    ------
    RefusedInput
        ``CORRECTION_INVALID``.
    """
    try:
        return Corrections.model_validate(data)
    except ValidationError as error:
        where = ".".join(str(part) for part in error.errors()[0]["loc"])
        raise RefusedInput(
            "CORRECTION_INVALID",
            f"The correction does not fit at '{where}': {error.errors()[0]['msg']}.",
            "Reload the page and correct again.",
        ) from None


def save(corrections: Corrections, title: str, folder: Path) -> Path:
    """Write corrections, those of other frames of the video staying, and return the file.

    Raises
    ------
    ReadingRoomError
        ``OUTPUT_NOT_WRITABLE``.
    """
    path = folder / f"{corrections.video}.json"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        kept = _read(path)
        kept.update({one.frame: one.model_dump()["wires"] for one in corrections.frames})
        record = {
            "video": corrections.video,
            "title": title,
            "saved": datetime.now(UTC).isoformat(timespec="seconds"),
            "frames": [{"frame": number, "wires": kept[number]} for number in sorted(kept)],
        }
        partial = path.with_suffix(".partial")
        partial.write_text(json.dumps(record, ensure_ascii=False), encoding="utf-8")
        partial.replace(path)
    except OSError as fault:
        raise ReadingRoomError(
            "OUTPUT_NOT_WRITABLE",
            "The corrections cannot be written.",
            "Give another folder with --corrections, or make room.",
        ) from fault
    return path


def _read(path: Path) -> dict[int, Any]:
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        return {int(one["frame"]): one["wires"] for one in record["frames"]}
    except (OSError, ValueError, KeyError, TypeError):
        return {}
