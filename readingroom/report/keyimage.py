"""Key images: the slices that bear the findings, cropped, outlined and labelled."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image
from scipy import ndimage

from readingroom.reading import Finding, Reading
from readingroom.report.imagepen import Box, Pen, box_of
from readingroom.report.layout import Layout
from readingroom.report.layouts import finding_label, layout_of, score, shown_findings
from readingroom.report.orientation import display_of, slice_place
from readingroom.report.regions import Region, regions_of
from readingroom.study import Volume

#: Side of the square image, pixels; 55 mm on paper at 300 dots per inch.
SIZE_PX = 650
_MARGIN_MM, _SMALLEST_MM = 12.0, 120.0
_LABELS_PER_IMAGE = 7
_DEFAULT_COLOR = (1.0, 0.85, 0.2)
#: A finding is shown by a slice that holds at least this part of its largest area.
_SHOWN_PART = 0.5


@dataclass(frozen=True)
class KeyImage:
    """One slice ready to be put on a page.

    Attributes
    ----------
    png : bytes
        Square RGB image with outlines, labels, orientation letters, scale and window.
    caption_en, caption_zh : str
        Place of the slice and the findings on it.
    slice_index : int
        Slice ``k`` of the volume.
    """

    png: bytes
    caption_en: str
    caption_zh: str
    slice_index: int


def key_images(reading: Reading, volume: Volume, n: int = 4) -> list[KeyImage]:
    """Render up to `n` slices that together show as many findings as possible.

    Without findings, slices through the organ of interest show what was looked at.
    Slices are shown in radiological convention and ordered as they lie in the volume, from
    the far end (the head of an axial stack) to the near one.
    """
    layout = layout_of(reading)
    findings = shown_findings(reading, layout)
    if volume.projection:
        return _key_frames(reading, volume, findings, n)
    regions = regions_of(reading, volume, findings)
    findings = [finding for finding in findings if finding.id in regions]
    scene = _Scene(reading, volume, layout, regions)
    chosen = _choose(findings, regions, layout, n, _measured_slices(findings, volume, layout))
    if not chosen:
        return [scene.render(k, []) for k in _quiet_slices(reading, volume, layout, n)]
    return [
        scene.render(k, [f for f in findings if k in regions[f.id].slices])
        for k in sorted(chosen, reverse=True)
    ]


def _key_frames(
    reading: Reading, volume: Volume, findings: Sequence[Finding], n: int
) -> list[KeyImage]:
    """Render `n` frames of a cine, evenly through the time in which something is seen."""
    frames = sorted({int(finding.attributes["frame"]) for finding in findings})
    frames = frames or list(range(volume.shape[0]))
    places = np.unique(np.rint(np.linspace(0, len(frames) - 1, n + 2)[1:-1]).astype(int))
    chosen = [frames[place] for place in places]
    shown = [finding for finding in findings if finding.attributes["frame"] in chosen]
    scene = _Scene(reading, volume, None, regions_of(reading, volume, shown))
    return [scene.render(k, [f for f in shown if f.attributes["frame"] == k]) for k in chosen]


def _measured_slices(
    findings: Sequence[Finding], volume: Volume, layout: Layout | None
) -> dict[str, int]:
    """Return the slice in which each finding's diameters were measured, by finding id."""
    found = {}
    for finding in findings if layout is not None and layout.lines else ():
        ends = finding.attributes.get(layout.lines[0]) if layout else None
        if ends:
            found[finding.id] = round(float(volume.kji_from_lps(ends[0])[0]))
    return found


def _choose(
    findings: Sequence[Finding],
    regions: Mapping[str, Region],
    layout: Layout | None,
    n: int,
    measured: Mapping[str, int],
) -> list[int]:
    """Return slices, each showing the most of what the earlier ones did not show."""
    left = {f.id: _importance(f, regions[f.id], layout) for f in findings}
    areas = {f.id: regions[f.id].mask.sum(axis=(1, 2)) for f in findings}
    chosen: list[int] = []
    while left and len(chosen) < n:
        gains: dict[int, float] = {}
        for finding, worth in left.items():
            part = areas[finding] / areas[finding].max()
            for k, share in zip(regions[finding].slices, part, strict=True):
                # The slice of the diameters wins over one of the same area.
                bonus = 1.0 if measured.get(finding) == k else 0.0
                gains[k] = gains.get(k, 0.0) + worth * (float(share) + bonus)
        best = max(gains, key=lambda k: (gains[k], k))
        chosen.append(best)
        left = {f: w for f, w in left.items() if not _shows(regions[f], areas[f], best)}
    return chosen


def _importance(finding: Finding, region: Region, layout: Layout | None) -> float:
    """Return what showing a finding is worth: its score, findings of the total first."""
    if layout is None:
        return float(region.mask.sum())
    inside = layout.numbered or finding.label in layout.rows
    return (1.0 + score(finding, layout)) * (1000.0 if inside else 1.0)


