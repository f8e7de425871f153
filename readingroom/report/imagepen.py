"""Writing on a key image: labels that keep apart, orientation letters, scale, window."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from readingroom.resources import resource_path

Box = tuple[float, float, float, float]  # left, top, right, bottom, px
_SCALE_MM = 20.0
_WHITE, _HALO = (255, 255, 255), (0, 0, 0)


def box_of(mask: npt.NDArray[np.bool_]) -> Box:
    """Return the bounding box of a mask ``[row, column]`` that is not empty, px."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return float(columns[0]), float(rows[0]), float(columns[-1] + 1), float(rows[-1] + 1)


class Pen:
    """Writes on an image; keeps labels apart from one another."""

    def __init__(self, picture: Image.Image) -> None:
        self._size = picture.width
        self._draw = ImageDraw.Draw(picture)
        path = str(resource_path("Fonts", "LiberationSans-Bold.ttf"))
        self._font = ImageFont.truetype(path, 25)
        self._small = ImageFont.truetype(path, 21)
        self._taken: list[tuple[float, float, float, float]] = []

    def keep_clear(self, masks: Iterable[npt.NDArray[np.bool_]]) -> None:
        """Let no label cover what any of `masks` shows."""
        self._taken += [box_of(mask) for mask in masks if mask.any()]

    def label(self, text: str, mask: npt.NDArray[np.bool_], color: tuple[int, int, int]) -> None:
        """Write `text` beside what `mask` shows, in the first place that is free."""
        if not mask.any():
            return
        left, top, right, bottom = box_of(mask)
        width, height = self._draw.textlength(text, self._font), 26.0
        middle = (top + bottom - height) / 2
        columns = (right + 10, left - 10 - width)
        steps = sorted(range(-12, 13), key=abs)
        places = [(x, middle + step * height / 2) for step in steps for x in columns]
        for x, y in places:
            box = (x, y, x + width, y + height)
            if self._free(box):
                self._taken.append(box)
                self._text((x, y), text, self._font, color)
                return

    def _free(self, box: Box) -> bool:
        inside = (
            box[0] >= 30
            and box[1] >= 30
            and box[2] <= self._size - 30
            and box[3] <= self._size - 40
        )
        return inside and not any(
            box[0] < other[2] and other[0] < box[2] and box[1] < other[3] and other[1] < box[3]
            for other in self._taken
        )

    def measure(self, ends: list[tuple[float, float]], color: tuple[int, int, int]) -> None:
        """Draw a thin line between the two ends of a diameter."""
        self._draw.line([*ends[0], *ends[1]], fill=_HALO, width=4)
        self._draw.line([*ends[0], *ends[1]], fill=color, width=2)

    def letters(self, letters: tuple[str, str, str, str]) -> None:
        """Write the patient directions at the left, right, top and bottom edge."""
        middle, end = self._size / 2, self._size - 8
        places = ((8, middle, "lm"), (end, middle, "rm"), (middle, 6, "ma"), (middle, end, "md"))
        for letter, (x, y, anchor) in zip(letters, places, strict=True):
            self._text((x, y), letter, self._font, _WHITE, anchor)

    def scale(self, pixels_per_mm: float) -> None:
        """Draw a scale bar at the lower left."""
        length, y = _SCALE_MM * pixels_per_mm, self._size - 14
        self._draw.line((14, y, 14 + length, y), fill=_HALO, width=7)
        self._draw.line((14, y, 14 + length, y), fill=_WHITE, width=3)
        self._text((14, y - 8), f"{_SCALE_MM:.0f} mm", self._small, _WHITE, "ld")

    def window(self, centre: float, width: float) -> None:
        """Write the display window at the lower right."""
        text = f"L {centre:.0f}  W {width:.0f}"
        self._text((self._size - 10, self._size - 8), text, self._small, _WHITE, "rd")

    def _text(
        self,
        place: tuple[float, float],
        text: str,
        font: ImageFont.FreeTypeFont,
        color: tuple[int, int, int],
        anchor: str = "la",
    ) -> None:
        self._draw.text(
            place, text, fill=color, font=font, anchor=anchor, stroke_width=2, stroke_fill=_HALO
        )