def _shows(region: Region, areas: npt.NDArray[np.int_], k: int) -> bool:
    return k in region.slices and areas[k - region.origin[0]] >= _SHOWN_PART * areas.max()


def _quiet_slices(reading: Reading, volume: Volume, layout: Layout | None, n: int) -> list[int]:
    organ = _organ(reading, layout)
    used = np.arange(volume.shape[0]) if organ is None else np.flatnonzero(organ.any(axis=(1, 2)))
    places = (np.arange(n) + 0.5) / n * (len(used) - 1)
    return sorted({int(used[round(place)]) for place in places}, reverse=True)


def _organ(reading: Reading, layout: Layout | None) -> npt.NDArray[np.bool_] | None:
    masks = reading.masks
    if layout is None or masks is None or layout.crop_to not in masks.names():
        return None
    organ = masks.mask(layout.crop_to)
    return organ if organ.any() else None


class _Scene:
    """What all key images of a reading share: crop, window, colours, orientation."""

    def __init__(
        self,
        reading: Reading,
        volume: Volume,
        layout: Layout | None,
        regions: Mapping[str, Region],
    ) -> None:
        self._volume, self._layout, self._regions = volume, layout, regions
        self._display = display_of(volume)
        self._colors = (
            {} if reading.masks is None else {s.name: s.color for s in reading.masks.segments}
        )
        self._organ_box = self._box_of_organ(_organ(reading, layout))
        self._window = self._window_of(layout)

    def render(self, k: int, findings: Sequence[Finding]) -> KeyImage:
        masks = {f.id: self._plane_mask(self._regions[f.id], k) for f in findings}
        box = self._crop(list(masks.values()))
        image = _grey(self._display.apply(self._volume.array[k]), box, self._window)
        shapes = {name: _resized_mask(mask, box) for name, mask in masks.items()}
        for finding in findings:
            image[_outline(shapes[finding.id])] = self._rgb(finding)
        picture = Image.fromarray(image)
        pen = Pen(picture)
        for finding in findings:
            self._draw_lines(pen, finding, k, box)
        self._write_labels(pen, findings, shapes)
        if not self._volume.projection:
            pen.letters(self._display.letters)
        if _has_scale(self._volume):
            pen.scale(SIZE_PX / ((box[2] - box[0]) * self._display.pixel_mm[1]))
        pen.window(*self._window)
        return self._key_image(picture, k, findings)

    def _key_image(self, picture: Image.Image, k: int, findings: Sequence[Finding]) -> KeyImage:
        buffer = io.BytesIO()
        picture.save(buffer, format="PNG")
        slices = self._volume.shape[0]
        names = {
            language: list(
                dict.fromkeys(finding_label(f, self._layout, language) for f in findings)
            )
            for language in ("en", "zh")
        }
        english, chinese = ", ".join(names["en"]), "、".join(names["zh"])
        if self._volume.projection:
            place_en, place_zh = f"Frame {k + 1}/{slices}", f"第 {k + 1}/{slices} 帧"
            none = ("nothing marked", "未标出器械")
        else:
            place = slice_place(self._volume, k)
            place_en = f"Slice {k + 1}/{slices}, {place}"
            place_zh, none = f"第 {k + 1}/{slices} 层，{place}", ("no lesion", "未见病灶")
        return KeyImage(
            png=buffer.getvalue(),
            caption_en=f"{place_en}: {english or none[0]}",
            caption_zh=f"{place_zh}：{chinese or none[1]}",
            slice_index=k,
        )

    def _write_labels(
        self, pen: Pen, findings: Sequence[Finding], shapes: Mapping[str, npt.NDArray[np.bool_]]
    ) -> None:
        pen.keep_clear(shapes.values())
        for finding in findings[:_LABELS_PER_IMAGE]:
            text = finding_label(finding, self._layout)
            if self._layout is not None:
                text += f" {score(finding, self._layout):.0f}"
                text += " mm" if self._layout.numbered else ""
            pen.label(text, shapes[finding.id], self._rgb(finding))

    def _draw_lines(self, pen: Pen, finding: Finding, k: int, box: Box) -> None:
        """Draw the diameters that were measured in this slice."""
        for name in () if self._layout is None else self._layout.lines:
            ends = finding.attributes.get(name) or []
            places = [self._volume.kji_from_lps(end) for end in ends]
            if len(places) == 2 and all(abs(place[0] - k) < 0.5 for place in places):
                pen.measure([self._on_image(place, box) for place in places], self._rgb(finding))

    def _on_image(self, kji: npt.NDArray[np.float64], box: Box) -> tuple[float, float]:
        """Return where a point of the slice is on the key image, px."""
        row, column = self._display.place(float(kji[1]), float(kji[2]), self._volume.shape[1:])
        side = SIZE_PX / (box[2] - box[0]), SIZE_PX / (box[3] - box[1])
        return (column + 0.5 - box[0]) * side[0], (row + 0.5 - box[1]) * side[1]

    def _rgb(self, finding: Finding) -> tuple[int, int, int]:
        color = self._colors.get(finding.mask_segment or "", _DEFAULT_COLOR)
        # Dark colours vanish on dark tissue: lift the brightest part to full.
        lift = 1.0 / max(max(color), 0.2)
        red, green, blue = (round(255 * min(part * lift, 1.0)) for part in color)
        return red, green, blue

    def _plane_mask(self, region: Region, k: int) -> npt.NDArray[np.bool_]:
        plane = np.zeros(self._volume.shape[1:], dtype=np.bool_)
        part = region.plane(k)
        j, i = region.origin[1:]
        plane[j : j + part.shape[0], i : i + part.shape[1]] = part
        return self._display.apply(plane).astype(np.bool_)

    def _box_of_organ(self, organ: npt.NDArray[np.bool_] | None) -> Box | None:
        if organ is None:
            return None
        return box_of(self._display.apply(np.asarray(np.any(organ, axis=0))).astype(np.bool_))

    def _crop(self, masks: Sequence[npt.NDArray[np.bool_]]) -> Box:
        """Return a square (in mm) around the organ and the findings of a slice."""
        boxes = [box_of(mask) for mask in masks if mask.any()]
        boxes += [] if self._organ_box is None else [self._organ_box]
        if not boxes:
            height, width = self._display.apply(self._volume.array[0]).shape
            boxes = [(0.0, 0.0, float(width), float(height))]
        rows_mm, columns_mm = self._display.pixel_mm
        left, top = min(b[0] for b in boxes) * columns_mm, min(b[1] for b in boxes) * rows_mm
        right, bottom = max(b[2] for b in boxes) * columns_mm, max(b[3] for b in boxes) * rows_mm
        least = _SMALLEST_MM if self._layout is None else self._layout.smallest_crop_mm
        half = max(right - left + 2 * _MARGIN_MM, bottom - top + 2 * _MARGIN_MM, least) / 2
        x, y = (left + right) / 2, (top + bottom) / 2
        return (
            (x - half) / columns_mm,
            (y - half) / rows_mm,
            (x + half) / columns_mm,
            (y + half) / rows_mm,
        )

    def _window_of(self, layout: Layout | None) -> tuple[float, float]:
        if layout is not None:
            return layout.window
        if self._volume.acquisition.modality == "CT":
            return 40.0, 400.0
        some = self._volume.array[:: max(self._volume.shape[0] // 8, 1)].astype(np.float32)
        low, high = np.percentile(some, (1, 99))
        return float(low + high) / 2, max(float(high - low), 1.0)


def _has_scale(volume: Volume) -> bool:
    """Whether lengths are known: a cine without a spacing has pixels of 1 by 1."""
    return not (volume.projection and volume.spacing_mm[1:] == (1.0, 1.0))


def _padded(plane: npt.NDArray[np.generic], box: Box) -> tuple[npt.NDArray[np.float32], Box]:
    """Return the part of the slice around `box`, edges repeated beyond the image."""
    first = np.floor([box[1], box[0]]).astype(int) - 2
    last = np.ceil([box[3], box[2]]).astype(int) + 2
    rows = np.clip(np.arange(first[0], last[0]), 0, plane.shape[0] - 1)
    columns = np.clip(np.arange(first[1], last[1]), 0, plane.shape[1] - 1)
    part = plane[np.ix_(rows, columns)].astype(np.float32)
    outside_rows = rows != np.arange(first[0], last[0])
    outside_columns = columns != np.arange(first[1], last[1])
    part[outside_rows] = part[:, outside_columns] = float(plane.min())
    left, top = float(first[1]), float(first[0])
    return part, (box[0] - left, box[1] - top, box[2] - left, box[3] - top)


def _grey(
    plane: npt.NDArray[np.generic], box: Box, window: tuple[float, float]
) -> npt.NDArray[np.uint8]:
    part, inside = _padded(plane, box)
    resized = Image.fromarray(part).resize((SIZE_PX, SIZE_PX), Image.Resampling.BILINEAR, inside)
    centre, width = window
    level = np.clip((np.asarray(resized) - centre) / width + 0.5, 0.0, 1.0)
    return np.repeat(np.rint(255 * level).astype(np.uint8)[..., None], 3, axis=2)


def _resized_mask(mask: npt.NDArray[np.bool_], box: Box) -> npt.NDArray[np.bool_]:
    part, inside = _padded(mask, box)
    size = (SIZE_PX, SIZE_PX)
    return np.asarray(Image.fromarray(part).resize(size, Image.Resampling.NEAREST, inside)) > 0.5


def _outline(mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Return a line around the mask, outside it: the finding itself stays visible."""
    near = ndimage.binary_dilation(mask)
    return np.asarray(ndimage.binary_dilation(near, np.ones((3, 3)), iterations=2) & ~near)
